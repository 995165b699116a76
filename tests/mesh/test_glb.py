# SPDX-License-Identifier: GPL-3.0-or-later
"""GLB files, read back by trimesh and byte by byte."""

import json
import struct

import numpy as np
import pytest
import trimesh

from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.mesh.glb import linear, write_glb
from tttlrm_blender.mesh.mesh import Mesh


@pytest.fixture
def tetrahedron() -> Mesh:
    vertices = np.array([[0, 0, 0], [1, 0, 0], [0, 2, 0], [0, 0, 3]], dtype=np.float32)
    faces = np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]], dtype=np.int32)
    return Mesh(vertices, faces, np.array([[0, 0.02, 1], [0.5, 0.25, 0.75], [1, 1, 1], [0, 0, 0]], dtype=np.float32))


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
    kind, width = {5123: "<u2", 5126: "<f4"}[entry["componentType"]], {"VEC3": 3, "VEC4": 4}[entry["type"]]
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
    np.testing.assert_allclose(back, tetrahedron.colors, atol=1e-3)
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


def test_linear_ends_and_middle():
    np.testing.assert_allclose(linear(np.array([0, 0.04045, 0.5, 1, 2])), [0, 0.0031308, 0.21404, 1, 1], atol=1e-5)


def test_names_the_file_that_cannot_be_written(tmp_path, tetrahedron):
    with pytest.raises(TttlrmError, match=r"mesh\.glb cannot be written"):
        write_glb(tmp_path / "no folder" / "mesh.glb", tetrahedron)
