# SPDX-License-Identifier: GPL-3.0-or-later
"""Meshes that people made."""

import numpy as np
import pytest
import trimesh
from PIL import Image
from trimesh.visual import TextureVisuals
from trimesh.visual.material import PBRMaterial

from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.mesh.glb import write_glb
from tttlrm_blender.mesh.mesh import make_mesh
from tttlrm_blender.mesh.read import read_mesh, read_unwrapped

VERTICES = np.float32([[0, 0, 0], [1, 0, 0], [1, 1, 0.5], [0, 1, 2]])
FACES = np.int32([[0, 1, 2], [0, 2, 3]])
UV = np.float32([[[0, 0], [0.5, 0], [0.5, 1]], [[0.5, 0], [1, 1], [0.5, 1]]])


def write_obj(path):
    """As Blender does: y-up."""
    places = [f"v {x} {z} {-y}" for x, y, z in VERTICES.tolist()]
    coordinates = [f"vt {u} {v}" for u, v in UV.reshape(-1, 2).tolist()]
    faces = ["f " + " ".join(f"{v + 1}/{3 * i + k + 1}" for k, v in enumerate(face)) for i, face in enumerate(FACES.tolist())]
    path.write_text("\n".join([*places, *coordinates, *faces]), "utf-8")


@pytest.mark.parametrize("suffix", ["npz", "obj", "glb"])
def test_meshes_are_read_as_they_were_written(suffix, tmp_path):
    path = tmp_path / f"mesh.{suffix}"
    if suffix == "npz":
        np.savez(path, vertices=VERTICES, faces=FACES, uv=UV)
    elif suffix == "obj":
        write_obj(path)
    else:
        picture = np.frombuffer(b"\xff\xd8", np.uint8)
        write_glb(path, make_mesh(VERTICES, FACES, np.zeros((4, 3), np.float32), uv=UV, texture=picture))
    mesh, uv = read_mesh(path)
    np.testing.assert_allclose(mesh.vertices[mesh.faces], VERTICES[FACES], atol=1e-6)
    np.testing.assert_allclose(uv, UV, atol=1e-6)
    assert len(mesh.vertices) == 4, "seams do not cut the surface"


@pytest.mark.parametrize("content", [None, b"", b"nonsense"])
@pytest.mark.parametrize("suffix", ["npz", "obj", "glb", "ply", "xyz"])
def test_other_files_are_a_sentence(suffix, content, tmp_path):
    path = tmp_path / f"mesh.{suffix}"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(TttlrmError) as caught:
        read_mesh(path)
    assert caught.value.code == "no_mesh" and str(path) in str(caught.value)


def test_materials_do_not_change_the_coordinates(tmp_path):
    parts = []
    for number, color in enumerate(("red", "blue")):
        part = trimesh.Trimesh(VERTICES[FACES[number]], [[0, 1, 2]], process=False)
        part.visual = TextureVisuals(UV[number], PBRMaterial(baseColorTexture=Image.new("RGB", (8, 8), color)))
        parts.append(part)
    trimesh.Scene(parts).export(tmp_path / "two.glb")
    mesh, uv = read_mesh(tmp_path / "two.glb")
    np.testing.assert_allclose(uv[uv[:, 0, 0].argsort()], UV, atol=1e-6)
    assert len(mesh.vertices) == 4


@pytest.mark.parametrize("uv", [{}, {"uv": np.full((2, 3, 2), 0.5)}])
def test_a_mesh_that_is_not_unwrapped_is_a_sentence(uv, tmp_path):
    np.savez(tmp_path / "mesh.npz", vertices=VERTICES, faces=FACES, **uv)
    with pytest.raises(TttlrmError, match=r"mesh\.npz has no texture coordinates") as caught:
        read_unwrapped(tmp_path / "mesh.npz")
    assert "Smart UV Project" in str(caught.value)


@pytest.mark.parametrize("place", [np.nan, np.inf, 1e38])
def test_places_that_are_none_are_a_sentence(place, tmp_path):
    for name, array in {"vertices": VERTICES, "uv": UV}.items():
        broken = array.copy()
        broken.flat[4] = place
        np.savez(tmp_path / "mesh.npz", **{"vertices": VERTICES, "faces": FACES, "uv": UV, name: broken})
        with pytest.raises(TttlrmError, match="no usable faces"):
            read_mesh(tmp_path / "mesh.npz")


@pytest.mark.parametrize("shift", [2, -1, 1 << 32])
def test_faces_without_vertices_are_a_sentence(shift, tmp_path):
    np.savez(tmp_path / "mesh.npz", vertices=VERTICES, faces=FACES + np.int64(shift))
    with pytest.raises(TttlrmError, match="no usable faces"):
        read_mesh(tmp_path / "mesh.npz")
