# SPDX-License-Identifier: GPL-3.0-or-later
"""Storage of scenes on disk, so that they outlive the worker.

A scene has two files: its memory, written once per reconstruction under a unique name, and `scene.safetensors` with splats,
mesh, cameras and the name of the memory that belongs to them. The latter is replaced atomically after the former is written,
so after an interruption the stored state is consistent: either the new one or the previous one.
"""

from __future__ import annotations

import json
import logging
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file

from ..errors import Code, TttlrmError
from ..gaussians.gaussians import Gaussians
from ..geometry.similarity import Similarity
from ..mesh.mesh import make_mesh, mesh_arrays
from ..model.checkpoint import write_tensors
from ..model.depth import Guess
from ..model.memory import SceneMemory
from ..model.network import FastWeights
from ..photos.distortion import Distortion
from ..photos.photo import Photo, Source
from ..render.device import best_device
from .scene import Reconstruction, Scene, ScenePhotos, State

logger = logging.getLogger(__name__)

EDITION = 1  # version of the layout; scenes of other editions have to be reconstructed again
SCENE = "scene.safetensors"
TRIPLES = FastWeights._fields


def open_scene(photos: Path) -> Scene:
    """The scene with photos in this folder; its state is loaded from beside it, and stored there when it changes."""
    folder = photos.parent
    return Scene(photos, lambda state: save(state, folder), load(folder))


def save(state: State, folder: Path) -> None:
    """Replace the stored state. Raises `TttlrmError` ("cannot_write"), for example if the disk is full."""
    if state.reconstruction is None:
        return
    memory, before = folder / _memory_file(state.reconstruction.name), set(folder.glob(_memory_file("*")))
    try:
        if memory not in before:
            write_tensors(memory, _memory_arrays(state.reconstruction.memory))
        write_tensors(
            folder / SCENE, _shown_arrays(state), {"scene": json.dumps(_described(state, state.reconstruction, folder))}
        )
    except BaseException:
        _remove({memory} - before)  # nothing refers to it, and the disk may be full
        raise
    _remove(before - {memory})


def _remove(files: set[Path]) -> None:
    for file in files:
        with suppress(OSError):
            file.unlink()


def load(folder: Path) -> State:
    """The state stored in a folder, empty if there is none or if it has another edition.

    Raises `TttlrmError` ("cannot_read") if the operating system cannot read it at the moment.
    """
    if not _there(folder / SCENE):
        return State()
    try:
        with safe_open(folder / SCENE, "np") as file:
            described = json.loads(file.metadata()["scene"])
            shown = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
        if described["edition"] != EDITION:
            raise ValueError(f"it has the edition {described['edition']}")
        kept = folder / _memory_file(described["memory"])
        if not _there(kept):
            raise ValueError(f"{kept.name} is missing")
        memory = _memory(load_file(kept, str(best_device())))
        return _state(described, shown, memory, folder)
    except (OSError, SafetensorError, ValueError, KeyError, TypeError) as error:
        logger.warning("the scene stored in %s cannot be read (%s) and has to be reconstructed again", folder, error)
        return State()


def _there(file: Path) -> bool:
    """Whether a file exists. Raises `TttlrmError` if it cannot be opened, so that the scene is not taken for lost."""
    try:
        file.open("rb").close()
    except FileNotFoundError:
        return False
    except OSError as error:
        hint = "Try again; the scene is still there."
        raise TttlrmError("{} cannot be read: {}.", file, error.strerror, hint=hint, code=Code.CANNOT_READ) from error
    return True


def _memory_file(name: str) -> str:
    return f"memory-{name}.safetensors"


def _memory_arrays(memory: SceneMemory) -> dict[str, torch.Tensor]:
    arrays = {"tokens": memory.tokens, "images": memory.images, "c2w": memory.c2w, "intrinsics": memory.intrinsics}
    for layer, weights in enumerate(memory.weights):
        for kind in TRIPLES:
            for index, tensor in enumerate(getattr(weights, kind) or ()):
                arrays[f"weights.{layer}.{kind}.{index}"] = tensor
    if memory.guess:
        arrays |= {f"guess.{name}": tensor for name, tensor in memory.guess._asdict().items()}
    return {name: tensor.contiguous().cpu() for name, tensor in arrays.items()}


