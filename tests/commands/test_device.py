# SPDX-License-Identifier: GPL-3.0-or-later
"""The option that chooses what draws splats."""

import os

import pytest

from tttlrm_blender.commands import main
from tttlrm_blender.errors import Text
from tttlrm_blender.render import choice


@pytest.mark.parametrize("command", ["reconstruct", "evaluate", "render", "serve"])
def test_help_tells_of_devices(command, capsys):
    with pytest.raises(SystemExit):
        main([command, "--help"])
    assert "--device cpu|cuda|webgpu" in capsys.readouterr().out


def test_a_device_that_cannot_draw_is_a_sentence(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("TTTLRM_DEVICE", "cpu")
    assert main(["reconstruct", str(tmp_path), "--device", "opengl"]) == 1
    assert "Splats cannot be drawn by opengl. There is no such device." in capsys.readouterr().err
    assert main(["reconstruct", str(tmp_path), "--device", "cpu"]) == 1
    assert "no photo" in capsys.readouterr().err.lower()
    assert os.environ["TTTLRM_DEVICE"] == "cpu"


def test_auto_on_the_command_line_goes_before_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("TTTLRM_DEVICE", "opengl")
    monkeypatch.setattr(choice, "_fault", lambda kind, wait: Text("none"))
    choice._chosen.clear()
    assert main(["reconstruct", str(tmp_path), "--device", "auto"]) == 1
    choice._chosen.clear()
    assert os.environ["TTTLRM_DEVICE"] == "auto"
