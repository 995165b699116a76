# SPDX-License-Identifier: GPL-3.0-or-later
"""What the preferences show of the worker's environment, and of setting it up."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from operators import addon
from operators.engine import setup
from operators.interface.preferences import TTTLRM_Preferences
from operators.interface.setup_preferences import used_instead
from operators.jobs import activity
from tests.operators.interface.sheet import drawn

pytestmark = pytest.mark.usefixtures("registered")

REACH = ["python", "host", "port", "token", "fingerprint"]


class Running(setup.Setup):
    """Is setting up."""

    lines = ("one", "two", "three", "four", "five")

    def __init__(self) -> None:
        """Begins nothing."""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch) -> Path:
    """The extension's own."""
    monkeypatch.setattr(addon, "folder", lambda: tmp_path)
    return tmp_path


def test_a_worker_that_is_not_set_up_can_be():
    sheet = drawn(TTTLRM_Preferences)
    assert sheet.labels[0] == "The engine is not installed" and sheet.buttons["tttlrm.setup_worker"] == ["Install the Engine"]
    assert "tttlrm.check_worker" in sheet.buttons and sheet.settings == ["build", "wheels", *REACH]


def test_the_end_of_the_log_is_shown_where_setting_up_did_not_finish(folder):
    (folder / "setup.log").write_text("begun\n1\n2\n3\nThe disk is full.")
    sheet = drawn(TTTLRM_Preferences)
    assert sheet.buttons["wm.path_open"] == ["Show Log"]
    assert "The disk is full." in sheet.labels and "begun" not in sheet.labels


def test_setting_up_is_shown_while_it_goes_on_and_can_be_stopped(monkeypatch):
    monkeypatch.setattr(activity, "current", activity.Activity("Install the Engine", Running(), "install", 0.5))
    sheet = drawn(TTTLRM_Preferences)
    assert sheet.others == [activity.current.text] and "50%" in activity.current.text
    assert "tttlrm.cancel" in sheet.buttons and "tttlrm.setup_worker" not in sheet.buttons
    assert sheet.labels[:4] == ["two", "three", "four", "five"]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"python": "/nowhere/python"}, "Another Python is chosen, but it is missing: /nowhere/python"),
        ({"python": sys.executable}, f"Another Python is used: {sys.executable}"),
        ({"token": "secret", "port": 8000}, "A worker that is already running is used: 127.0.0.1, port 8000"),
    ],
)
def test_what_is_used_instead_is_told(values: dict, said: str, folder: Path, monkeypatch):
    chosen = SimpleNamespace(**{"python": "", "token": "", "host": "127.0.0.1", "port": 0} | values)
    monkeypatch.setattr(addon, "preferences", lambda: chosen)
    assert used_instead(setup.Environment(setup.place(folder))) == said
