# SPDX-License-Identifier: GPL-3.0-or-later
"""`tttlrm doctor` on healthy and broken installations."""

import json
import sys
from pathlib import Path

import pytest

from tttlrm_blender.commands import doctor, main
from tttlrm_blender.protocol.settings import ReconstructSettings


@pytest.fixture
def untested(monkeypatch):
    """Replace the self-test, which takes seconds, by a success."""
    monkeypatch.setattr(doctor, "self_test", lambda: {"ok": True, "seconds": 1.0, "splats": 5, "psnr": 20.0})


def told(capsys) -> dict[str, str]:
    """The lines of the report by their first words."""
    assert main(["doctor"]) == 0
    return {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}


@pytest.mark.slow
def test_a_sound_installation(capsys):
    assert main(["doctor", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["self_test"]["ok"] and found["self_test"]["splats"] > 0
    assert found["rasterizers"]["cpu"] == "" and found["devices"][0]["device"] == "cpu"
    assert found["checkpoint"]["weights"] > 0 and not any("error" in part for part in found.values() if isinstance(part, dict))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"WANTED": ReconstructSettings(checkpoint="/nowhere/net.safetensors")}, "There is no checkpoint at /nowhere/net"),
        ({"LEAST_PSNR": 99.0}, "The splats look wrong"),
    ],
)
def test_a_test_that_fails_is_a_sentence_and_status_one(change, sentence, capsys, monkeypatch):
    for name, value in change.items():
        monkeypatch.setattr(doctor, name, value)
    assert main(["doctor"]) == 1
    out, err = capsys.readouterr()
    assert f"failed: {sentence}" in out.splitlines()[-1] and "Traceback" not in out + err


def test_the_page(untested, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("TTTLRM_CACHE", str(tmp_path))
    (tmp_path / "poses").mkdir()
    (tmp_path / "poses" / "model").write_bytes(bytes(3 << 20))
    monkeypatch.setitem(doctor.PACKAGES, "no-such-package", "something")
    lines = told(capsys)
    assert {"tttLRM", "Python", "torch", "cpu", "drawing", "checkpoint", "pycolmap", "cache", "self-test"} <= set(lines)
    assert "3.0 MiB" in lines["cache"] and str(tmp_path) in lines["cache"]
    assert "pip install no-such-package" in lines["no-such-package"]
    assert lines["self-test"].endswith("ok: 5 splats in 1.0 s, 20.0 dB over held-out photos")


def test_a_back_end_that_does_not_load_is_told(untested, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "numba", None)
    assert "On cpu: no. numba does not load" in told(capsys)["drawing"]


def test_what_is_broken_hides_nothing_else(untested, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "tttlrm_blender.render.hardware", None)
    monkeypatch.setattr("tttlrm_blender.model.checkpoint.DEFAULT", Path("/nowhere"))
    lines = told(capsys)
    assert "fails" in lines["torch"] and "fails" in lines["devices"] and "There is no checkpoint" in lines["checkpoint"]
    assert "cache" in lines and "self-test" in lines
