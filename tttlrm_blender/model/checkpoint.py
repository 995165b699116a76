# SPDX-License-Identifier: GPL-3.0-or-later
"""Checkpoints: our own safetensors files and the released `.pt` files, both read as pure data."""

from __future__ import annotations

import json
import os
import pickle
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from ..atomic_files import replacing
from ..errors import Code, TttlrmError, listed, text
from ..pickled import check_names
from ..reading import reading
from .config import Config
from .network import TttLRM

DEFAULT = Path(__file__).with_name("default.safetensors")
HINT = "Choose a tttLRM checkpoint: a .safetensors file, or a .pt file with a “model” entry."


def load_checkpoint(checkpoint: str | Path = "default", device: str | torch.device = "cpu") -> TttLRM:
    """The network of a checkpoint ("default" or a file), in float32, ready for inference.

    The configuration is read from the file's metadata, or inferred from the shapes of the tensors.
    Entries that the network does not have are ignored. Raises `TttlrmError` for a file that is not a checkpoint,
    and with a list of all entries that are missing or have a wrong shape.
    """
    path = _path(checkpoint)
    with reading(path, Code.BAD_CHECKPOINT, HINT):
        tensors, metadata = read(path)
        with torch.device("meta"):
            model = TttLRM(_config(path, tensors, metadata))
        _check(path, tensors, model.state_dict())
        wanted = {name: tensors[name].float() for name in model.state_dict()}
        model.load_state_dict(wanted, assign=True)
    return model.requires_grad_(False).eval().to(device)


def _config(path: Path, tensors: dict[str, Tensor], metadata: dict[str, str]) -> Config:
    """The configuration of a checkpoint. Raises `TttlrmError` for one that no network has, or not one with so few tensors."""
    config = Config(**json.loads(metadata["config"])) if "config" in metadata else infer_config(path, tensors)
    wrong = config.impossible() or ("layers" if config.layers > len(tensors) else "")
    if wrong:
        template = "{} describes an impossible network: its {} is {}."
        raise TttlrmError(template, path, wrong, getattr(config, wrong), hint=HINT, code=Code.BAD_CHECKPOINT)
    return config


def read(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors by name and the metadata of a checkpoint file. Raises `TttlrmError`."""
    if not path.is_file():
        raise TttlrmError("There is no checkpoint at {}.", path, hint=HINT, code=Code.BAD_CHECKPOINT)
    try:
        return _read_safetensors(path) if path.suffix == ".safetensors" else (_read_pt(path), {})
    except (SafetensorError, pickle.UnpicklingError, RuntimeError, EOFError, OSError, KeyError, ValueError) as error:
        raise TttlrmError("{} cannot be read as a checkpoint.", path, hint=HINT, code=Code.BAD_CHECKPOINT) from error


def training_record(checkpoint: str | Path = "default") -> dict[str, Any]:
    """The record of how a checkpoint was trained; empty if the file has none. Raises `TttlrmError`."""
    path = _path(checkpoint)
    with reading(path, Code.BAD_CHECKPOINT, HINT):
        return dict(json.loads(read(path)[1].get("training", "{}")))


def _path(checkpoint: str | Path) -> Path:
    return DEFAULT if str(checkpoint) == "default" else Path(checkpoint)


def _read_safetensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    with safe_open(path, "pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118


def _read_pt(path: Path) -> dict[str, Tensor]:
    check_names(path)
    content = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    if not isinstance(content, dict) or not isinstance(content["model"], dict):
        raise ValueError
    return {name: value for name, value in content["model"].items() if isinstance(value, Tensor) and _is_held(value)}


def _is_held(tensor: Tensor) -> bool:
    """Whether a file holds the weights of a tensor, which can be a view of fewer, only a shape, or other numbers."""
    if tensor.layout != torch.strided or tensor.device.type != "cpu" or not tensor.is_floating_point():
        return False
    return tensor.numel() * tensor.element_size() <= tensor.untyped_storage().nbytes()


def infer_config(path: Path, tensors: dict[str, Tensor]) -> Config:
    """The configuration implied by the shapes of a released checkpoint.

    Raises `TttlrmError` if tensors are missing, and nearly anything if they have wrong shapes.
    """
    try:
        dim, pixels = tensors["tokenizer.1.weight"].shape
        patch = round((pixels / 12) ** 0.5)
        channels = tensors["decoder.1.weight"].shape[0] // patch**2
        return Config(
            dim=dim,
            head_dim=tensors["blocks.0.module_list.0.f.q_norm.weight"].shape[0],
            layers=1 + max(int(name.split(".")[1]) for name in tensors if name.startswith("blocks.")),
            patch_size=patch,
            expansion=tensors["blocks.0.module_list.1.f.w0"].shape[-1] // dim,
            sh_degree=round(((channels - 11) / 3) ** 0.5) - 1,
        )
    except KeyError as error:
        raise TttlrmError(
            "{} is not a tttLRM checkpoint: {} is missing.", path, error, hint=HINT, code=Code.BAD_CHECKPOINT
        ) from error


def _check(path: Path, tensors: dict[str, Tensor], wanted: dict[str, Tensor]) -> None:
    missing = [name for name in wanted if name not in tensors]
    shapes = [
        text("{} is {} instead of {}", name, list(tensors[name].shape), list(value.shape))
        for name, value in wanted.items()
        if name in tensors and tensors[name].shape != value.shape
    ]
    faults = shapes + [text("{} is missing", name) for name in missing]
    if faults:
        raise TttlrmError("{} does not fit its network: {}.", path, listed(faults, "; "), hint=HINT, code=Code.BAD_CHECKPOINT)


def save_checkpoint(path: Path, model: TttLRM, record: dict[str, Any]) -> None:
    """Write weights in half precision with the configuration and the training record (JSON values), atomically."""
    tensors = {name: value.detach().half().contiguous().cpu() for name, value in model.state_dict().items()}
    metadata = {"config": json.dumps(asdict(model.config)), "training": json.dumps(record)}
    write_tensors(path, tensors, metadata)


def write_tensors(path: Path, tensors: dict[str, Tensor], metadata: dict[str, str] | None = None) -> None:
    """Write a safetensors file atomically. Raises `TttlrmError` ("cannot_write"), for example if the disk is full."""
    with replacing(path) as part:
        try:
            save_file(tensors, part, metadata)
        except SafetensorError as error:
            raise _of_the_system(error) from error


def _of_the_system(error: SafetensorError) -> OSError:
    """The system error behind a `SafetensorError`, as far as its message contains it."""
    number = re.search(r"os error (\d+)", str(error))
    return OSError(int(number[1]), os.strerror(int(number[1]))) if number else OSError(str(error))
