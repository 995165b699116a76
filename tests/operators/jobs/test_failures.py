# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that are opened where no worker knows their scenes, and other troubles of objects."""

import bpy
import pytest

from tests.operators.installed import part

pytestmark = pytest.mark.usefixtures("toy")

ops = bpy.ops.tttlrm


def test_settings_and_scene_are_saved_and_what_is_missing_is_told(splats, tmp_path):
    group, name, file = splats.tttlrm, splats.name, str(tmp_path / "saved.blend")
    group.decode.floaters, group.mesh.faces, group.share = 0.5, 700, 0.5
    group.crop, group.session = splats.parent, "a scene of another computer"
    bpy.ops.wm.save_as_mainfile(filepath=file)
    bpy.ops.wm.open_mainfile(filepath=file)
    splats = bpy.data.objects[name]
    group = splats.tttlrm
    assert (group.decode.floaters, group.mesh.faces, group.share) == (0.5, 700, 0.5)
    assert group.crop == splats.parent and group.session == "a scene of another computer"
    assert part("jobs.failures").of(splats) is None
    with pytest.raises(RuntimeError, match="does not have this scene"):
        ops.decode()
    trouble = part("jobs.failures").of(splats)
    assert trouble.code == "no_scene" and "does not have this scene" in part("jobs.failures").text(trouble)
    assert len(splats.data.points) == 12
    assert ops.export_splats(filepath=str(tmp_path / "a.ply")) == {"FINISHED"}


def test_a_success_forgets_the_trouble(splats):
    session, splats.tttlrm.session = splats.tttlrm.session, "gone"
    with pytest.raises(RuntimeError):
        ops.mesh()
    assert part("jobs.failures").of(splats)
    part("jobs.failures")._failures[session] = part("jobs.failures")._failures.pop("gone")
    splats.tttlrm.session = session
    assert ops.mesh() == {"FINISHED"} and part("jobs.failures").of(splats) is None


def test_a_failure_that_only_a_newer_worker_knows_is_told_in_its_own_words(splats):
    messages, text = part("engine").messages, part("engine").errors.text
    part("jobs.failures").note(splats.tttlrm.session, messages.Failed("too_dark", text("The scene is too {}.", "dark")))
    assert part("jobs.failures").text(part("jobs.failures").of(splats)) == "The scene is too dark."
    assert ops.mesh() == {"FINISHED"} and part("jobs.failures").of(splats) is None
