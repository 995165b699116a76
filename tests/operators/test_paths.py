# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths relative to the open file."""

from pathlib import Path

import bpy
import pytest

from operators import CLASSES, paths, properties
from tests.operators.actions.files.splats import some_splats
from tests.operators.photos import save_photo
from tests.operators.words import own_properties
from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.gaussians.formats.registry import read_splats, write_splats

ops = bpy.ops.tttlrm


@pytest.fixture
def saved(registered: None, tmp_path: Path) -> Path:
    """The folder of the open file, with photos, splats and poses in it."""
    for name in ("1.png", "2.png", "3.png"):
        save_photo(tmp_path / "statue" / name)
    write_splats(tmp_path / "a.ply", some_splats(4))
    bpy.ops.wm.read_homefile(use_empty=True)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    return tmp_path


@pytest.mark.skipif(bpy.app.version < (4, 5), reason="this Blender gives relative paths to all properties")
def test_every_path_may_be_relative(registered):
    found = [
        (kind.__name__, prop.identifier)
        for kind in (*properties.CLASSES, *CLASSES)
        for prop in own_properties(kind)
        if prop.type == "STRING" and prop.subtype in {"FILE_PATH", "DIR_PATH"} and not prop.is_path_supports_blend_relative
    ]
    assert found == []


@pytest.mark.parametrize("path", ["", "auto", "default", "a.ply", "/a.ply", "estimate"])
def test_other_paths_and_words_stay(path, saved):
    assert paths.absolute(path) == path


def test_a_file_that_was_never_saved_has_no_folder(registered):
    bpy.ops.wm.read_homefile(use_empty=True)
    with pytest.raises(TttlrmError, match=r"//a\.ply is relative"):
        paths.absolute("//a.ply")
    bpy.context.scene.tttlrm.source.kind, bpy.context.scene.tttlrm.source.folder = "FOLDER", "//statue"
    with bpy.context.temp_override(tttlrm_source=bpy.context.scene.tttlrm.source):
        assert not ops.reconstruct.poll()
    with pytest.raises(RuntimeError, match="//statue is relative"):
        ops.reconstruct(directory="//statue")
    with pytest.raises(RuntimeError, match=r"//a\.ply is relative"):
        ops.import_splats(filepath="//a.ply")


def test_files_are_imported_and_exported_beside_the_open_one(saved):
    assert ops.import_splats(filepath="//a.ply") == {"FINISHED"}
    assert ops.import_splats(directory="//", files=[{"name": "a.ply"}]) == {"FINISHED"}
    assert ops.export_splats(filepath="//b.spz") == {"FINISHED"}
    assert len(read_splats(saved / "b.spz")) == 4
    bpy.context.collection.objects.link(bpy.data.objects.new("camera", bpy.data.cameras.new("camera")))
    for name in ("poses/images.txt", "transforms.json"):
        (saved / name).parent.mkdir(exist_ok=True)
        assert ops.export_cameras(filepath=f"//{name}") == {"FINISHED"}
        assert (saved / name).is_file()


@pytest.mark.usefixtures("toy_workers")
def test_photos_and_settings_are_found_beside_the_open_one(saved, asked):
    (saved / "poses.json").write_text('{"frames": []}')
    group = bpy.context.scene.tttlrm
    group.remove_background, group.checkpoint = "//net.onnx", "//net.safetensors"
    group.source.cameras, group.poses = "FILE", "//poses.json"
    assert ops.choose_folder(directory="//statue") == {"FINISHED"} and len(group.source.photos) == 3
    assert ops.reconstruct() == {"FINISHED"}
    sent = asked()["settings"]
    assert sent["remove_background"] == str(saved / "net.onnx") and sent["checkpoint"] == str(saved / "net.safetensors")
    assert sent["poses"].endswith("given_poses/poses.json") and "given_poses/poses.json" in asked()["files"]
    assert ops.extend(directory="//statue", poses="//poses.json") == {"FINISHED"}
    assert sum(name.endswith(".png") for name in asked()["files"]) == 6
