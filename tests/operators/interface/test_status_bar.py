# SPDX-License-Identifier: GPL-3.0-or-later
"""The running job in the status bar."""

from types import SimpleNamespace

import bpy
import pytest

from operators.interface import status_bar
from operators.jobs import activity
from tests.operators.interface.sheet import Sheet

pytestmark = pytest.mark.usefixtures("registered")


def test_the_status_bar_shows_the_job_and_stops_it(monkeypatch):
    sheet = Sheet()
    status_bar.draw(SimpleNamespace(layout=sheet), bpy.context)
    assert not sheet.buttons
    running = activity.Activity("Refine", SimpleNamespace(), "refine", 0.25, 8.0, has_splats=True)
    monkeypatch.setattr(activity, "current", running)
    status_bar.draw(SimpleNamespace(layout=sheet), bpy.context)
    assert sheet.others == [running.text] and sheet.buttons["tttlrm.cancel"] == ["Stop & Keep"]


def test_blenders_status_bar_has_the_job_until_the_end():
    header = bpy.types.STATUSBAR_HT_header
    assert status_bar.draw in header.draw._draw_funcs
    status_bar.unregister()
    assert status_bar.draw not in header.draw._draw_funcs
    status_bar.register()
