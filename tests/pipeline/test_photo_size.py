# SPDX-License-Identifier: GPL-3.0-or-later
"""The size at which photos are used."""

from types import SimpleNamespace

import pytest
import torch

from tttlrm_blender.pipeline import photo_size
from tttlrm_blender.pipeline.photo_size import sensible_size
from tttlrm_blender.protocol.settings import ReconstructSettings

LARGE = SimpleNamespace(width=4000, height=3000)


def test_photos_are_larger_on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photo_size, "total_memory", lambda kind: None)
    for kind, size in (("cpu", (960, 720)), ("cuda", (1600, 1200))):
        monkeypatch.setattr(photo_size, "drawing_device", lambda kind=kind: torch.device(kind))
        assert sensible_size([LARGE], ReconstructSettings()) == size


def test_the_settings_and_small_photos_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photo_size, "total_memory", lambda kind: 1)
    assert sensible_size([LARGE], ReconstructSettings(width=3000)) == (3000, 0)
    monkeypatch.setattr(photo_size, "total_memory", lambda kind: 2**34)
    assert sensible_size([SimpleNamespace(width=270, height=480)], ReconstructSettings()) == (270, 480)


def test_many_photos_fit_into_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photo_size, "total_memory", lambda kind: 2**30)
    width, height = sensible_size([LARGE] * 1000, ReconstructSettings())
    assert 0.9 * 2**28 < 16 * 1000 * width * height < 1.02 * 2**28
    assert width / height == pytest.approx(4 / 3, abs=0.02)
