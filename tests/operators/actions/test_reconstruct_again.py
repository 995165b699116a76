# SPDX-License-Identifier: GPL-3.0-or-later
"""Splats whose scene is gone."""

import bpy
import pytest

pytestmark = pytest.mark.usefixtures("toy")

ops = bpy.ops.tttlrm


def test_reconstructing_again_takes_the_photos_of_the_cameras_beside_the_splats(splats):
    splats.tttlrm.session = "gone"
    camera = next(obj for obj in bpy.data.objects if obj.type == "CAMERA")
    other = camera.copy()  # one photo would be too few
    camera.users_collection[0].objects.link(other)
    assert ops.reconstruct_again() == {"FINISHED"}
    assert bpy.context.object != splats and bpy.context.object.tttlrm.session not in ("", "gone")
    assert ops.decode(max_splats=4) == {"FINISHED"} and len(bpy.context.object.data.points) == 4