def _memory(arrays: dict[str, torch.Tensor]) -> SceneMemory:
    layers = 1 + max(int(name.split(".")[1]) for name in arrays if name.startswith("weights."))

    def triple(layer: int, kind: str) -> Any:
        names = [f"weights.{layer}.{kind}.{index}" for index in range(3)]
        return tuple(arrays[name] for name in names) if names[0] in arrays else None

    weights = [FastWeights(*(triple(layer, kind) for kind in TRIPLES)) for layer in range(layers)]
    guess = Guess(*(arrays[f"guess.{name}"] for name in Guess._fields)) if f"guess.{Guess._fields[0]}" in arrays else None
    return SceneMemory(weights, arrays["tokens"], arrays["images"], arrays["c2w"], arrays["intrinsics"], guess)


def _shown_arrays(state: State) -> dict[str, torch.Tensor]:
    arrays = {f"gaussians.{name}": array for name, array in state.gaussians.arrays().items()} if state.gaussians else {}
    if state.mesh:
        arrays |= {f"mesh.{name}": array for name, array in mesh_arrays(state.mesh).items()}
    return {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in arrays.items()}


def _described(state: State, reconstruction: Reconstruction, folder: Path) -> dict[str, Any]:
    scene_photos = reconstruction.photos
    return {
        "edition": EDITION,
        "memory": reconstruction.name,
        "refined": state.refined,
        "antialiased": state.gaussians is not None and state.gaussians.antialiased,
        "checkpoint": reconstruction.checkpoint,
        "similarity": _similarity_to_json(reconstruction.similarity),
        "size": scene_photos.size,
        "files": [_photo_to_json(photo, folder) for photo in scene_photos.files],
        "chosen": [photo.name for photo in scene_photos.chosen],
        "tested": [_photo_to_json(photo, folder) for photo in scene_photos.tested],
    }


def _state(described: dict[str, Any], shown: dict[str, np.ndarray], memory: SceneMemory, folder: Path) -> State:
    files, tested = ([_photo(values, folder) for values in described[key]] for key in ("files", "tested"))
    by_name = {photo.name: photo for photo in files}
    chosen = [by_name[name] for name in described["chosen"]]
    scene_photos = ScenePhotos(files, chosen, tested, tuple(described["size"]))
    similarity = _similarity(described["similarity"])
    reconstruction = Reconstruction(scene_photos, described["checkpoint"], memory, similarity, described["memory"])
    gaussians = Gaussians(**_below("gaussians.", shown), antialiased=described.get("antialiased", False))
    mesh = make_mesh(**_below("mesh.", shown)) if "mesh.faces" in shown else None
    return State(reconstruction, gaussians, described["refined"], mesh)


def _below(prefix: str, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


def _photo_to_json(photo: Photo, folder: Path) -> dict[str, Any]:
    """A photo as JSON, with paths relative to `folder` where possible, so that the folder can be moved."""
    source = photo.source
    return {
        "name": photo.name,
        "path": _path_to_json(photo.path, folder),
        "width": photo.width,
        "height": photo.height,
        "intrinsics": photo.intrinsics.tolist(),
        "distortion": [photo.distortion.model, list(photo.distortion.values)],
        "c2w": photo.c2w.tolist(),
        "upright": photo.upright,
        "source": source
        and {
            "model": _path_to_json(source.model, folder),
            "image_id": source.image_id,
            "estimated": source.estimated,
            "world": source.world and _similarity_to_json(source.world),
        },
        "mask": photo.mask and _path_to_json(photo.mask, folder),
        "alpha": photo.alpha and _path_to_json(photo.alpha, folder),
    }


def _photo(values: dict[str, Any], folder: Path) -> Photo:
    source, (lens, parameters) = values["source"], values["distortion"]
    if source:
        world = source["world"] and _similarity(source["world"])
        source = Source(folder / source["model"], source["image_id"], source["estimated"], world)
    arrays = {name: np.array(values[name]) for name in ("intrinsics", "c2w")}
    files = {name: values[name] and folder / values[name] for name in ("path", "mask", "alpha")}
    return Photo(**{**values, **arrays, **files, "distortion": Distortion(lens, tuple(parameters)), "source": source})


def _path_to_json(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path.absolute())


def _similarity_to_json(similarity: Similarity) -> dict[str, Any]:
    rotation, translation = similarity.rotation.tolist(), similarity.translation.tolist()
    return {"scale": similarity.scale, "rotation": rotation, "translation": translation}


def _similarity(values: dict[str, Any]) -> Similarity:
    return Similarity(values["scale"], np.array(values["rotation"]), np.array(values["translation"]))
