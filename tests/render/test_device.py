# SPDX-License-Identifier: GPL-3.0-or-later
"""The device on which splats are drawn."""

import pytest
import torch

from tttlrm_blender.render import device


@pytest.mark.parametrize(("cuda", "gsplat", "expected"), [(True, True, "cuda"), (True, False, "cpu"), (False, True, "cpu")])
def test_gpus_draw_where_there_is_a_package_for_it(monkeypatch, cuda: bool, gsplat: bool, expected: str) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(device, "find_spec", lambda name: object() if gsplat and name == "gsplat" else None)
    assert device.drawing_device() == torch.device(expected)
    assert device.best_device() == torch.device("cuda" if cuda else "cpu"), "networks need no such package"
