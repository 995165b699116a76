# SPDX-License-Identifier: GPL-3.0-or-later
"""Refine settings in files of versions without a quality."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
import pytest

import operators
from operators import properties
from operators.actions import decode
from operators.scene import versions
from operators.scene.splats import add_splats
from tests.operators.viewport.seen import random_splats
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


def reopen(tmp_path: Path) -> None:
    """Save the file, and open it again."""
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "a.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "a.blend"))


def reopened(tmp_path: Path) -> bpy.types.Object:
    """The splats of the file, saved and opened again."""
    reopen(tmp_path)
    return bpy.data.objects["splats"]


@pytest.mark.parametrize(("version", "scale"), [("", 1.0), ("a", 2.0)])
def test_sizes_that_the_worker_has_changed_are_not_changed_again(tmp_path, version, scale):
    obj = add_splats("splats", random_splats())
    obj.tttlrm.session, obj.tttlrm.version, obj.tttlrm.decode.scale = "a", version, 2.0
    obj = reopened(tmp_path)
    assert obj.tttlrm.decode.scale == scale
    obj.tttlrm.decode.scale = 3.0
    assert reopened(tmp_path).tttlrm.decode.scale == 3.0, "what is chosen from then on stays"


@pytest.mark.parametrize("refined", [False, True])
def test_splats_of_which_nobody_knows_whether_they_were_edited_are_asked_about(tmp_path, refined):
    obj = add_splats("splats", random_splats())
    obj.tttlrm.session, obj.tttlrm.psnr = "a", 30.0 * refined
    for _ in range(2):
        obj = reopened(tmp_path)
        assert versions.is_refined(obj) == refined and versions.is_edited(obj) and versions.start_of(obj).edited
        assert ("possibly edited" in str(decode.question(decode.precious([obj])))) != refined
    versions.take_result(obj, random_splats(), None)
    assert versions.is_edited(obj), "no job has made anything of them"
    versions.take_result(obj, random_splats(), None, anew=True)
    assert not versions.is_edited(obj)


def kept_source(tmp_path: Path) -> str:
    """The source of photos in a file, saved and opened again."""
    reopen(tmp_path)
    return bpy.context.scene.tttlrm.source.kind


def test_a_folder_is_the_source_of_new_scenes_and_stays_so(tmp_path):
    assert bpy.context.scene.tttlrm.source.kind == kept_source(tmp_path) == "FOLDER"
    bpy.context.scene.tttlrm.refine.quality = "best"
    assert kept_source(tmp_path) == kept_source(tmp_path) == "FOLDER"


def test_a_folder_stays_the_source_in_a_file_that_was_recovered(tmp_path):
    bpy.context.scene.tttlrm.source.folder = str(tmp_path)
    bpy.app.handlers.save_pre.remove(operators.older_settings.store)  # which Blender does not call as it saves by itself
    try:
        assert kept_source(tmp_path) == "FOLDER"
    finally:
        bpy.app.handlers.save_pre.append(operators.older_settings.store)


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
        assert kept_source(tmp_path) == "SELECTED"
    finally:
        bpy.app.handlers.save_pre.append(operators.older_settings.store)


def test_a_source_that_was_chosen_stays(tmp_path):
    bpy.context.scene.tttlrm.source.kind = "VIDEO"
    assert kept_source(tmp_path) == "VIDEO"


@pytest.mark.parametrize(("session", "floaters", "expected"), [("a", 0.9, 0.5), ("a", 0.0, 0.0), ("", 0.9, 0.9)])
def test_floaters_of_another_criterion_get_the_usual_strictness(tmp_path, session, floaters, expected):
    obj = add_splats("splats", random_splats())
    obj.tttlrm.session, obj.tttlrm.decode.floaters = session, floaters
    assert reopened(tmp_path).tttlrm.decode.floaters == pytest.approx(expected)
    bpy.data.objects["splats"].tttlrm.decode.floaters = 0.7
    assert reopened(tmp_path).tttlrm.decode.floaters == pytest.approx(0.7), "what is chosen from then on stays"
