# SPDX-License-Identifier: GPL-3.0-or-later
"""The decoder of surfaces: shapes, what it starts from, and to which network it belongs."""

from pathlib import Path

import numpy as np
import pytest
import torch

from tttlrm_blender.errors import Cancelled, Code, TttlrmError
from tttlrm_blender.model.checkpoint import load_checkpoint
from tttlrm_blender.model.config import Config
from tttlrm_blender.model.depth import Guess
from tttlrm_blender.model.memory import SceneMemory
from tttlrm_blender.model.network import TttLRM
from tttlrm_blender.model.patches import patches
from tttlrm_blender.model.surface import (
    TRUNCATION,
    UNSEEN,
    SurfaceDecoder,
    fingerprint,
    load_decoder,
    read_field,
    save_decoder,
    unit_of,
)

CONFIG = Config(dim=32, head_dim=16, layers=1, expansion=1, sh_degree=0, depth_range="log", near=0.25, far=8.0, hypotheses=8)
VIEWS, SIDE, WALL = 3, 32, 2.0  # a wall that all cameras look at squarely, from this distance


def wall() -> SceneMemory:
    """The memory of a red wall, whose distances are right."""
    c2w = torch.eye(4).repeat(VIEWS, 1, 1)
    c2w[:, 0, 3] = torch.linspace(-0.3, 0.3, VIEWS)
    lens = torch.tensor([32.0, 32, 16, 16])
    x, y = torch.meshgrid(torch.arange(SIDE) + 0.5, torch.arange(SIDE) + 0.5, indexing="xy")
    away = WALL * (((x - 16) / 32) ** 2 + ((y - 16) / 32) ** 2 + 1).sqrt()
    log_distance = patches(away.log()[None, None, ..., None].expand(1, VIEWS, -1, -1, -1), 8)[0]
    tokens = torch.randn(VIEWS * 16, 32, generator=torch.Generator().manual_seed(0))
    images = torch.tensor([0.8, 0.1, 0.1]).expand(VIEWS, SIDE, SIDE, 3)
    return SceneMemory([], tokens, images, c2w, lens.expand(VIEWS, 4), Guess(log_distance, torch.ones_like(log_distance)))


def decoder_of(seed: int = 0) -> SurfaceDecoder:
    torch.manual_seed(seed)
    return SurfaceDecoder(CONFIG)


def network_of(seed: int = 0) -> TttLRM:
    torch.manual_seed(seed)
    return TttLRM(CONFIG)


def test_an_untrained_decoder_believes_the_distances() -> None:
    memory, decoder = wall(), decoder_of()
    planes = decoder.planes(memory)
    assert unit_of(memory).item() == pytest.approx(WALL, rel=0.05)
    length = TRUNCATION * unit_of(memory)
    away = torch.linspace(-0.5, 0.5, 11) * length
    points = torch.stack([torch.zeros(11), torch.zeros(11), WALL + away], -1)
    field = read_field(decoder, planes, points)
    assert field.distance.shape == (11,) and field.color.shape == (11, 3)
    assert (field.distance[:5] > 0).all() and (field.distance[6:] < 0).all() and field.distance[5].abs() < 0.05
    assert (field.color - torch.tensor([0.8, 0.1, 0.1])).abs().max() < 1e-5


def test_points_that_no_view_shows_have_finite_values() -> None:
    decoder = decoder_of()
    planes = decoder.planes(wall())
    field = read_field(decoder, planes, torch.tensor([[0.0, 0, -5], [50, 0, 1], [0.3, 0, 0]]))
    assert field.logit.isfinite().all() and field.color.isfinite().all() and UNSEEN < 0


def test_the_order_of_views_and_slices_of_points_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    memory, decoder = wall(), decoder_of()
    points = torch.rand(100, 3, generator=torch.Generator().manual_seed(1)) + torch.tensor([-0.5, -0.5, 1.5])
    found = read_field(decoder, decoder.planes(memory), points)
    other = read_field(decoder, decoder.planes(memory.of_views([2, 0, 1])), points)
    assert torch.allclose(found.logit, other.logit, atol=1e-5)
    monkeypatch.setattr("tttlrm_blender.model.surface.TOGETHER", 7)
    assert torch.allclose(found.logit, read_field(decoder, decoder.planes(memory), points).logit, atol=1e-5)


def test_reading_can_be_stopped() -> None:
    def stop() -> None:
        raise Cancelled

    decoder = decoder_of()
    with pytest.raises(Cancelled):
        read_field(decoder, decoder.planes(wall()), torch.zeros(5, 3), stop)


def test_a_file_keeps_a_decoder_and_its_network(tmp_path: Path) -> None:
    network, decoder, path = network_of(), decoder_of(), tmp_path / "surface.safetensors"
    save_decoder(path, decoder, fingerprint(network), {"steps": 1})
    read = load_decoder(network, path)
    for name, value in decoder.state_dict().items():
        assert np.allclose(read.state_dict()[name], value, atol=2e-3)
    with pytest.raises(TttlrmError, match="belongs to other weights of the network") as raised:
        load_decoder(network_of(1), path)
    assert raised.value.code == Code.BAD_CHECKPOINT
    with pytest.raises(TttlrmError, match="There is no checkpoint"):
        load_decoder(network, tmp_path / "other.safetensors")


def test_the_default_network_has_a_decoder() -> None:
    """Whoever replaces its weights has to train a new one."""
    assert load_decoder(load_checkpoint("default")).patch == 8


def test_half_precision_does_not_change_a_fingerprint() -> None:
    network = network_of()
    before = fingerprint(network)
    assert fingerprint(network.half().float()) == before != fingerprint(network_of(1))
