# SPDX-License-Identifier: GPL-3.0-or-later
"""Textures: nearer to the truth than vertex colors, and nowhere without color."""

from dataclasses import dataclass, replace
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from trimesh import Trimesh

from tttlrm_blender.errors import Cancelled
from tttlrm_blender.geometry.cameras import Cameras
from tttlrm_blender.mesh.blend import Points, add_picture, edge_weights, prepared
from tttlrm_blender.mesh.depth_maps import rays
from tttlrm_blender.mesh.fuse import fuse_depth_maps
from tttlrm_blender.mesh.mesh import make_mesh, texture_of
from tttlrm_blender.mesh.pictures import Picture, SplatPictures
from tttlrm_blender.mesh.texture import bake_colors, filled, points_at, texels_at
from tttlrm_blender.mesh.textured import textured
from tttlrm_blender.mesh.unwrap import Atlas, unwrap
from tttlrm_blender.mesh.visibility import draw_depth
from tttlrm_blender.photos.load import PhotoSet
from tttlrm_blender.progress import Report
from tttlrm_blender.protocol.settings import MeshSettings

from .conftest import CENTER, RADIUS, around, paint, sphere

SIZE = 256


@dataclass(frozen=True)
class Loaded:
    """Pictures in memory."""

    photos: PhotoSet

    @property
    def cameras(self) -> Cameras:
        return self.photos.cameras

    def read(self, view: int, shrink: float) -> Picture:
        weights = None if self.photos.weights is None else self.photos.weights[view]
        return Picture(self.photos.images[view], weights, self.cameras.intrinsics[view])

    def in_even_light(self, points, listen=None) -> "Loaded":
        return self


def stripes(points: np.ndarray) -> np.ndarray:
    """Colors, 0 to 1, with more detail than the vertices of a coarse mesh can hold."""
    return 0.5 + 0.4 * np.sin(25 * (points - CENTER))


@pytest.fixture(scope="module")
def coarse(sphere_maps) -> Trimesh:
    """A sphere of few faces."""
    return fuse_depth_maps(sphere_maps, MeshSettings(resolution=20, texture=0), Report())


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


