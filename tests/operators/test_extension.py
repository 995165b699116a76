# SPDX-License-Identifier: GPL-3.0-or-later
"""The zip: what it brings, and that it can be disabled."""

import sys
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import bpy
import pytest

from tests.operators.installed import MODULE, part

pytestmark = pytest.mark.usefixtures("installed")


def test_the_zip_brings_what_blenders_python_needs():
    packages = Path(bpy.utils.user_resource("EXTENSIONS")) / ".local/lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}"
    assert (packages / "site-packages/websockets/sync/client.py").exists()


def test_the_zip_brings_the_pages_that_f1_opens():
    docs = Path(url2pathname(urlsplit(part("interface.manual").ADDRESS).path))
    assert '<h2 id="decode">' in (docs / "settings.html").read_text("utf-8")


def test_disabling_takes_everything_out_and_enabling_puts_it_back():
    bpy.ops.preferences.addon_disable(module=MODULE)
    assert not hasattr(bpy.types.Scene, "tttlrm") and not hasattr(bpy.types, "TTTLRM_OT_reconstruct")
    bpy.ops.preferences.addon_enable(module=MODULE)
    assert hasattr(bpy.types.Scene, "tttlrm") and hasattr(bpy.types, "TTTLRM_OT_reconstruct")
