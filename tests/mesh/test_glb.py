# SPDX-License-Identifier: GPL-3.0-or-later
"""GLB files, read back by trimesh and byte by byte."""

import json
import struct
from io import BytesIO

import numpy as np
import pytest
import trimesh
from PIL import Image
from trimesh import Trimesh

from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.mesh.glb import Z_UP_TO_Y_UP, glb_bytes, linear, write_glb
from tttlrm_blender.mesh.mesh import colors_of, make_mesh, texture_of, uv_of


@pytest.fixture
def tetrahedron() -> Trimesh:
    vertices = np.array([[0, 0, 0], [1, 0, 0], [0, 2, 0], [0, 0, 3]], dtype=np.float32)
    faces = np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]], dtype=np.int32)
    return make_mesh(vertices, faces, np.array([[0, 0.02, 1], [0.5, 0.25, 0.75], [1, 1, 1], [0, 0, 0]], dtype=np.float32))


def parts(content: bytes) -> tuple[dict, bytes]:
    """The JSON and the binary chunk of a GLB file."""
    magic, version, length = struct.unpack_from("<4sII", content)
    assert (magic, version, length) == (b"glTF", 2, len(content))
    size = struct.unpack_from("<I", content, 12)[0]
    return json.loads(content[20 : 20 + size]), content[28 + size :]


def accessor(tree: dict, binary: bytes, name: str) -> np.ndarray:
    primitive = tree["meshes"][0]["primitives"][0]
    entry = tree["accessors"][primitive["attributes"][name]]
    view = tree["bufferViews"][entry["bufferView"]]
    kind, width = {5123: "<u2", 5126: "<f4"}[entry["componentType"]], {"VEC2": 2, "VEC3": 3, "VEC4": 4}[entry["type"]]
    start = view.get("byteOffset", 0) + entry.get("byteOffset", 0)
    return np.frombuffer(binary, dtype=kind, count=entry["count"] * width, offset=start).reshape(-1, width)


def test_read_back(tmp_path, tetrahedron):
    write_glb(tmp_path / "mesh.glb", tetrahedron)
    again = trimesh.load(tmp_path / "mesh.glb", force="mesh", process=False)
    x, y, z = tetrahedron.vertices.T
    np.testing.assert_allclose(again.vertices, np.stack([x, z, -y], axis=1))
    np.testing.assert_array_equal(again.faces, tetrahedron.faces)
    assert again.volume == pytest.approx(1)
    assert [path.name for path in tmp_path.iterdir()] == ["mesh.glb"]


def test_colors_are_linear_in_16_bits(tmp_path, tetrahedron):
    write_glb(tmp_path / "mesh.glb", tetrahedron)
    tree, binary = parts((tmp_path / "mesh.glb").read_bytes())
    colors = accessor(tree, binary, "COLOR_0")
    assert colors.dtype == np.uint16 and (colors[:, 3] == 65535).all()
    values = colors[:, :3] / 65535
    back = np.where(values <= 0.0031308, values * 12.92, 1.055 * values ** (1 / 2.4) - 0.055)
    np.testing.assert_allclose(back, colors_of(tetrahedron), atol=1e-3)
    assert values[1, 0] == pytest.approx(0.2140, abs=1e-3)
    index = tree["meshes"][0]["primitives"][0]["attributes"]["COLOR_0"]
    assert tree["accessors"][index]["normalized"] is True


def test_material_and_normals(tmp_path, tetrahedron):
    write_glb(tmp_path / "mesh.glb", tetrahedron)
    tree, binary = parts((tmp_path / "mesh.glb").read_bytes())
    material = tree["materials"][tree["meshes"][0]["primitives"][0]["material"]]
    assert material["pbrMetallicRoughness"]["metallicFactor"] == 0 and material["doubleSided"]
    normals = accessor(tree, binary, "NORMAL")
    np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1, atol=1e-6)
    outwards = accessor(tree, binary, "POSITION") - accessor(tree, binary, "POSITION").mean(axis=0)
    assert ((normals * outwards).sum(axis=1) > 0).all()


@pytest.fixture
def textured(tetrahedron) -> Trimesh:
    """Each face has a quarter of a picture of four colors."""
    corners = np.array([[0.1, 0.1], [0.4, 0.1], [0.1, 0.4]], dtype=np.float32)
    uv = np.stack([corners + quarter for quarter in np.float32([[0, 0], [0.5, 0], [0, 0.5], [0.5, 0.5]])])
    picture = np.zeros((16, 16, 3), dtype=np.uint8)
    picture[8:, :8], picture[8:, 8:], picture[:8, :8], picture[:8, 8:] = COLORS  # v points up
    file = BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=95, subsampling=0)
    return with_texture(tetrahedron, uv, np.frombuffer(file.getvalue(), np.uint8))


def with_texture(mesh: Trimesh, uv: np.ndarray, texture: np.ndarray) -> Trimesh:
    return make_mesh(mesh.vertices, mesh.faces, colors_of(mesh), uv, texture)


COLORS = np.uint8([[200, 30, 30], [30, 200, 30], [30, 30, 200], [200, 200, 30]])


def test_a_textured_mesh_is_read_back_in_its_colours(tmp_path, textured):
    write_glb(tmp_path / "mesh.glb", textured)
    again = trimesh.load(tmp_path / "mesh.glb", force="mesh", process=False)
    np.testing.assert_allclose(again.triangles, textured.vertices[textured.faces] @ Z_UP_TO_Y_UP.T)
    np.testing.assert_allclose(again.visual.uv[again.faces], uv_of(textured), atol=1e-6)
    assert again.visual.material.baseColorTexture.size == (16, 16)
    seen = again.visual.material.to_color(again.visual.uv[again.faces].mean(axis=1))[:, :3]
    np.testing.assert_allclose(seen, COLORS, atol=4)
    tree, binary = parts((tmp_path / "mesh.glb").read_bytes())
    assert "COLOR_0" not in tree["meshes"][0]["primitives"][0]["attributes"], "it would be multiplied with the texture"
    view = tree["bufferViews"][tree["images"][0]["bufferView"]]
    assert binary[view["byteOffset"] :][: view["byteLength"]] == texture_of(textured).tobytes(), "the picture's file as it is"


def test_seams_cost_vertices_and_nothing_else_does(textured):
    def vertices(mesh: Trimesh) -> tuple[int, np.ndarray]:
        tree, binary = parts(glb_bytes(mesh))
        return len(accessor(tree, binary, "POSITION")), accessor(tree, binary, "NORMAL")

    apart, normals = vertices(textured)
    assert apart == 12 and len(np.unique(normals, axis=0)) == 4, "smooth over the seams"
    assert vertices(with_texture(textured, textured.triangles[..., :2] / 4, texture_of(textured)))[0] == 4


def test_linear_ends_and_middle():
    np.testing.assert_allclose(linear(np.array([0, 0.04045, 0.5, 1, 2])), [0, 0.0031308, 0.21404, 1, 1], atol=1e-5)


def test_names_the_file_that_cannot_be_written(tmp_path, tetrahedron):
    with pytest.raises(TttlrmError, match=r"mesh\.glb cannot be written"):
        write_glb(tmp_path / "no folder" / "mesh.glb", tetrahedron)
