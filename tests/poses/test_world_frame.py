# SPDX-License-Identifier: GPL-3.0-or-later
"""Which world a scene is reconstructed in, and how large it is."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.photos.exif import gps_meters, gps_place
from tttlrm_blender.photos.photo import Photo, Source
from tttlrm_blender.poses.find import find_photos
from tttlrm_blender.poses.sparse_points import sparse_points
from tttlrm_blender.poses.world_frame import gps_scale, moved, settle
from tttlrm_blender.progress import Report

from ..photos.files import photo, poses


def photos_of(count: int = 4) -> list[Photo]:
    """Photos without files at random places."""
    return [photo(name=f"in/{i}.jpg", path=Path(f"/in/{i}.jpg"), c2w=pose) for i, pose in enumerate(poses(count))]


def located(path: Path, latitude: float, longitude: float, altitude: float = 0.0) -> Path:
    """An image file that tells where it was taken."""
    exif = Image.Exif()
    gps = {1: "S" if latitude < 0 else "N", 2: minutes(latitude), 3: "W" if longitude < 0 else "E", 4: minutes(longitude)}
    exif[0x8825] = gps | {5: int(altitude < 0), 6: abs(altitude)}
    Image.new("RGB", (8, 8)).save(path, exif=exif)
    return path


def minutes(angle: float) -> tuple[float, float, float]:
    """Degrees, minutes and seconds of the size of an angle."""
    whole, rest = divmod(abs(angle) * 60, 60)[0], abs(angle) * 60 % 60
    return float(whole), float(int(rest)), round((rest - int(rest)) * 60, 4)


def test_known_worlds_stay_as_they_are() -> None:
    before = photos_of()
    for orient in ("auto", "never"):
        similarity = settle(before, orient)
        assert similarity.scale == 1 and np.array_equal(similarity.rotation, np.eye(3))
        assert [p.c2w.tolist() for p in moved(before, similarity)] == [p.c2w.tolist() for p in before]


def test_a_distance_gives_the_size() -> None:
    before = photos_of()
    after = moved(before, settle(before, distance="in/1.jpg:3.jpg=2.5"))
    assert np.linalg.norm(after[1].c2w[:3, 3] - after[3].c2w[:3, 3]) == pytest.approx(2.5)
    for one, other in zip(before, after, strict=True):
        assert np.array_equal(one.c2w[:3, :3], other.c2w[:3, :3])
    turned = moved(before, settle(before, "always", "0.jpg:2.jpg=7"))
    assert np.linalg.norm(turned[0].c2w[:3, 3] - turned[2].c2w[:3, 3]) == pytest.approx(7)


@pytest.mark.parametrize("distance", ["0.jpg:none.jpg=2", "0.jpg:0.jpg=2"])
def test_what_is_no_distance_is_named(distance: str) -> None:
    with pytest.raises(TttlrmError, match=r"no photo none\.jpg|same place") as caught:
        settle(photos_of(), distance=distance)
    assert caught.value.code == "bad_settings"


def test_points_move_with_the_photos(shared: Path) -> None:
    before = find_photos(shared / "data/castle", str(shared / "data/colmap/castle"))
    similarity = settle(before, "always")
    after = moved(before, similarity)
    points, placed = (sparse_points(photos, Report()).means for photos in (before, after))
    np.testing.assert_allclose(similarity.points(points.astype(np.float64)), placed, atol=1e-3)
    local = [(p - c2w[:3, 3]) @ c2w[:3, :3] for p, c2w in ((points[0], before[3].c2w), (placed[0], after[3].c2w))]
    np.testing.assert_allclose(local[0] * similarity.scale, local[1], rtol=1e-3)


def test_estimated_worlds_are_turned_upright(shared: Path) -> None:
    known = find_photos(shared / "data/castle", str(shared / "data/colmap/castle"))
    estimated = [photo(c2w=p.c2w, source=Source(p.source.model, p.source.image_id, estimated=True)) for p in known if p.source]
    np.testing.assert_allclose(settle(estimated).rotation, settle(known, "always").rotation)
    assert settle(known).scale == 1


def test_places_are_read(tmp_path: Path) -> None:
    paths = [located(tmp_path / f"{i}.jpg", -33.5 + i * 1e-3, 18.25, 100 + i) for i in range(2)]
    np.testing.assert_allclose(gps_place(paths[0]), (-33.5, 18.25, 100), atol=1e-6)
    Image.new("RGB", (8, 8)).save(tmp_path / "nowhere.jpg")
    meters = gps_meters([*paths, tmp_path / "nowhere.jpg"])
    np.testing.assert_allclose(meters[0], 0, atol=1e-6)
    np.testing.assert_allclose(meters[1], [0, 111.2, 1], atol=0.1)
    assert np.isnan(meters[2]).all()


def test_gps_gives_the_size_where_it_agrees() -> None:
    chance = np.random.default_rng(0)
    positions = chance.normal(size=(12, 3))
    meters = 20 * positions[:, [1, 0, 2]] * [1, -1, 1] + chance.normal(size=(12, 3)) + 100
    assert gps_scale(meters, positions) == pytest.approx(20, rel=0.05)
    assert gps_scale(chance.normal(size=(12, 3)) * 50, positions) == 0
    assert gps_scale(meters * 0.01, positions) == 0
    assert gps_scale(meters[:2], positions[:2]) == 0
