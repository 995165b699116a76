# SPDX-License-Identifier: GPL-3.0-or-later
"""Poses and points from pycolmap in its separate process."""

import errno
import itertools
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.spatial import cKDTree

from tttlrm_blender.errors import Cancelled, TttlrmError
from tttlrm_blender.photos.photo import Photo, Source
from tttlrm_blender.poses import sfm_process
from tttlrm_blender.poses.colmap import read_cameras, read_images, read_points
from tttlrm_blender.poses.find import find_photos
from tttlrm_blender.poses.sfm_process import SfmJob, run_sfm
from tttlrm_blender.poses.sparse_points import neighbor_pairs, sparse_points, triangulate
from tttlrm_blender.progress import Report
from tttlrm_blender.stages import Stage

from ..photos.files import photo, poses, write_photo, write_transforms
from ..test_child_process import STRAY
from .test_colmap import write_binary


class Stages(Report):
    """Collects the reports."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[tuple[str, float]] = []

    def progress(self, stage: str, fraction: float) -> None:
        self.heard.append((stage, fraction))


class Impatient(Report):
    """Cancels once the process has begun."""

    def __init__(self, first: tuple[str, float] = ("features", 0.0)) -> None:
        super().__init__()
        self.first = first

    def progress(self, stage: str, fraction: float) -> None:
        if (stage, fraction) == self.first:
            self.cancel()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TTTLRM_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def aligned(source: np.ndarray, target: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """Scale, rotation and translation that bring points [N, 3] closest to others (Umeyama)."""
    p, q = source - source.mean(0), target - target.mean(0)
    left, stretch, right = np.linalg.svd(q.T @ p)
    signs = np.diag([1, 1, np.sign(np.linalg.det(left @ right))])
    rotation = left @ signs @ right
    scale = (stretch * np.diag(signs)).sum() / (p**2).sum()
    return scale, rotation, target.mean(0) - scale * rotation @ source.mean(0)


PROGRAM = """
import pathlib, sys
print("BLAS : Bad memory unallocation! :   50  0x7f53c4000000", flush=True)
(pathlib.Path(sys.argv[1]) / "progress").write_text("cameras 0.500\\n")
sys.stdin.read()
"""


@pytest.fixture
def still(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[SfmJob, list[subprocess.Popen]]:
    """A job whose process reports once, beside a native library's words, and waits for the end of its input; and that process."""
    (tmp_path / "program.py").write_text(PROGRAM, encoding="utf-8")
    popen, running = subprocess.Popen, []

    def started(command: list[str], **options: object) -> subprocess.Popen:
        running.append(popen([command[0], str(tmp_path / "program.py"), command[-1]], **options))
        return running[0]

    monkeypatch.setattr(sfm_process.subprocess, "Popen", started)
    monkeypatch.setattr(sfm_process, "PAUSE", 0.001)
    return SfmJob(images=["a"], names=["a"], pairs=None, cameras={}, poses=[], features=1), running


def test_a_process_that_is_stuck_is_ended(tmp_path: Path, still, monkeypatch: pytest.MonkeyPatch) -> None:
    job, running = still
    monkeypatch.setattr(sfm_process, "PATIENCE", 0.0)
    monkeypatch.setattr(sfm_process, "PATIENCE_PER_IMAGE", 0.05)
    with pytest.raises(TttlrmError, match="pycolmap made no progress for 0 minutes and was stopped") as caught:
        run_sfm(tmp_path, job, Report())
    assert caught.value.code == "sfm_failed" and running[0].poll() is not None


def test_cancel_reaches_a_process_that_is_stuck(tmp_path: Path, still) -> None:
    job, running = still
    report = Report()
    report.cancel()
    with pytest.raises(Cancelled):
        run_sfm(tmp_path, job, report)
    assert running[0].poll() is not None


def test_words_of_native_libraries_are_not_progress(tmp_path: Path, still) -> None:
    """Seen: OpenBLAS, which pycolmap brings, prints "Bad memory unallocation" to standard output now and then."""
    job, running = still
    with pytest.raises(Cancelled):
        run_sfm(tmp_path, job, Impatient(first=("cameras", 0.5)))
    assert running[0].poll() is not None


