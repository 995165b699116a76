# SPDX-License-Identifier: GPL-3.0-or-later
"""Running the doctor in the worker's Python."""

import sys
import venv

import pytest

from tttlrm_blender.errors import Cancelled, TttlrmError
from tttlrm_blender.protocol.messages import Progress
from tttlrm_blender.setup import Checkup, Environment


@pytest.mark.slow
def test_the_doctor_tells_a_page(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the engine is found from anywhere
    events: list = []
    result = Checkup(sys.executable).result(events.append)
    assert result.well and result.lines[0].startswith("tttLRM ") and "ok" in result.lines[-1]
    assert any(line.startswith("torch") for line in result.lines)
    fractions = [event.fraction for event in events if isinstance(event, Progress)]
    assert fractions == sorted(fractions) and all(0 <= fraction <= 1 for fraction in fractions)


def test_a_python_that_is_none_is_named(tmp_path):
    with pytest.raises(TttlrmError, match=r"nowhere/python cannot run the worker: No such file") as caught:
        Checkup(tmp_path / "nowhere/python").result()
    assert "Install the Engine" in caught.value.hint


def test_a_python_without_the_packages_is_told(tmp_path):
    """The Python of an empty environment."""
    venv.create(tmp_path / "bare")
    with pytest.raises(TttlrmError, match=r"cannot run the worker: ModuleNotFoundError: No module named"):
        Checkup(Environment(tmp_path / "bare").python).result()


def test_it_is_cancelled(tmp_path):
    checkup = Checkup(sys.executable)
    checkup.cancel()
    with pytest.raises(Cancelled):
        checkup.result()
