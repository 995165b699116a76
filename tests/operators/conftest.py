# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests inside Blender share; bpy is imported by those that have it only."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

MODULE = "bl_ext.user_default.tttlrm"
TOY = Path(__file__).with_name("toy_worker.py")


@pytest.fixture(scope="module")
def installed() -> Iterator[None]:
    """The real zip, installed and enabled as Blender does it."""
    import bpy

    bpy.ops.extensions.package_install_files(filepath=os.environ["TTTLRM_EXTENSION"], repo="user_default", enable_on_install=True)
    yield
    bpy.ops.preferences.addon_disable(module=MODULE)


@pytest.fixture(scope="module")
def registered() -> Iterator[None]:
    """The operators of the checkout."""
    import operators

    operators.register()
    yield
    operators.unregister()


@pytest.fixture
def toy_workers(monkeypatch) -> None:
    """Workers that are launched are toys."""
    from operators.engine import client

    launch = client.launch_worker
    monkeypatch.setattr(client, "launch_worker", lambda *choice, scenes=None: launch(*choice, program=(str(TOY),), scenes=scenes))


@pytest.fixture
def asked(tmp_path_factory, monkeypatch) -> Callable[[], dict]:
    """What toys that are launched were last asked for: tells the `files` of the scene and the `settings`."""
    file = tmp_path_factory.mktemp("asked") / "asked.json"
    monkeypatch.setenv("TTTLRM_TOY_ASKED", str(file))
    return lambda: json.loads(file.read_text())


@pytest.fixture
def older_blender(monkeypatch) -> None:
    """Splats are made as in a Blender that does not draw them by itself; newer ones link such splats from older files."""
    from operators.scene import drawing

    monkeypatch.setattr(drawing, "drawn_by_blender", lambda: False)
