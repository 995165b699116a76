# SPDX-License-Identifier: GPL-3.0-or-later
"""Written cameras are read back by the readers of photo sets."""

import numpy as np
import pytest
from PIL import Image
from scipy.spatial.transform import Rotation

from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.geometry.cameras import Cameras
from tttlrm_blender.poses.camera_writers import write_colmap, write_transforms
from tttlrm_blender.poses.colmap import read_cameras as read_colmap_cameras
from tttlrm_blender.poses.colmap import read_images
from tttlrm_blender.poses.find import find_photos

NAMES = ["one photo.png", "b.png", "c.png"]


@pytest.fixture
def cameras(tmp_path):
    """Three cameras, two of which have the same lens, and their photos."""
    c2w = np.tile(np.eye(4), (3, 1, 1))
    c2w[:, :3, :3], c2w[:, :3, 3] = Rotation.random(3, rng=0).as_matrix(), np.random.default_rng(0).normal(size=(3, 3))
    lenses = np.array([[50.5, 51, 30, 20.25], [60, 60, 32, 24], [60, 60, 32, 24]])
    for name in NAMES:
        Image.new("RGB", (64, 48)).save(tmp_path / name)
    return Cameras(c2w, lenses, np.tile([64, 48], (3, 1)))


def assert_same(photos, cameras):
    photos = sorted(photos, key=lambda photo: NAMES.index(photo.name))
    np.testing.assert_allclose([photo.c2w for photo in photos], cameras.c2w, atol=1e-12)
    np.testing.assert_allclose([photo.intrinsics for photo in photos], cameras.intrinsics, atol=1e-12)


def test_transforms_json(tmp_path, cameras):
    path = tmp_path / "transforms.json"
    write_transforms(path, NAMES, cameras)
    assert_same(find_photos(tmp_path), cameras)


def test_colmap(tmp_path, cameras):
    model = tmp_path / "sparse" / "0"
    write_colmap(model, NAMES, cameras)
    assert_same(find_photos(tmp_path), cameras)
    assert len(read_colmap_cameras(model)) == 2, "equal lenses are one camera"
    assert [image.camera_id for image in read_images(model)] == [1, 2, 2]


def test_another_model_is_left_alone(tmp_path, cameras):
    (tmp_path / "points3D.txt").write_text("1 0 0 0 0 0 0 0")
    with pytest.raises(TttlrmError, match=r"already contains a COLMAP model: points3D\.txt") as caught:
        write_colmap(tmp_path, NAMES, cameras)
    assert caught.value.code == "cannot_write" and not (tmp_path / "images.txt").exists()
