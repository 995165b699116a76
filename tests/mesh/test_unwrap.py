# SPDX-License-Identifier: GPL-3.0-or-later
"""Atlases: every face has a place of its own, about as large as it is."""

import numpy as np
import pytest
from trimesh import Trimesh

from tttlrm_blender.errors import Cancelled, TttlrmError
from tttlrm_blender.mesh.charts import MIN_COSINE_SMALL, Faces, connected_charts, projection_directions
from tttlrm_blender.mesh.face_raster import rasterize_faces, rasterize_faces_reference
from tttlrm_blender.mesh.fuse import fuse_depth_maps
from tttlrm_blender.mesh.mesh import make_mesh
from tttlrm_blender.mesh.unwrap import GUTTER, Atlas, unwrap
from tttlrm_blender.progress import Report
from tttlrm_blender.protocol.settings import MeshSettings


def mesh_of(vertices: np.ndarray, faces: np.ndarray) -> Trimesh:
    return make_mesh(np.float32(vertices), np.int32(faces), np.full((len(vertices), 3), 0.5, np.float32))


def spiral(turns: float = 3, steps: int = 200, rise: float = 0.3) -> Trimesh:
    """A ramp that goes up around an axis: from above it lies over itself, and every face is seen."""
    angle = np.linspace(0, 2 * np.pi * turns, steps)
    rows = [np.stack([r * np.cos(angle), r * np.sin(angle), rise * angle / np.pi], axis=1) for r in (1.0, 2.0)]
    a = np.arange(steps - 1)
    faces = np.concatenate([np.stack([a, a + steps, a + 1], 1), np.stack([a + 1, a + steps, a + 1 + steps], 1)])
    return mesh_of(np.concatenate(rows), faces)


def noise(seed: int = 0) -> Trimesh:
    """Arbitrary triangles: flat, folded, duplicate, and more than two at an edge."""
    random = np.random.default_rng(seed)
    faces = np.concatenate([random.integers(0, 40, size=(120, 3)), [[0, 1, 2], [0, 1, 2], [3, 3, 4]]])
    return mesh_of(random.normal(size=(40, 3)), faces)


@pytest.fixture(params=["sphere", "box", "spiral", "noise"])
def mesh(request) -> Trimesh:
    if request.param in ("spiral", "noise"):
        return {"spiral": spiral, "noise": noise}[request.param]()
    return fuse_depth_maps(request.getfixturevalue(f"{request.param}_maps"), MeshSettings(resolution=40, texture=0), Report())


def areas(corners: np.ndarray) -> np.ndarray:
    """Areas of triangles [M, 3, 2 or 3]."""
    sides = np.zeros((len(corners), 2, 3))
    sides[..., : corners.shape[-1]] = corners[:, 1:] - corners[:, :1]
    return np.linalg.norm(np.cross(sides[:, 0], sides[:, 1]), axis=1) / 2


def test_every_face_has_a_place_of_its_own(mesh):
    atlas = unwrap(mesh, 512, Report())
    assert atlas.uv.shape == (len(mesh.faces), 3, 2) and atlas.uv.min() >= 0 and atlas.uv.max() <= 1
    fine, order = 4 * atlas.corners + (0.137, 0.291), np.arange(len(mesh.faces), dtype=float)[:, None].repeat(3, axis=1)
    first, last = (rasterize_faces(fine, heights, 2048, 2048)[0] for heights in (-order, order))
    shared = (first != last).sum() / (first >= 0).sum()
    assert shared < 1e-3, "at four times the resolution no more than slivers lie over each other"


def test_places_are_as_large_as_faces_are(mesh):
    atlas = unwrap(mesh, 1024, Report())
    real, drawn = areas(mesh.vertices[mesh.faces].astype(float)), areas(atlas.corners)
    ratio = np.sqrt(drawn[real > 1e-9] / real[real > 1e-9])
    largest = ratio.max()
    assert (ratio > 0.99 * largest * np.sqrt(MIN_COSINE_SMALL)).all()
    assert np.percentile(ratio, 10) > 0.6 * largest or len(mesh.faces) < 200


def test_a_face_is_not_mirrored(sphere_maps):
    mesh = fuse_depth_maps(sphere_maps, MeshSettings(resolution=32, texture=0), Report())
    a, b, c = unwrap(mesh, 512, Report()).corners.transpose(1, 0, 2)
    (x1, y1), (x2, y2) = (b - a).T, (c - a).T
    assert (x1 * y2 - x2 * y1 > 0).all()


def test_charts_are_few_and_apart(sphere_maps):
    mesh = fuse_depth_maps(sphere_maps, MeshSettings(resolution=48, texture=0), Report())
    faces = Faces.of(mesh)
    charts = connected_charts(faces, projection_directions(faces, lambda: None))
    assert 6 <= charts.max() + 1 <= 12, "a sphere has six sides"
    atlas = unwrap(mesh, 512, Report())
    assert (atlas.face_index >= 0).mean() > 0.3
    assert_gutters(mesh, atlas)


def assert_gutters(mesh: Trimesh, atlas: Atlas) -> None:
    """Texels of faces that are no neighbors on the surface are no neighbors in the picture."""
    for shift in range(1, 2 * GUTTER):
        here, there = atlas.face_index[:, shift:].ravel(), atlas.face_index[:, :-shift].ravel()
        both = (here >= 0) & (there >= 0)
        near = np.linalg.norm(middles(mesh)[here[both]] - middles(mesh)[there[both]], axis=1)
        assert near.max() < 0.5, "of a sphere of radius 0.8"


def middles(mesh: Trimesh) -> np.ndarray:
    return mesh.vertices[mesh.faces].mean(axis=1)


def test_what_lies_over_itself_is_cut():
    mesh = spiral()
    faces = Faces.of(mesh)
    charts = connected_charts(faces, projection_directions(faces, lambda: None))
    assert charts.max() == 0, "one chart, as all of it is seen from above"
    corners = unwrap(mesh, 512, Report()).corners
    assert not rasterize_faces(corners, np.zeros((len(corners), 3)), 512, 512)[1].any()


@pytest.mark.parametrize("size", [8, 40])
def test_too_small_a_picture_is_a_sentence(size):
    with pytest.raises(TttlrmError, match=rf"A texture of {size} pixels is too small for the \d+ pieces") as caught:
        unwrap(noise(), size, Report())
    assert caught.value.code == "bad_settings" and "larger texture" in caught.value.hint


def test_stops_when_cancelled():
    report = Report()
    report.cancel()
    with pytest.raises(Cancelled):
        unwrap(spiral(), 256, report)


@pytest.mark.parametrize("seed", range(5))
def test_drawing_agrees_with_the_reference(seed):
    random = np.random.default_rng(seed)
    triangles = random.uniform(-4, 36, size=(30, 3, 2))
    triangles[5] = triangles[5, :1]  # without area
    triangles[6:12] = random.uniform(5, 8, size=(6, 1, 2)) + random.uniform(-1, 1, size=(6, 3, 2))
    heights = random.uniform(size=(30, 3))
    fast, plain = (each(triangles, heights, 24, 32) for each in (rasterize_faces, rasterize_faces_reference))
    for first, second in zip(fast, plain, strict=True):
        np.testing.assert_array_equal(first, second)
