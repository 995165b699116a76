# SPDX-License-Identifier: GPL-3.0-or-later
"""Textures: nearer to the truth than vertex colors, and nowhere without color."""

from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from trimesh import Trimesh

from tttlrm_blender.errors import Cancelled
from tttlrm_blender.mesh.depth_maps import DepthMaps, rays
from tttlrm_blender.mesh.fuse import fuse_depth_maps
from tttlrm_blender.mesh.mesh import make_mesh, texture_of
from tttlrm_blender.mesh.texture import Texels, add_view, add_view_reference, bake, texels_at, textured
from tttlrm_blender.mesh.unwrap import Atlas, unwrap
from tttlrm_blender.photos.load import PhotoSet
from tttlrm_blender.progress import Report
from tttlrm_blender.protocol.settings import MeshSettings

from .conftest import CENTER, RADIUS, around, paint, sphere

TOLERANCE = 0.1
SIZE = 256


def stripes(points: np.ndarray) -> np.ndarray:
    """Colors, 0 to 1, with more detail than the vertices of a coarse mesh can hold."""
    return 0.5 + 0.4 * np.sin(25 * (points - CENTER))


@pytest.fixture(scope="module")
def coarse(sphere_maps) -> Trimesh:
    """A sphere of few faces, in the colors of `stripes` at its vertices."""
    mesh = fuse_depth_maps(sphere_maps, MeshSettings(resolution=20, texture=0), Report())
    return make_mesh(mesh.vertices, mesh.faces, stripes(mesh.vertices).astype(np.float32))


@pytest.fixture(scope="module")
def atlas(coarse) -> Atlas:
    return unwrap(coarse, SIZE, Report())


@pytest.fixture(scope="module")
def photos() -> PhotoSet:
    """Photos of a striped sphere, twice as large as the depth maps are."""
    cameras = around(30)
    width, height = (2 * cameras.sizes[0]).tolist()
    cameras, images = cameras.resized(width, height), []
    for c2w, intrinsics in zip(cameras.c2w, cameras.intrinsics, strict=True):
        directions = rays(intrinsics, height, width).astype(np.float64) @ c2w[:3, :3].T
        depth = sphere(c2w[:3, 3], directions)
        hit = np.isfinite(depth)[..., None]
        images.append(np.where(hit, stripes(c2w[:3, 3] + directions * np.where(hit, depth[..., None], 0)), 0))
    return PhotoSet([str(view) for view in range(30)], np.float32(images), cameras)


