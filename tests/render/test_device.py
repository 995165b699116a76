# SPDX-License-Identifier: GPL-3.0-or-later
"""The device on which splats are drawn."""

import pytest
import torch

from tttlrm_blender.errors import Text
from tttlrm_blender.render import choice, device


@pytest.mark.parametrize(
    ("cuda", "fault", "expected"), [(True, "", "cuda"), (True, "no gsplat", "cpu"), (False, "no GPU", "cpu")]
)
def test_gpus_draw_where_there_is_a_package_for_it(monkeypatch, cuda: bool, fault: str, expected: str) -> None:
    monkeypatch.delenv(choice.VARIABLE, raising=False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(choice, "_fault", lambda name, wait: Text(fault if name == "cuda" else "no GPU"))
    choice._chosen.clear()
    try:
        assert device.drawing_device() == torch.device(expected)
    finally:
        choice._chosen.clear()
    assert device.best_device() == torch.device("cuda" if cuda else "cpu"), "networks need no such package"
