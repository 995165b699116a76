# SPDX-License-Identifier: GPL-3.0-or-later
"""Training of the decoder of surfaces: its scenes, a run, and resuming."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.model.checkpoint import save_checkpoint
from tttlrm_blender.model.surface import SurfaceDecoder, load_decoder
from tttlrm_blender.train import distance, surface, surface_scenes
from tttlrm_blender.train.__main__ import main
from tttlrm_blender.train.sampling import generator_for
from tttlrm_blender.train.surface_scenes import make_surface_scene
from tttlrm_blender.train.trainer import fresh_model

from .small import CONFIG


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small scenes with few points."""
    monkeypatch.setattr(surface_scenes, "SIZES", ((32, 32),))
    monkeypatch.setattr(surface_scenes, "VIEWS", (3,))
    monkeypatch.setattr(surface_scenes, "POINTS", 500)
    monkeypatch.setattr(distance, "LINES", 256)
    monkeypatch.setattr(surface, "POINTS", 64)
    monkeypatch.setattr(surface, "VALIDATED", 1)


@pytest.fixture
def network(tmp_path: Path) -> str:
    """The file of a small network."""
    path = tmp_path / "network.safetensors"
    save_checkpoint(path, fresh_model(CONFIG), {})
    return str(path)


def train(network: str, state: Path, *arguments: str) -> int:
    """The exit status of a run on that network."""
    given = ["--decoder", "surface", "--start", network, "--state", str(state), "--out", str(state.with_suffix(".safetensors"))]
    return main([*given, "--evaluate", "0", *arguments])


def test_scenes_have_points_around_what_is_seen_and_colors_on_it() -> None:
    scene = make_surface_scene(fresh_model(CONFIG).requires_grad_(False), 0, 0)
    assert len(scene.points) == len(scene.distance) >= 500 and scene.distance.abs().max() <= 1
    assert 0.2 < (scene.distance > 0).float().mean() < 0.9
    assert scene.places.shape == scene.colors.shape and 0 <= scene.colors.min() <= scene.colors.max() <= 1
    again = make_surface_scene(fresh_model(CONFIG).requires_grad_(False), 0, 0)
    assert torch.equal(scene.points, again.points) and torch.equal(scene.distance, again.distance)


def test_losses_of_an_untrained_decoder_are_finite() -> None:
    model = fresh_model(CONFIG).requires_grad_(False)
    scene = make_surface_scene(model, 0, 0)
    found = surface.surface_losses(SurfaceDecoder(CONFIG), scene, generator_for(0, 0))
    assert set(found) == {"distance", "side", "color", "right"} and all(value.isfinite() for value in found.values())


@pytest.mark.slow
def test_a_resumed_run_ends_as_an_uninterrupted_one(network: str, tmp_path: Path) -> None:
    whole, parts = tmp_path / "whole.pt", tmp_path / "parts.pt"
    assert train(network, whole, "--steps", "5") == 0
    assert train(network, parts, "--steps", "5", "--sitting", "1e-9") == 0
    assert torch.load(parts, weights_only=True)["step"] == 1
    assert train(network, parts, "--steps", "5") == 0
    first, second = (load_file(path.with_suffix(".safetensors")) for path in (whole, parts))
    assert all(torch.equal(first[name], second[name]) for name in first)
    trained = load_decoder(surface.load_checkpoint(network), whole.with_suffix(".safetensors"))
    assert any(not torch.equal(value, torch.zeros_like(value)) for value in trained.tell.parameters())


def test_a_state_belongs_to_its_network(network: str, tmp_path: Path) -> None:
    state = tmp_path / "state.pt"
    assert train(network, state, "--steps", "1") == 0
    model = surface.load_checkpoint(network)
    model.input_layernorm.weight.add_(1)
    with pytest.raises(TttlrmError, match="is not the state of a training run like this"):
        surface.resume(state, model, 0)
