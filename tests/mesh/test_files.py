# SPDX-License-Identifier: GPL-3.0-or-later
"""Meshes as files of every format, read back by trimesh, and by the validator of the Khronos Group where npm has it."""

import json
import shutil
import subprocess
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import trimesh
from PIL import Image
from trimesh import Trimesh

from tttlrm_blender.errors import Text, TttlrmError
from tttlrm_blender.mesh.files import WRITERS, write_mesh
from tttlrm_blender.mesh.glb import Z_UP_TO_Y_UP
from tttlrm_blender.mesh.mesh import attach, colors_of, make_mesh, uv_of

VALIDATOR = """
const validator = require("gltf-validator"), bytes = require("fs").readFileSync(process.argv[2]);
validator.validateBytes(new Uint8Array(bytes)).then(report => console.log(JSON.stringify(report.issues)));
"""


def picture(kind: str, *color: int) -> np.ndarray:
    file = BytesIO()
    Image.new("RGB", (8, 8), color).save(file, kind)
    return np.frombuffer(file.getbuffer(), np.uint8)


@pytest.fixture
def plain() -> Trimesh:
    """A sphere of 2 m, 3 m above the ground, with vertex colors."""
    sphere = trimesh.creation.icosphere(2)
    return make_mesh(sphere.vertices + np.array([0, 0, 3]), sphere.faces, (sphere.vertices / 2 + 0.5).astype(np.float32))


@pytest.fixture
def dressed(plain) -> Trimesh:
    """The same with all kinds of pictures, two levels of detail and a collider."""
    uv = ((plain.triangles - [0, 0, 3])[..., :2] * 0.5 + 0.5).astype(np.float32)
    files = picture("JPEG", 200, 30, 30), picture("PNG", 128, 128, 255), picture("PNG", 250, 250, 250)
    mesh = make_mesh(plain.vertices, plain.faces, colors_of(plain), uv, *files)
    ball = trimesh.creation.icosphere(1)
    attach(mesh, [plain, plain], make_mesh(ball.vertices, ball.faces, np.ones_like(ball.vertices)))
    return mesh


@pytest.mark.parametrize("kind", WRITERS)
def test_the_same_shape_is_read_back(tmp_path, plain, kind):
    assert write_mesh(tmp_path / f"ball{kind}", plain) == [tmp_path / f"ball{kind}"]
    again = trimesh.load(tmp_path / f"ball{kind}", force="mesh", process=kind == ".stl")
    up = plain.vertices @ Z_UP_TO_Y_UP.T if kind in (".glb", ".obj") else plain.vertices
    np.testing.assert_allclose(again.bounds, [up.min(axis=0), up.max(axis=0)], atol=1e-6)
    assert again.is_watertight and again.volume == pytest.approx(plain.volume, rel=1e-5)
    if kind in (".obj", ".ply"):
        np.testing.assert_allclose(again.visual.vertex_colors[:, :3] / 255, colors_of(plain), atol=0.01)


def test_an_obj_has_its_material_and_pictures(tmp_path, dressed):
    write_mesh(tmp_path / "a.obj", dressed)
    names = {"a.obj", "a.mtl", "a.jpg", "a_normal.png", "a_occlusion.png", "a_collider.obj", "a_lod1.obj", "a_lod2.obj"}
    assert {path.name for path in tmp_path.iterdir()} == names
    again = trimesh.load(tmp_path / "a.obj", force="mesh", process=False)
    np.testing.assert_allclose(again.visual.uv[again.faces], uv_of(dressed), atol=1e-6)
    assert again.visual.material.image.getpixel((0, 0)) == pytest.approx((200, 30, 30), abs=3)


def test_a_glb_has_everything(tmp_path, dressed):
    files = write_mesh(tmp_path / "a.glb", dressed)
    assert [file.name for file in files] == ["a.glb", "a_lod1.glb", "a_lod2.glb", "a_collider.glb"]
    again = trimesh.load(files[0], force="mesh", process=False)
    material = again.visual.material
    assert material.baseColorTexture.getpixel((0, 0)) == pytest.approx((200, 30, 30), abs=3)
    assert material.normalTexture.getpixel((0, 0)) == (128, 128, 255)
    assert material.occlusionTexture.getpixel((0, 0)) == (250, 250, 250)
    content = files[0].read_bytes()
    tree = json.loads(content[20 : 20 + int.from_bytes(content[12:16], "little")])
    assert "TANGENT" in tree["meshes"][0]["primitives"][0]["attributes"] and tree["nodes"][0]["name"] == "a"
    assert [image["mimeType"] for image in tree["images"]] == ["image/jpeg", "image/png", "image/png"]


def test_levels_of_an_earlier_mesh_are_not_left_beside_a_new_one(tmp_path, plain, dressed):
    write_mesh(tmp_path / "a.ply", dressed)
    write_mesh(tmp_path / "b.ply", dressed)
    write_mesh(tmp_path / "a.ply", plain)
    assert {path.name for path in tmp_path.iterdir()} == {"a.ply", "b.ply", "b_lod1.ply", "b_lod2.ply", "b_collider.ply"}


@pytest.mark.parametrize("kind", WRITERS)
def test_levels_that_were_not_written_here_stay_and_are_told(tmp_path, plain, dressed, kind):
    write_mesh(tmp_path / f"a{kind}", dressed)
    own = tmp_path / f"a_lod1{kind}"
    own.write_bytes(b"made by hand")
    notes: list[Text] = []
    write_mesh(tmp_path / f"a{kind}", plain, notes.append)
    assert own.read_bytes() == b"made by hand" and not (tmp_path / f"a_lod2{kind}").exists()
    assert [str(note) for note in notes] == [f"{own} is not part of this mesh, but stays: it was not written by tttLRM."]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["plain", "dressed"])
def test_the_validator_has_nothing_to_say(tmp_path, request, kind):
    folder = validator(tmp_path)
    for file in write_mesh(tmp_path / "a.glb", request.getfixturevalue(kind)):
        command = ["node", str(folder / "validate.js"), str(file)]
        issues = json.loads(subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder).stdout)
        assert issues["numErrors"] == issues["numWarnings"] == 0, issues["messages"]


def validator(folder: Path) -> Path:
    """A folder with gltf-validator from npm."""
    npm = shutil.which("npm")
    if not npm:
        pytest.skip("npm is not installed")
    if subprocess.run([npm, "install", "--prefix", str(folder), "gltf-validator"], capture_output=True, check=False).returncode:
        pytest.skip("npm cannot install gltf-validator")
    (folder / "validate.js").write_text(VALIDATOR)
    return folder


def test_names_the_file_that_cannot_be_written(tmp_path, plain):
    with pytest.raises(TttlrmError, match=r"a\.obj cannot be written|a\.mtl cannot be written"):
        write_mesh(tmp_path / "no folder" / "a.obj", plain)
