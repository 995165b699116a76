# SPDX-License-Identifier: GPL-3.0-or-later
"""Meshes that people made."""

import numpy as np
import pytest

from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.mesh.glb import write_glb
from tttlrm_blender.mesh.mesh import make_mesh
from tttlrm_blender.mesh.read import read_mesh

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


def test_faces_without_vertices_are_a_sentence(tmp_path):
    np.savez(tmp_path / "mesh.npz", vertices=VERTICES, faces=FACES + 2)
    with pytest.raises(TttlrmError, match="no usable faces"):
        read_mesh(tmp_path / "mesh.npz")
