# SPDX-License-Identifier: GPL-3.0-or-later
"""Without an engine, the first line of the tab installs it, and the button of a reconstruction says that it is missing."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import bpy
import pytest

from operators import addon
from operators.actions.reconstruct import TTTLRM_OT_reconstruct
from operators.engine import errors, setup
from operators.interface import engine_offer
from operators.interface.reconstruct import TTTLRM_PT_reconstruct
from operators.jobs import activity, chosen_worker, starting, worker
from tests.operators.interface.sheet import drawn

pytestmark = pytest.mark.usefixtures("registered")

PANEL = engine_offer.TTTLRM_PT_engine


class Running(setup.Setup):
    """Is setting up."""

    def __init__(self) -> None:
        """Begins nothing."""


@pytest.fixture
def chosen(tmp_path: Path, monkeypatch) -> Iterator[SimpleNamespace]:
    """Preferences of a new installation, in a Blender whose Python has no torch."""
    made = SimpleNamespace(build="cpu", wheels="", python="", host="127.0.0.1", port=0, token="", fingerprint="")
    for module in (addon, chosen_worker):
        monkeypatch.setattr(module, "preferences", lambda: made)
        monkeypatch.setattr(module, "folder", lambda: tmp_path)
    monkeypatch.setattr(worker.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(engine_offer, "_sizes", {})
    monkeypatch.setattr(starting, "failure", None)
    worker._has_torch.cache_clear()
    yield made
    worker._has_torch.cache_clear()


def test_panels_do_not_ask_the_disk_for_torch_at_every_redraw(chosen, monkeypatch):
    asked = []
    monkeypatch.setattr(worker.importlib.util, "find_spec", asked.append)
    assert PANEL.poll(bpy.context) and PANEL.poll(bpy.context)
    assert asked == ["torch"]
    with pytest.raises(errors.TttlrmError, match="The engine is not installed"):
        worker.require_python(chosen_worker.chosen_worker())
    assert asked == ["torch", "torch"], "before it is said that there is none"


def test_the_first_line_installs_the_engine_and_says_how_much_it_downloads(chosen):
    assert PANEL.poll(bpy.context) and PANEL.bl_order == 0
    monkey = setup.download_size("cpu")
    assert drawn(PANEL).buttons == {"tttlrm.setup_worker": [f"Install the Engine (about {monkey} MB)"]}
    chosen.wheels = "/wheels"
    assert drawn(PANEL).buttons == {"tttlrm.setup_worker": ["Install the Engine"]}


def test_it_goes_with_another_python_or_worker_and_with_an_installation(chosen, tmp_path):
    chosen.python = "/usr/bin/python3"
    assert not PANEL.poll(bpy.context)
    chosen.python, chosen.token = "", "secret"
    assert not PANEL.poll(bpy.context)
    chosen.token = ""
    environment = setup.Environment(setup.place(tmp_path))
    environment.begin(setup.install.Source(setup.install.choose_build(setup.install.look(), "cpu")))
    assert PANEL.poll(bpy.context), "it is not finished"
    environment.finish(setup.install.Source(setup.install.choose_build(setup.install.look(), "cpu")), "2.13.0")
    assert PANEL.poll(bpy.context), "its Python is gone"
    environment.python.parent.mkdir(parents=True)
    environment.python.touch()
    assert not PANEL.poll(bpy.context) and chosen_worker.chosen_worker().python == environment.python


def test_progress_takes_the_place_of_the_button(chosen, monkeypatch):
    monkeypatch.setattr(activity, "current", activity.Activity("Install the Engine", Running(), "install", 0.5))
    assert PANEL.poll(bpy.context)
    sheet = drawn(PANEL)
    assert sheet.others == [activity.current.text] and set(sheet.buttons) == {"tttlrm.cancel"}


def test_the_panels_button_is_gray_without_an_engine(chosen):
    assert TTTLRM_OT_reconstruct.poll(bpy.context), "scripts and menus get the error, with its hint"
    assert "Install the engine first." in drawn(TTTLRM_PT_reconstruct).labels
    with bpy.context.temp_override(tttlrm_source=bpy.context.scene.tttlrm.source):
        assert not TTTLRM_OT_reconstruct.poll(bpy.context)
    with pytest.raises(RuntimeError, match=r"not installed. Press Install the Engine"):
        bpy.ops.tttlrm.start_worker()


def test_why_the_last_attempt_failed_stays_below_the_button(chosen, monkeypatch):
    failed = errors.TttlrmError("{}.", errors.text("The download failed"), hint="Try again.", code=errors.Code.SETUP_FAILED)
    monkeypatch.setattr(starting, "failure", failed)
    assert " ".join(drawn(PANEL).labels) == "The download failed. Try again."
    monkeypatch.setattr(starting, "failure", errors.TttlrmError("No.", hint="", code=errors.Code.NO_WORKER))
    assert not drawn(PANEL).labels, "that is what the button is for"


def test_a_checkout_is_not_offered_what_only_the_extension_has(chosen, monkeypatch):
    for module in (addon, chosen_worker):
        monkeypatch.setattr(module, "preferences", lambda: None)
    sheet = drawn(PANEL)
    assert PANEL.poll(bpy.context) and not sheet.buttons and sheet.labels
