# SPDX-License-Identifier: GPL-3.0-or-later
"""The network against the released computation. TTTLRM_GOLDEN names another folder of cases."""

import json
import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, safe_open

from tttlrm_blender.model.config import Config, Elastic
from tttlrm_blender.model.decoder import decode_all, patch_anchors
from tttlrm_blender.model.network import Rule, TttLRM, chunk_ranges

FOLDER = Path(os.environ.get("TTTLRM_GOLDEN") or Path(__file__).resolve().parents[3] / "shared" / "golden")
CASES = sorted(FOLDER.glob("*.safetensors"))
DTYPES = {"f32": torch.float32, "bf16": torch.bfloat16}


@pytest.fixture(scope="module", params=CASES or [None], ids=lambda path: path.stem if path else "none")
def case(request):
    if request.param is None:
        pytest.skip(f"there are no golden cases in {FOLDER}")
    with safe_open(request.param, "pt") as file:
        settings = json.loads(file.metadata()["config"])
    return settings, load_file(request.param)


def network(settings, tensors) -> TttLRM:
    names = {name: name for name in ("dim", "layers", "patch_size", "expansion", "sh_degree", "muon_steps")}
    names |= {"head_dim": "attention_head_dim", "far": "max_depth"}
    model = TttLRM(Config(**{ours: settings[theirs] for ours, theirs in names.items()}))
    model.load_state_dict({name[len("weights.") :]: value for name, value in tensors.items() if name.startswith("weights.")})
    return model


def rule(settings, precision, slice_size) -> Rule:
    strength = settings["elastic_lambda"]
    elastic = Elastic(strength, settings["fisher_alpha"], settings["anchor_beta"]) if strength else None
    return Rule(elastic=elastic, dtype=DTYPES[precision], slice=slice_size)


@torch.no_grad()
def run(settings, tensors, precision, slice_size=0):
    """Outputs of the case by name, and the fast weights after the last chunk."""
    model, how = network(settings, tensors), rule(settings, precision, slice_size)
    images = tensors["input.image"].permute(0, 2, 3, 1)[None]
    c2w, intrinsics = tensors["input.c2w"][None], tensors["input.fxfycxcy"][None]
    size = images.shape[2:4]
    view = model.view_tokens(*size)
    chunks = chunk_ranges(images.shape[1], view, settings["views_per_update"])
    tokens = model.tokenize(images, c2w, intrinsics)
    state = None
    if settings["scan"] == "stream":
        for chunk in chunks:
            part = tokens[:, chunk].clone()
            _, state = model.scan(part, view, [slice(0, part.shape[1])], how, state)
        chunks = []
    tokens, state = model.scan(tokens, view, chunks, how, state)
    found = decode_all(model, tokens, patch_anchors(model.config, images, c2w, intrinsics))
    names = {"xyz": found.means, "features": found.sh, "scaling": found.log_scales, "rotation": found.quats}
    return {name: value[0] for name, value in names.items()} | {"opacity": found.logits[0, :, None]}, state


@pytest.mark.parametrize("slice_size", [0, 40])
def test_every_output_agrees_in_float32(case, slice_size):
    settings, tensors = case
    outputs, _ = run(settings, tensors, "f32", slice_size)
    for name, value in outputs.items():
        expected = tensors[f"output.f32.{name}"]
        assert (value - expected).abs().max() <= 5e-5 * expected.abs().max(), name


def test_every_output_agrees_with_bfloat16_orthogonalization(case):
    settings, tensors = case
    outputs, _ = run(settings, tensors, "bf16")
    for name, value in outputs.items():
        expected = tensors[f"output.bf16.{name}"]
        assert (value - expected).norm() <= 0.06 * expected.norm(), name


def test_fast_weights_agree(case):
    settings, tensors = case
    expected = {name: value for name, value in tensors.items() if name.startswith("output.f32.state.")}
    if not expected:
        pytest.skip("this case holds no fast weights")
    _, state = run(settings, tensors, "f32")
    for name, value in expected.items():
        layer, weight = int(name.split(".")[3]), int(name[-1])
        assert (state[layer].w[weight][0] - value).norm() <= 1e-3 * value.norm(), name
