# SPDX-License-Identifier: GPL-3.0-or-later
"""Refine settings in files of versions without a quality."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
import pytest

import operators
from operators import properties
from tttlrm_blender.protocol.settings import RefineSettings

OLDER = {"steps": 500, "passes": 0, "seconds": 0.0, "exposure": False, "max_splats": 200_000, "densify": "mcmc"}


@pytest.fixture(autouse=True)
def registered() -> Iterator[None]:
    operators.register()
    bpy.ops.wm.read_homefile(use_empty=True)
    yield
    operators.unregister()


def opened(tmp_path: Path, **stored: Any) -> RefineSettings:
    """The settings of splats in a file where these were stored."""
    obj = bpy.data.objects.new("splats", None)
    name = obj.name
    bpy.context.collection.objects.link(obj)
    for setting, value in stored.items():
        setattr(obj.tttlrm.refine, setting, value)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "a.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "a.blend"))
    return properties.plain(bpy.data.objects[name].tttlrm.refine, RefineSettings)


def test_defaults_of_older_versions_become_those_of_today(tmp_path):
    assert opened(tmp_path, **OLDER) == RefineSettings(densify="mcmc")


def test_what_was_chosen_in_an_older_version_stays(tmp_path):
    chosen = OLDER | {"steps": 300, "exposure": True, "max_splats": 7}
    assert opened(tmp_path, **chosen) == RefineSettings(steps=300, max_splats=7, densify="mcmc")
    assert opened(tmp_path, **OLDER | {"passes": 3}).steps == 500


def test_what_is_chosen_today_stays(tmp_path):
    chosen = OLDER | {"quality": "good"}
    assert opened(tmp_path, **chosen) == RefineSettings(**chosen)


def test_what_is_chosen_for_a_scene_stays(tmp_path):
    refine = bpy.context.scene.tttlrm.refine
    refine.exposure, refine.max_splats = False, 200_000
    opened(tmp_path)
    assert properties.plain(bpy.context.scene.tttlrm.refine, RefineSettings) == RefineSettings(exposure=False, max_splats=200_000)


@pytest.mark.parametrize(("version", "scale"), [("", 1.0), ("a", 2.0)])
def test_sizes_that_the_worker_has_changed_are_not_changed_again(tmp_path, version, scale):
    obj = bpy.data.objects.new("splats", None)
    bpy.context.collection.objects.link(obj)
    obj.tttlrm.session, obj.tttlrm.version, obj.tttlrm.decode.scale = "a", version, 2.0
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "a.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "a.blend"))
    assert bpy.data.objects["splats"].tttlrm.decode.scale == scale


def reopened(tmp_path: Path) -> str:
    """The source of photos in a file, saved and opened again."""
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "a.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "a.blend"))
    return bpy.context.scene.tttlrm.source.kind


def test_a_folder_is_the_source_of_new_scenes_and_stays_so(tmp_path):
    assert bpy.context.scene.tttlrm.source.kind == reopened(tmp_path) == "FOLDER"
    bpy.context.scene.tttlrm.refine.quality = "best"
    assert reopened(tmp_path) == reopened(tmp_path) == "FOLDER"


@pytest.mark.parametrize("used", ["settings", "splats"])
def test_selected_images_stay_the_source_of_scenes_in_older_files(tmp_path, monkeypatch, used):
    if used == "settings":
        bpy.context.scene.tttlrm.refine.quality = "best"
    else:
        splats = bpy.data.objects.new("splats", None)
        splats.tttlrm.session = "a scene"
        bpy.context.collection.objects.link(splats)
    bpy.app.handlers.save_pre.remove(operators.older_settings.store)  # which older versions did not have
    try:
        assert reopened(tmp_path) == "SELECTED"
    finally:
        bpy.app.handlers.save_pre.append(operators.older_settings.store)


def test_a_source_that_was_chosen_stays(tmp_path):
    bpy.context.scene.tttlrm.source.kind = "VIDEO"
    assert reopened(tmp_path) == "VIDEO"