def test_a_process_is_not_stuck_while_it_reports(tmp_path: Path, still, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a clock on which a minute passes between two looks."""
    job, running = still
    minutes, looks = itertools.count(step=60), itertools.count()

    def latest(progress: Path) -> tuple[Stage, float]:
        number = next(looks)
        if number == 30:
            running[0].stdin.close()
        return Stage.CAMERAS, number / 1e6

    monkeypatch.setattr(sfm_process, "_latest", latest)
    monkeypatch.setattr(sfm_process.time, "monotonic", lambda: next(minutes))
    assert run_sfm(tmp_path, job, Report()) is None and next(looks) > 30


@pytest.mark.slow
def test_estimated_poses_are_cached_and_agree_with_colmap(tmp_path: Path, shared: Path, cache: Path) -> None:
    names = ["100_7101.JPG", "100_7102.JPG", "100_7103.JPG", "100_7104.JPG"]
    folder = tmp_path / "castle"
    folder.mkdir()
    for name in names:
        shutil.copy(shared / "data/castle" / name, folder)
    report = Stages()
    photos = find_photos(folder, report=report)
    assert [each.name for each in photos] == names
    assert list(dict.fromkeys(stage for stage, _ in report.heard)) == ["look", "copies", "features", "matches", "cameras"]
    assert len(list(cache.glob("poses/*"))) == 1

    reference = {each.name: each for each in find_photos(shared / "data/castle", str(shared / "data/colmap/castle"))}
    found = np.stack([each.c2w[:3, 3] for each in photos])
    expected = np.stack([reference[name].c2w[:3, 3] for name in names])
    scale, rotation, translation = aligned(found, expected)
    spread = np.sqrt(((expected - expected.mean(0)) ** 2).sum(1).mean())
    assert np.abs(scale * found @ rotation.T + translation - expected).max() < 0.02 * spread
    assert [each.intrinsics[0] for each in photos] == pytest.approx([reference[name].intrinsics[0] for name in names], rel=0.03)

    again = Stages()
    assert [each.c2w.tolist() for each in find_photos(folder, report=again)] == [each.c2w.tolist() for each in photos]
    assert {stage for stage, _ in again.heard} == {"look"}
    heard = len(again.heard)
    assert len(sparse_points(photos, again)) > 500
    assert len(again.heard) == heard


@pytest.mark.slow
def test_masked_pixels_do_not_affect_the_poses(tmp_path: Path, shared: Path) -> None:
    for name in (f"100_710{index}.JPG" for index in range(1, 6)):
        shutil.copy(shared / "data/castle" / name, tmp_path)
        with Image.open(tmp_path / name) as image:
            half = Image.new("L", image.size, 255)
            half.paste(0, (0, 0, image.width // 2, image.height))
        (tmp_path / "masks").mkdir(exist_ok=True)
        half.save(tmp_path / "masks" / f"{name}.png")
    photos = find_photos(tmp_path)
    points = sparse_points(photos, Report()).means
    assert len(points) > 100
    for each in photos:
        local = (points - each.c2w[:3, 3]) @ each.c2w[:3, :3]
        across = local[:, 0] / local[:, 2] * each.intrinsics[0] + each.intrinsics[2]
        assert (across > 0.48 * each.width).mean() > 0.98


def test_photos_of_nothing_have_no_poses(tmp_path: Path, cache: Path) -> None:
    for index in range(3):
        write_photo(tmp_path / f"photos/{index}.png", 32, 32, seed=index)
    with pytest.raises(TttlrmError, match="could not be found") as caught:
        find_photos(tmp_path / "photos")
    assert caught.value.code == "no_poses"
    assert not list(cache.glob("poses/*"))


def test_poses_beside_the_photos_are_ignored_if_they_are_to_be_estimated(tmp_path: Path) -> None:
    write_transforms(tmp_path)
    assert len(find_photos(tmp_path)) == 3
    with pytest.raises(TttlrmError, match="could not be found"):
        find_photos(tmp_path, "estimate")


def test_canceling_ends_the_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    started = []

    class Remembered(subprocess.Popen):
        def __init__(self, *arguments: object, **options: object) -> None:
            super().__init__(*arguments, **options)
            started.append(self)

    monkeypatch.setattr(subprocess, "Popen", Remembered)
    for index in range(2):
        write_photo(tmp_path / f"photos/{index}.png", 64, 64, seed=index)
    with pytest.raises(Cancelled):
        find_photos(tmp_path / "photos", report=Impatient())
    assert [process.returncode is not None for process in started] == [True]
    assert not list(cache.glob("poses/*"))


def test_variables_for_another_python_do_not_reach_the_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (STRAY | {"PYTHONHOME": sys.base_prefix, "PYTHONSAFEPATH": "1"}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "images").mkdir()
    assert run_sfm(tmp_path, SfmJob([], [], [], {}, [], 100), Report()) is None


def test_failing_process_says_why(tmp_path: Path) -> None:
    job = SfmJob(["0/none.jpg"], ["none.jpg"], [], {"0": ("NO_SUCH_CAMERA", [])}, [], 10)
    with pytest.raises(TttlrmError, match=r"pycolmap stopped: .+") as caught:
        run_sfm(tmp_path, job, Report())
    assert caught.value.code == "sfm_failed"


@pytest.mark.slow
def test_triangulated_points_lie_where_colmap_has_them(shared: Path) -> None:
    photos = find_photos(shared / "data/fox")[10:18]
    points = sparse_points(photos, Report())
    assert len(points) > 500
    assert points.means.dtype == points.colors.dtype == np.float32
    reference = find_photos(shared / "data/fox", str(shared / "data/colmap/fox"))
    everything = sparse_points(reference, Report())
    posed = find_photos(shared / "data/fox")
    scale, rotation, translation = aligned(*(np.stack([each.c2w[:3, 3] for each in each_set]) for each_set in (posed, reference)))
    moved = scale * points.means @ rotation.T + translation
    distances, nearest = cKDTree(everything.means).query(moved)
    depth = np.linalg.norm(np.median(everything.means, axis=0) - reference[10].c2w[:3, 3])
    assert np.median(distances) < 0.02 * depth
    close = distances < np.median(distances)
    assert np.abs(points.colors - everything.colors[nearest])[close].mean() < 0.1


@pytest.mark.slow
def test_triangulated_points_are_the_same_every_time(shared: Path, cache: Path) -> None:
    photos = find_photos(shared / "data/fox")[:5]
    first = sparse_points(photos, Report())
    shutil.rmtree(cache)
    second = sparse_points(photos, Report())
    assert len(first) > 100
    assert np.array_equal(first.means, second.means) and np.array_equal(first.colors, second.colors)


def test_triangulated_points_are_kept_for_the_same_photos_and_cameras(tmp_path: Path, cache: Path) -> None:
    write_transforms(tmp_path, count=6)
    photos = find_photos(tmp_path)
    first, again = Stages(), Stages()
    assert [len(sparse_points(photos, report)) for report in (first, again)] == [0, 0]
    assert first.heard and not again.heard
    sparse_points(photos[1:], again)
    assert again.heard and len(list(cache.glob("points/*"))) == 2


def test_points_are_found_without_a_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_transforms(tmp_path, count=6)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TTTLRM_CACHE", str(tmp_path / "file"))
    stages, notes = Stages(), []
    monkeypatch.setattr(stages, "note", notes.append)
    assert len(sparse_points(find_photos(tmp_path), stages)) == 0 and stages.heard
    assert "are not kept" in str(notes[-1])


def test_a_full_disk_costs_no_points(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_transforms(tmp_path, count=3)
    photos = find_photos(tmp_path)

    def copyfile(source: Path, target: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", copyfile)

    def triangulated(photos: list[Photo], work: Path, report: Report, fine: bool) -> Path:
        write_binary(work, [], [], [(0, [1.0, 2.0, 3.0], [255, 0, 0], 0.5, [(1, 0), (2, 0)])])
        return work

    monkeypatch.setattr("tttlrm_blender.poses.sparse_points.triangulate", triangulated)
    assert len(sparse_points(photos, Report())) == 1
    assert not list(cache.glob("points/*"))


def test_photos_of_one_camera_share_it_and_may_have_no_points(tmp_path: Path) -> None:
    write_transforms(tmp_path, count=6, k1=0.1)
    photos = find_photos(tmp_path)
    model = triangulate(photos, tmp_path, Report())
    (lens,) = read_cameras(model).values()
    np.testing.assert_allclose(lens.intrinsics, photos[0].intrinsics)
    assert lens.distortion == photos[0].distortion
    np.testing.assert_allclose([image.c2w for image in read_images(model)], poses(6), atol=1e-9)
    assert len(read_points(model).means) == 0


def test_points_that_only_held_out_photos_see_do_not_leak(tmp_path: Path) -> None:
    seen_by = [[1, 2], [1, 3], [3, 4], [1, 2, 3], [2], [1, 1]]
    rows = [
        (index, [float(index)] * 3, [index, 0, 255], 0.5, [(image, 0) for image in seen]) for index, seen in enumerate(seen_by)
    ]
    write_binary(tmp_path, [], [], rows)
    inputs = [photo(source=Source(tmp_path, image)) for image in (1, 2)]
    points = sparse_points(inputs, Report())
    assert points.means[:, 0].tolist() == [0, 3]
    np.testing.assert_allclose(points.colors[1], [3 / 255, 0, 1])


def test_neighbors_are_near() -> None:
    c2w = np.tile(np.eye(4), (20, 1, 1))
    c2w[:, 0, 3] = np.arange(20)
    pairs = neighbor_pairs([photo(c2w=pose) for pose in c2w])
    assert all(0 < second - first <= 6 for first, second in pairs)
    assert {index for pair in pairs for index in pair} == set(range(20))


def test_neighbors_of_few() -> None:
    few: list[Photo] = [photo(c2w=pose) for pose in poses(3)]
    assert neighbor_pairs(few) == [(0, 1), (0, 2), (1, 2)]
