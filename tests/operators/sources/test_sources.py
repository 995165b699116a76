# SPDX-License-Identifier: GPL-3.0-or-later
"""The choice of cameras that all sources offer."""

from pathlib import Path

import bpy
import pytest

from operators import properties
from operators.sources.folders import CheckedFolder
from tests.operators.sources.panel import choose, missing
from tttlrm_blender.errors import TttlrmError

ops = bpy.ops.tttlrm


def test_the_cameras_choice_becomes_a_setting(photos):
    def poses() -> str:
        return properties.reconstruct_settings(bpy.context.scene).poses

    ops.choose_folder(directory=str(photos))
    bpy.context.scene.tttlrm.poses = "auto"
    assert poses() == "auto"
    choose("FOLDER", cameras="ESTIMATE")
    assert poses() == "estimate" and missing() == ""
    choose("FOLDER", cameras="FILE")
    assert missing() == "Choose a file with the camera poses."
    bpy.context.scene.tttlrm.poses = str(photos / "transforms.json")
    assert poses() == str(photos / "transforms.json") and missing() == ""
    choose("FOLDER", cameras="BLENDER")
    assert missing().startswith("Not all of these photos belong to cameras")
    with pytest.raises(TttlrmError):
        CheckedFolder(Path()).files()
