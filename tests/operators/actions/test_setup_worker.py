# SPDX-License-Identifier: GPL-3.0-or-later
"""*Install the Engine* in the installed extension, with tiny packages in place of the real ones."""

from importlib import import_module
from pathlib import Path

import bpy
import pytest

from tests.operators.installed import MODULE, part
from tests.setup.tiny_wheels import make_wheels, pin

ops = bpy.ops.tttlrm


@pytest.fixture(scope="module")
def wheels(installed, tmp_path_factory) -> Path:
    """All packages that are wanted, from now on."""
    folder = make_wheels(tmp_path_factory.mktemp("wheels"))
    pin(folder, Path(import_module(f"{MODULE}.tttlrm_blender.setup").__file__).parent)
    return folder


@pytest.fixture
def preferences() -> bpy.types.AddonPreferences:
    chosen = bpy.context.preferences.addons[MODULE].preferences
    chosen.wheels, chosen.python, chosen.build = "", "", "cpu"
    return chosen


def test_the_extension_brings_the_pinned_packages():
    commands = import_module(f"{MODULE}.tttlrm_blender.setup.commands")
    assert any(package.startswith("numpy==") for package in commands.pinned(commands.PACKAGES))
    assert commands.pinned(commands.TORCH)


def test_nothing_is_downloaded_without_leave_to_go_online(preferences):
    bpy.context.preferences.system.use_online_access = False
    with pytest.raises(RuntimeError, match="Preferences → System → Network"):
        ops.setup_worker()
    assert not preferences.python


def test_a_folder_without_wheels_is_told(preferences, tmp_path):
    preferences.wheels = str(tmp_path)
    with pytest.raises(RuntimeError, match="no wheel of PyTorch"):
        ops.setup_worker()
    assert not preferences.python


@pytest.mark.slow
def test_the_worker_is_set_up_from_wheels_and_the_preferences_name_its_python(preferences, wheels):
    preferences.wheels = str(wheels)
    assert ops.setup_worker() == {"FINISHED"}
    folder = Path(bpy.utils.extension_path_user(MODULE))
    assert Path(preferences.python).is_relative_to(folder / "environment") and Path(preferences.python).exists()
    assert "Successfully installed" in (folder / "setup.log").read_text()
    chosen = part("jobs.chosen_worker").chosen_worker()
    assert chosen.launched and chosen.python == Path(preferences.python)


@pytest.mark.slow
def test_it_is_mended_by_the_same_button(preferences, wheels):
    preferences.wheels = str(wheels)
    ops.setup_worker()
    module = next(Path(preferences.python).parents[1].rglob("site-packages/tqdm/__init__.py"))
    module.unlink()
    assert ops.setup_worker() == {"FINISHED"}
    assert module.exists()


def test_another_python_may_be_named_afterwards(preferences):
    preferences.python = "/nowhere/python"
    with pytest.raises(RuntimeError, match="/nowhere/python"):
        ops.start_worker()
