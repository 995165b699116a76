# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tttlrm_blender.gaussians import drawing, harmonics
from tttlrm_blender.gaussians.drawing import Cloud, Eye, Placed, back_to_front, falling, interleave, pack, places
from tttlrm_blender.gaussians.transform import apply_matrix

AHEAD = Eye(np.eye(4), np.array([[1.0, 0, 0, 0], [0, 1, 0, 0], [0, 0, -1, -0.02], [0, 0, -1, 0]]))  # looks along −z
FINITE = st.floats(width=32, allow_nan=False, allow_infinity=False)


@given(arrays(np.float32, st.integers(0, 200), elements=FINITE | st.sampled_from([0.0, -0.0, 1.0])))
def test_sorting_by_digits_is_sorting(values):
    order = falling(values)
    np.testing.assert_array_equal(values[order], np.sort(values)[::-1])
    assert len(set(order)) == len(values)


def test_equal_values_keep_their_order():
    np.testing.assert_array_equal(falling(np.array([1, 2, 1, 2, 1], dtype=np.float32)), [1, 3, 0, 2, 4])


@pytest.mark.parametrize("count", [0, 1, 5, drawing.BLOCK, 2 * drawing.BLOCK + 3])
def test_interleaving_is_assigning_to_slices(count):
    rng = np.random.default_rng(0)
    columns = [rng.random((count, width), dtype=np.float32) for width in (3, 1, 4)]
    columns.append(rng.random((count, 4), dtype=np.float32)[:, :3])
    rows, expected = np.ones((count, 12), np.float32), np.zeros((count, 12), np.float32)
    interleave(columns, rows)
    for start, column in zip((0, 3, 4, 8), columns, strict=True):
        expected[:, start : start + column.shape[1]] = column
    np.testing.assert_array_equal(rows, expected)


def test_packed_texels_hold_every_splat_of_every_cloud(random_splats):
    clouds = [random_splats(10, degree=3), random_splats(7000, degree=1, seed=1), random_splats(1, degree=0)]
    packed, texels = pack([Cloud.of(cloud) for cloud in clouds])
    np.testing.assert_array_equal(packed.starts, [0, 10, 7010, 7011])
    shapes = texels.shapes.reshape(-1, 4)[: 7011 * 3].reshape(7011, 12)
    colors = texels.harmonics.reshape(-1, 4)[: 7011 * 12].reshape(7011, 16, 3)
    assert texels.shapes.shape[1] == texels.harmonics.shape[1] == drawing.WIDTH and texels.terms == 16
    for start, cloud in zip(packed.starts, clouds, strict=False):
        here, terms = slice(start, start + len(cloud)), cloud.sh.shape[1]
        for columns, expected in ((slice(3), cloud.means), (3, cloud.opacities), (slice(4, 8), cloud.quats)):
            np.testing.assert_array_equal(shapes[here, columns], expected)
        np.testing.assert_array_equal(shapes[here, 8:11], cloud.scales)
        np.testing.assert_array_equal(colors[here, :terms], cloud.sh)
        assert not colors[here, terms:].any()


def test_splats_of_all_appearances_are_sorted_together(random_splats):
    packed, _ = pack([Cloud.of(random_splats(50)), Cloud.of(random_splats(30, seed=1))])
    turned = np.diag([-2.0, 1, -1, 1])
    placed = [Placed(1, np.eye(4)), Placed(0, turned), Placed(1, turned)]
    texels, count = back_to_front(packed, placed, AHEAD, budget=1000)
    splats, owners = texels.reshape(-1, 2)[:count].astype(int).T
    assert sorted(zip(owners, splats, strict=True)) == [
        (owner, splat) for owner, one in enumerate(placed) for splat in range(*packed.starts[one.cloud : one.cloud + 2])
    ]
    depths = [-(placed[owner].matrix[:3, :3] @ packed.means[splat])[2] for owner, splat in zip(owners, splats, strict=True)]
    assert (np.diff(depths) <= 0).all()


def test_above_the_budget_the_splats_that_matter_in_the_view_are_drawn(random_splats):
    splats = random_splats(100)
    splats.means[:] = (0, 0, -5)
    splats.means[:50] = (0, 0, 5)  # behind the eye
    splats.opacities[50:60] = 1.0
    splats.scales[50:60] = 10.0
    texels, count = back_to_front(pack([Cloud.of(splats)])[0], [Placed(0, np.eye(4))], AHEAD, budget=10)
    assert sorted(texels.reshape(-1, 2)[:count, 0]) == list(range(50, 60))


@pytest.mark.parametrize("stretch", [(1, 1, 1), (2, 2, 2), (-1, 1, 1), (1, 0.3, -2)])
def test_directions_are_turned_as_baked_colors_are(random_splats, stretch):
    splats = random_splats(20)
    rng = np.random.default_rng(2)
    turn, view = (np.linalg.qr(rng.normal(size=(3, 3)))[0] for _ in range(2))
    matrix, eye = np.eye(4), np.eye(4)
    matrix[:3, :3], eye[:3, :3] = turn * stretch, view
    rows = places([Placed(0, matrix)], Eye(eye, AHEAD.projection)).reshape(-1, 4)[3:6, :3]
    directions = rng.normal(size=(20, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    baked = harmonics.colors(apply_matrix(splats, matrix).sh, directions)
    np.testing.assert_allclose(harmonics.colors(splats.sh, directions @ view.T @ rows.T), baked, atol=1e-5)