def truth(mesh: Trimesh, atlas: Atlas) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows and columns of the texels with a face, and what color belongs there."""
    rows, columns = np.nonzero(atlas.face_index >= 0)
    points = texels_at(Texels.at_vertices(mesh), mesh.faces, atlas, rows, columns).points
    outwards = (points - CENTER) / np.linalg.norm(points - CENTER, axis=1, keepdims=True)
    return rows, columns, stripes(CENTER + RADIUS * outwards)


def error(picture: np.ndarray, mesh: Trimesh, atlas: Atlas) -> float:
    rows, columns, colors = truth(mesh, atlas)
    return float(np.abs(picture[::-1][rows, columns] / 255 - colors).mean())


def test_a_texture_has_more_detail_than_vertex_colors(sphere_maps, coarse, atlas, photos):
    vertex_colors = bake(coarse, atlas, sphere_maps, blind(photos), TOLERANCE, Report())
    texture = bake(coarse, atlas, sphere_maps, photos, TOLERANCE, Report())
    assert error(texture, coarse, atlas) < 0.25 * error(vertex_colors, coarse, atlas)
    assert error(texture, coarse, atlas) < 0.03


def test_without_photos_the_maps_have_the_colours(sphere_maps, coarse, atlas):
    picture = bake(coarse, atlas, sphere_maps, None, TOLERANCE, Report())
    rows, columns, _ = truth(coarse, atlas)
    points = texels_at(Texels.at_vertices(coarse), coarse.faces, atlas, rows, columns).points
    assert np.abs(picture[::-1][rows, columns] / 255 - paint(points)).mean() < 0.01


def blind(photos: PhotoSet) -> PhotoSet:
    """Photos with all pixels masked."""
    return replace(photos, weights=np.zeros(photos.images.shape[:3], np.float32))


def test_what_no_view_sees_has_the_colours_of_the_vertices(sphere_maps, coarse, atlas, photos):
    above = np.flatnonzero(sphere_maps.cameras.c2w[:, 2, 3] > CENTER[2] + 2)
    maps = DepthMaps(*(a[above] for a in (sphere_maps.depth, sphere_maps.confidence, sphere_maps.color, sphere_maps.cameras)))
    gray = make_mesh(coarse.vertices, coarse.faces, np.full((len(coarse.vertices), 3), 0.5, np.float32))
    picture = bake(gray, atlas, maps, photos[above], TOLERANCE, Report())[::-1]
    rows, columns, colors = truth(gray, atlas)
    z = texels_at(Texels.at_vertices(gray), gray.faces, atlas, rows, columns).points[:, 2] - CENTER[2]
    assert (np.abs(picture[rows, columns][z < -0.6] - 127.5) < 1).all()
    assert np.abs(picture[rows, columns] / 255 - colors)[z > 0.4].mean() < 0.05


def test_masked_pixels_do_not_count(sphere_maps, coarse, atlas, photos):
    """A black object in front of some cameras is masked."""
    spoiled = replace(photos, images=photos.images.copy(), weights=np.ones(photos.images.shape[:3], np.float32))
    spoiled.images[::2], spoiled.weights[::2] = 0, 0
    assert error(bake(coarse, atlas, sphere_maps, spoiled, TOLERANCE, Report()), coarse, atlas) < 0.05


def test_gutters_continue_the_charts(sphere_maps, coarse, atlas, photos):
    bright = replace(photos, images=np.maximum(photos.images, 0.2))
    picture = bake(coarse, atlas, sphere_maps, bright, TOLERANCE, Report())
    assert picture.shape == (SIZE, SIZE, 3) and picture.dtype == np.uint8
    assert picture.min() > 40, "no texel is left black"


def test_views_agree_with_the_reference(sphere_maps, coarse, atlas, photos):
    rows, columns = np.nonzero(atlas.face_index >= 0)
    texels = texels_at(Texels.at_vertices(coarse), coarse.faces, atlas, rows, columns)
    for given in (photos, None):
        fast, plain = np.zeros((2, len(rows), 4), np.float32)
        for view in (0, 7, 21):
            add_view(fast, texels, sphere_maps, given, view, TOLERANCE)
            add_view_reference(plain, texels, sphere_maps, given, view, TOLERANCE)
        assert (fast[:, 3] > 0).mean() > 0.2
        np.testing.assert_allclose(fast, plain, rtol=2e-2, atol=2e-3 * plain.max())


def test_a_textured_mesh_has_a_picture_of_its_size(sphere_maps, coarse, photos):
    stages = []
    report = Report()
    report.progress = lambda stage, fraction: stages.append((stage, fraction))
    mesh = textured(coarse, SIZE, sphere_maps, photos, TOLERANCE, report)
    np.testing.assert_array_equal(mesh.vertices, coarse.vertices)
    assert Image.open(BytesIO(texture_of(mesh).tobytes())).size == (SIZE, SIZE)
    assert list(dict.fromkeys(stage for stage, _ in stages)) == ["unwrap", "bake texture"]
    assert [f for stage, f in stages if stage == "bake texture"] == sorted(f for stage, f in stages if stage == "bake texture")


def test_stops_when_cancelled(sphere_maps, coarse, atlas):
    report = Report()
    report.progress = lambda stage, fraction: report.cancel() if fraction > 0.3 else None
    with pytest.raises(Cancelled):
        bake(coarse, atlas, sphere_maps, None, TOLERANCE, report)


def test_texels_beside_their_face_lie_on_it():
    """Faces too small to cover a texel's center have the texel around them."""
    vertices = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]], np.float32)
    mesh = make_mesh(vertices, np.array([[0, 1, 2]], np.int32), np.eye(3, dtype=np.float32))
    corners = np.array([[[0.6, 0.6], [0.8, 0.6], [0.6, 0.8]]])
    atlas, first = Atlas(1, corners, np.zeros((1, 1), np.int32)), np.array([0])
    texels = texels_at(Texels.at_vertices(mesh), mesh.faces, atlas, first, first)
    assert isinstance(texels, Texels)
    assert texels.points.min() >= 0 and texels.points.sum() <= 1 + 1e-6
    np.testing.assert_allclose(texels.colors.sum(), 1, atol=1e-6)
