# SPDX-License-Identifier: GPL-3.0-or-later
"""Surfaces from exact depth maps and from splats."""

import numpy as np
import pytest
from trimesh import Trimesh
from trimesh.creation import icosphere

from tttlrm_blender.errors import Cancelled, TttlrmError
from tttlrm_blender.gaussians.gaussians import SH_DC, Gaussians
from tttlrm_blender.geometry.cameras import Cameras
from tttlrm_blender.mesh.depth_maps import DepthMaps
from tttlrm_blender.mesh.fuse import fuse, fuse_depth_maps, without_ground
from tttlrm_blender.mesh.mesh import colors_of, make_mesh, mesh_arrays
from tttlrm_blender.mesh.scene_box import scene_box
from tttlrm_blender.progress import Report
from tttlrm_blender.protocol.settings import MeshSettings

from .conftest import CENTER, HALF, RADIUS, SIZE, around, box, paint, sphere, trace_views


def volume_of(mesh: Trimesh) -> float:
    """Enclosed volume, positive when faces look outwards."""
    a, b, c = mesh.vertices[mesh.faces].astype(np.float64).transpose(1, 0, 2)
    return float(np.einsum("ni,ni->n", a, np.cross(b, c)).sum() / 6)


def open_edges(mesh: Trimesh) -> int:
    """Edges that do not lie between exactly two faces."""
    edges = np.sort(mesh.faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
    return int((np.unique(edges, axis=0, return_counts=True)[1] != 2).sum())


def assert_well_formed(mesh: Trimesh) -> None:
    sent, colors = mesh_arrays(mesh), colors_of(mesh)
    assert [sent[name].dtype for name in ("vertices", "faces", "colors")] == [np.float32, np.int32, np.float32]
    assert len(mesh.vertices) == len(colors) and colors.min() >= 0 and colors.max() <= 1
    assert set(np.unique(mesh.faces)) == set(range(len(mesh.vertices)))


def test_sphere(sphere_maps):
    mesh = fuse_depth_maps(sphere_maps, MeshSettings(texture=0, resolution=48), Report())
    voxel = 2 * RADIUS / 48
    assert_well_formed(mesh)
    assert np.abs(np.linalg.norm(mesh.vertices - CENTER, axis=1) - RADIUS).max() < voxel
    assert volume_of(mesh) == pytest.approx(4 / 3 * np.pi * RADIUS**3, rel=0.02)
    assert open_edges(mesh) == 0
    assert np.abs(colors_of(mesh) - paint(mesh.vertices)).mean() < 0.01


def test_box(box_maps):
    mesh = fuse_depth_maps(box_maps, MeshSettings(texture=0, resolution=64), Report())
    voxel = 2 * HALF.max() / 64
    assert_well_formed(mesh)
    offset = np.abs(mesh.vertices - CENTER) - HALF
    assert np.abs(offset.max(axis=1)).max() < 1.5 * voxel
    assert np.abs(offset.max(axis=1)).mean() < 0.3 * voxel
    assert volume_of(mesh) == pytest.approx(8 * HALF.prod(), rel=0.03)
    assert open_edges(mesh) < 0.001 * len(mesh.faces)


def test_half_seen_sphere_stays_open(sphere_maps):
    """Unobserved space gets no surface."""
    front = np.flatnonzero(sphere_maps.cameras.c2w[:, 2, 3] > CENTER[2] + 1.5)
    maps = DepthMaps(*(a[front] for a in (sphere_maps.depth, sphere_maps.confidence, sphere_maps.color, sphere_maps.cameras)))
    mesh = fuse_depth_maps(maps, MeshSettings(texture=0, resolution=48), Report())
    assert np.abs(np.linalg.norm(mesh.vertices - CENTER, axis=1) - RADIUS).max() < 2 * RADIUS / 48
    assert mesh.vertices[:, 2].min() > CENTER[2] - RADIUS and open_edges(mesh) > 0


def test_box_leaves_far_surroundings_out(sphere_maps):
    def with_far_wall(origin, directions):
        return np.minimum(sphere(origin, directions), 40.0)

    low, high = scene_box(trace_views(with_far_wall, around(30)))
    expected = scene_box(sphere_maps)
    np.testing.assert_allclose((low, high), expected, atol=0.05)
    np.testing.assert_allclose(expected, (CENTER - RADIUS, CENTER + RADIUS), atol=0.1)


def test_box_of_a_room_seen_from_inside():
    def room(origin, directions):
        with np.errstate(divide="ignore"):
            return ((CENTER + np.sign(directions) * HALF * 4 - origin) / directions).min(-1)

    cameras = around(30, distance=-0.3)
    low, high = scene_box(trace_views(room, cameras))
    np.testing.assert_allclose((low, high), (CENTER - 4 * HALF, CENTER + 4 * HALF), atol=0.1)


def splats_on_sphere(count: int) -> Gaussians:
    """Opaque flat splats on the sphere, in the colors of `paint`."""
    normals = np.random.default_rng(0).normal(size=(count, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    means = CENTER + RADIUS * normals
    size = 1.5 * RADIUS * np.sqrt(4 * np.pi / count)
    x, y, z = normals.T
    turns = np.stack([1 + z, -y, x, np.zeros(count)], axis=1)  # from +z to the normals
    arrays = (
        means,
        turns / np.linalg.norm(turns, axis=1, keepdims=True),
        np.tile(size / 2 * np.array([1, 1, 0.05]), (count, 1)),
        np.full(count, 0.95),
        ((paint(means) - 0.5) / SH_DC)[:, None],
    )
    return Gaussians(*(array.astype(np.float32) for array in arrays))


def test_from_splats():
    stages = []
    report = Report()
    report.progress = lambda stage, fraction: stages.append(stage)
    mesh = fuse(splats_on_sphere(8000), around(24), MeshSettings(resolution=40, texture=256), report)
    assert_well_formed(mesh)
    radii = np.linalg.norm(mesh.vertices - CENTER, axis=1)
    assert abs(np.median(radii) - RADIUS) < 2 * RADIUS / 40
    assert np.abs(radii - RADIUS).max() < 3 * 2 * RADIUS / 40
    assert volume_of(mesh) == pytest.approx(4 / 3 * np.pi * RADIUS**3, rel=0.1)
    assert np.abs(colors_of(mesh) - paint(mesh.vertices)).mean() < 0.03
    assert list(dict.fromkeys(stages)) == ["render depth", "fuse depth", "extract surface", "unwrap", "bake texture"]
    assert stages.count("extract surface") > 24  # one for every view


def nothing(origin: np.ndarray, directions: np.ndarray) -> np.ndarray:
    return np.full(directions.shape[:-1], np.inf)


def test_says_when_there_is_no_surface():
    with pytest.raises(TttlrmError, match="no solid surface") as caught:
        fuse_depth_maps(trace_views(nothing, around(3)), MeshSettings(), Report())
    assert caught.value.code == "no_surface"
    with pytest.raises(TttlrmError, match="no solid surface"):
        fuse(splats_on_sphere(10)[:0], around(3), MeshSettings(), Report())
    faint = splats_on_sphere(500)
    faint.opacities[:] = 0.01
    with pytest.raises(TttlrmError, match="no solid surface"):
        fuse(faint, around(3), MeshSettings(), Report())


@pytest.mark.parametrize("resolution", [-1, 3, 5000])
def test_refuses_resolutions_that_make_no_sense(sphere_maps, resolution):
    with pytest.raises(TttlrmError, match=f"cannot have a resolution of {resolution} voxels"):
        fuse_depth_maps(sphere_maps, MeshSettings(texture=0, resolution=resolution), Report())


def test_a_voxel_size_replaces_the_resolution(sphere_maps):
    low, high = scene_box(sphere_maps)
    by_size = fuse_depth_maps(
        sphere_maps, MeshSettings(texture=0, resolution=192, voxel=float((high - low).max()) / 48), Report()
    )
    by_count = fuse_depth_maps(sphere_maps, MeshSettings(texture=0, resolution=48), Report())
    np.testing.assert_array_equal(by_size.vertices, by_count.vertices)
    for voxel in (1e-5, 1.0):
        with pytest.raises(TttlrmError, match=r"voxel size of .* Choose a voxel size of 0\.00077 to 0\.2"):
            fuse_depth_maps(sphere_maps, MeshSettings(texture=0, voxel=voxel), Report())


def test_a_simplified_sphere_is_still_one(sphere_maps):
    mesh = fuse_depth_maps(sphere_maps, MeshSettings(texture=0, resolution=48, faces=1000), Report())
    assert_well_formed(mesh)
    assert len(mesh.faces) == 1000 and open_edges(mesh) == 0
    assert volume_of(mesh) == pytest.approx(4 / 3 * np.pi * RADIUS**3, rel=0.02)
    assert np.abs(colors_of(mesh) - paint(mesh.vertices)).mean() < 0.02
    few = fuse_depth_maps(sphere_maps, MeshSettings(texture=0, resolution=48, faces=1), Report())
    assert 4 <= len(few.faces) <= 24


def test_a_mesh_with_few_enough_faces_stays(sphere_maps):
    plain = fuse_depth_maps(sphere_maps, MeshSettings(texture=0, resolution=24), Report())
    bounded = fuse_depth_maps(sphere_maps, MeshSettings(texture=0, resolution=24, faces=len(plain.faces)), Report())
    np.testing.assert_array_equal(plain.vertices, bounded.vertices)


def floor() -> tuple[np.ndarray, np.ndarray]:
    """Vertices and faces of a square at z = 0."""
    x, y = np.meshgrid(np.linspace(-2, 2, 41), np.linspace(-2, 2, 41))
    corner = (np.arange(40)[:, None] * 41 + np.arange(40)).reshape(-1)
    faces = np.concatenate([corner[:, None] + [0, 1, 42], corner[:, None] + [0, 42, 41]])
    return np.stack([x, y, 0 * x], axis=-1).reshape(-1, 3), faces


def plain(vertices: np.ndarray, faces: np.ndarray) -> Trimesh:
    return make_mesh(vertices, faces, np.full((len(vertices), 3), 0.5, np.float32))


def test_what_stands_on_the_ground_is_left_without_it():
    (vertices, faces), ball = floor(), icosphere(3, 0.5)
    ball.apply_translation([0, 0, 0.4])
    scene = plain(np.concatenate([vertices, ball.vertices]), np.concatenate([faces, ball.faces + len(vertices)]))
    cut = without_ground(scene, around(200, center=np.zeros(3)).c2w[:60], 4)
    assert len(cut.faces) < len(ball.faces) and 0.02 < cut.vertices[:, 2].min() < 0.15
    assert cut.vertices[:, 2].max() == pytest.approx(0.9, abs=0.01) and len(colors_of(cut)) == len(cut.vertices)


def test_ground_alone_is_nothing():
    with pytest.raises(TttlrmError, match="Nothing stands on the ground") as caught:
        without_ground(plain(*floor()), around(200, center=np.zeros(3)).c2w[:60], 4)
    assert caught.value.code == "no_surface"


def test_stops_when_cancelled():
    report = Report()
    report.cancel()
    with pytest.raises(Cancelled):
        fuse(splats_on_sphere(10), around(3), MeshSettings(), report)


def test_edges_and_flat_views_are_not_trusted():
    maps = trace_views(box, around(6))
    row = SIZE[1] // 2
    hit = maps.depth > 0
    edge = hit[:, row, 1:] != hit[:, row, :-1]
    assert edge.any() and not maps.confidence[:, row, 1:][edge].any() and not maps.confidence[:, row, :-1][edge].any()
    assert (maps.confidence[hit] > 0).mean() > 0.7


def test_depth_maps_are_drawn_small_enough():
    cameras = around(1)
    large = Cameras(cameras.c2w, cameras.intrinsics * 16, cameras.sizes * 16)
    mesh = fuse(splats_on_sphere(8000), large, MeshSettings(texture=0, resolution=20), Report())
    assert np.abs(np.linalg.norm(mesh.vertices - CENTER, axis=1) - RADIUS).mean() < 0.1


def test_views_that_hardly_agree_still_give_a_mesh_and_a_note():
    notes, report = [], Report()
    report.note = notes.append
    mesh = fuse(splats_on_sphere(8000), around(2), MeshSettings(resolution=40, texture=0), report)
    assert len(mesh.faces) > 100 and ["hardly agree" in note for note in map(str, notes)] == [True]