def truth(mesh: Trimesh, atlas: Atlas) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Rows and columns of the texels with a face, where they are, and what color belongs there."""
    rows, columns = np.nonzero(atlas.face_index >= 0)
    points = points_at(mesh, atlas, np.flatnonzero(atlas.face_index >= 0)).points
    outwards = (points - CENTER) / np.linalg.norm(points - CENTER, axis=1, keepdims=True)
    return rows, columns, points, stripes(CENTER + RADIUS * outwards)


def error(picture: np.ndarray, mesh: Trimesh, atlas: Atlas) -> float:
    rows, columns, _, colors = truth(mesh, atlas)
    return float(np.abs(picture[::-1][rows, columns] / 255 - colors).mean())


def test_a_texture_shows_what_photos_show(coarse, atlas, photos):
    assert error(bake_colors(coarse, atlas, Loaded(photos), Report()), coarse, atlas) < 0.03


def test_without_photos_the_maps_have_the_colors(sphere_maps, coarse, atlas):
    picture = bake_colors(coarse, atlas, SplatPictures(sphere_maps), Report())
    rows, columns, points, _ = truth(coarse, atlas)
    assert np.abs(picture[::-1][rows, columns] / 255 - paint(points)).mean() < 0.01


def test_what_no_photo_sees_is_filled_from_its_surroundings(coarse, atlas, photos):
    above = np.flatnonzero(photos.cameras.c2w[:, 2, 3] > CENTER[2] + 2)
    bright = replace(photos, images=0.5 + 0.5 * photos.images)[above]
    picture = bake_colors(coarse, atlas, Loaded(bright), Report())[::-1]
    rows, columns, points, colors = truth(coarse, atlas)
    z = points[:, 2] - CENTER[2]
    assert picture[rows, columns][z < -0.6].min() > 127
    assert np.abs(picture[rows, columns] / 255 - 0.5 - 0.5 * colors)[z > 0.4].mean() < 0.03


def test_without_any_pixel_all_is_gray(coarse, atlas, photos):
    blind = replace(photos, weights=np.zeros(photos.images.shape[:3], np.float32))
    picture = bake_colors(coarse, atlas, Loaded(blind), Report())
    assert (np.abs(picture - 127.5) < 1).all()


def test_filled_colors_are_smooth():
    """A chain of vertices with known ends."""
    edges = np.stack([np.arange(10), np.arange(1, 11)], axis=1)
    colors, known = np.zeros((11, 3)), np.zeros(11, bool)
    colors[10], known[[0, 10]] = 1, True
    np.testing.assert_allclose(filled(colors, known, edges)[:, 0], np.linspace(0, 1, 11), atol=0.01)


def test_masked_pixels_do_not_count(coarse, atlas, photos):
    """A black object in front of some cameras is masked."""
    spoiled = replace(photos, images=photos.images.copy(), weights=np.ones(photos.images.shape[:3], np.float32))
    spoiled.images[::2], spoiled.weights[::2] = 0, 0
    assert error(bake_colors(coarse, atlas, Loaded(spoiled), Report()), coarse, atlas) < 0.05


def test_a_surface_is_hidden_by_the_mesh_itself(photos):
    """Of two squares above each other, the photos from above show only the upper, which is white."""
    square = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]]) * 0.5 + CENTER
    vertices = np.concatenate([square, square - [0, 0, 0.5]])
    faces = np.array([[0, 1, 2], [0, 2, 3], [4, 5, 6], [4, 6, 7]])
    mesh = make_mesh(np.float32(vertices), np.int32(faces), np.full((8, 3), 0.5, np.float32))
    top = np.argsort(-photos.cameras.c2w[:, 2, 3])[:1]
    seen = replace(photos[top], images=np.ones_like(photos.images[top]))
    w2c = np.linalg.inv(seen.cameras.c2w[0])
    middles = Points(np.float32([CENTER, CENTER - [0, 0, 0.5]]), np.float32([[0, 0, 1]] * 2))
    picture, total = Loaded(seen).read(0, 1), np.zeros((2, 8), np.float32)
    depth = draw_depth(mesh.vertices @ w2c[:3, :3].T + w2c[:3, 3], mesh.faces, picture.intrinsics, picture.size)
    add_picture(total, middles, w2c, picture, depth, 0.01)
    assert total[0, 3] > 0 and total[1, 3] == 0


def test_edges_weigh_little():
    depth = np.full((40, 60), 1.0, np.float32)
    depth[:, 30:], depth[:, 50:] = 2, np.inf
    weights = edge_weights(depth, np.array([50.0, 50, 30, 20]), None)
    assert weights[20, 15] == 1 and weights[20, 29] < 0.1 and 0 < weights[20, 30] < 0.1 and weights[20, 55] == 0


def test_bands_add_up_to_the_photo(photos):
    picture = Loaded(photos).read(3, 1)
    *_, bands, _ = prepared(np.eye(4), picture, np.ones(picture.image.shape[:2], np.float32))
    np.testing.assert_allclose(bands[..., :3] + bands[..., 3:], picture.image, atol=1e-6)


def test_gutters_continue_the_charts(coarse, atlas, photos):
    bright = replace(photos, images=np.maximum(photos.images, 0.2))
    picture = bake_colors(coarse, atlas, Loaded(bright), Report())
    assert picture.shape == (SIZE, SIZE, 3) and picture.dtype == np.uint8
    assert picture.min() > 40, "no texel is left black"


@pytest.mark.parametrize("image", ["jpeg", "png"])
def test_a_textured_mesh_has_a_picture_of_its_size(image, coarse, photos):
    stages = []
    report = Report()
    report.progress = lambda stage, fraction: stages.append((stage, fraction))
    mesh = textured(coarse, MeshSettings(texture=SIZE, image=image), Loaded(photos), report)
    np.testing.assert_array_equal(mesh.vertices, coarse.vertices)
    picture = Image.open(BytesIO(texture_of(mesh).tobytes()))
    assert picture.size == (SIZE, SIZE) and picture.format == image.upper()
    assert list(dict.fromkeys(stage for stage, _ in stages)) == ["unwrap", "bake texture"]
    assert [f for stage, f in stages if stage == "bake texture"] == sorted(f for stage, f in stages if stage == "bake texture")


def test_stops_when_cancelled(sphere_maps, coarse, atlas):
    report = Report()
    report.progress = lambda stage, fraction: report.cancel() if stage == "bake texture" else None
    with pytest.raises(Cancelled):
        bake_colors(coarse, atlas, SplatPictures(sphere_maps), report)


def test_texels_beside_their_face_lie_on_it():
    """Faces too small to cover a texel's center have the texel around them."""
    vertices = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]], np.float32)
    mesh = make_mesh(vertices, np.array([[0, 1, 2]], np.int32), np.eye(3, dtype=np.float32))
    corners = np.array([[[0.6, 0.6], [0.8, 0.6], [0.6, 0.8]]])
    atlas, first = Atlas(1, corners, np.zeros((1, 1), np.int32)), np.array([0])
    corners, shares = texels_at(mesh.faces, atlas, first, first)
    assert shares.min() >= 0 and corners.tolist() == [[0, 1, 2]]
    np.testing.assert_allclose(shares.sum(), 1, atol=1e-6)
