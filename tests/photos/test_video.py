# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames are taken from videos where the camera has moved on and the picture is sharp."""

import json
import struct
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from scipy.ndimage import gaussian_filter

from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.photo_files import VIDEOS
from tttlrm_blender.photos.images import read_image
from tttlrm_blender.photos.video import Glimpse, Odometer, choose, frames_at, frames_of, shift
from tttlrm_blender.poses import find
from tttlrm_blender.poses.find import find_photos
from tttlrm_blender.progress import Report

from .files import Notes, write_photo

av = pytest.importorskip("av")
WIDTH, HEIGHT = 320, 240
WALL = np.asarray(
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (48, 400, 3), dtype=np.uint8)).resize(
        (2000, HEIGHT), Image.Resampling.BICUBIC
    )
)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TTTLRM_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def view(place: int, blur: float = 0) -> np.ndarray:
    """The view of a camera that has moved along the wall by so many pixels, [H, W, 3] uint8."""
    seen = WALL[:, place : place + WIDTH]
    return gaussian_filter(seen, (blur, blur, 0)) if blur else np.ascontiguousarray(seen)


def write_video(
    path: Path, frames: list[np.ndarray], times: list[int] | None = None, pixel_aspect: Fraction | None = None
) -> Path:
    """A video of 30 frames a second, or with times in thirtieths of a second."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30, options={"crf": "18"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 30)
        if pixel_aspect:
            stream.codec_context.sample_aspect_ratio = pixel_aspect
        for image, time in zip(frames, times or range(len(frames)), strict=True):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = time, Fraction(1, 30)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def turned(path: Path) -> Path:
    """The same MP4 with the rotation that phones held upright write: a quarter turn clockwise."""
    content = bytearray(path.read_bytes())
    matrix = content.index(b"tkhd") + 44
    content[matrix : matrix + 36] = struct.pack(">9i", 0, 1 << 16, 0, -1 << 16, 0, 0, HEIGHT << 16, 0, 1 << 30)
    path.write_bytes(content)
    return path


def places(folder: Path) -> list[int]:
    """Where along the wall the frames in a folder were taken."""
    found = []
    for path in sorted(folder.glob("*")):
        image = read_image(path)
        found.append(min(range(0, 1600, 5), key=lambda place: np.abs(image - view(place) / 255).mean()))
    return found


@pytest.mark.slow
def test_frames_are_spaced_evenly_along_the_path(tmp_path: Path) -> None:
    """However fast the camera moves: it stands still for a second, creeps, and hurries."""
    way = [0] * 30 + list(range(0, 400, 5)) + list(range(400, 1200, 20))
    video = write_video(tmp_path / "clip.mp4", [view(place) for place in way])
    folder = frames_of(video, Report(), count=12)
    found = places(folder)
    assert len(found) == 12
    gaps = np.diff(found)
    assert gaps.min() > 0 and gaps.max() < 2.5 * 1200 / 12
    assert all(image.suffix == ".jpg" for image in folder.iterdir())


def test_the_sharpest_frames_are_taken(tmp_path: Path) -> None:
    frames = [view(8 * index, blur=0 if index % 4 == 2 else 3) for index in range(80)]
    folder = frames_of(write_video(tmp_path / "clip.mp4", frames), Report(), count=8)
    numbers = [int(path.stem.rpartition("_")[2]) for path in folder.iterdir()]
    assert len(numbers) == 8 and {number % 4 for number in numbers} == {2}


def test_frames_are_upright(tmp_path: Path) -> None:
    video = turned(write_video(tmp_path / "clip.mov", [view(10 * index) for index in range(20)]))
    first = min(frames_of(video, Report(), count=4).iterdir())
    image = read_image(first)
    assert image.shape == (WIDTH, HEIGHT, 3)
    number = int(first.stem.rpartition("_")[2])
    assert np.abs(image - np.rot90(view(10 * number), -1) / 255).mean() < 0.05


@pytest.mark.parametrize("turn", [False, True])
@pytest.mark.parametrize(
    ("aspect", "width"),
    [("4/3", 427), ("8/9", 284), ("64/45", 455), ("1", WIDTH), ("2", 2 * WIDTH), ("99", WIDTH), ("1/99", WIDTH)],
)
def test_pixels_become_square(tmp_path: Path, aspect: str, width: int, turn: bool) -> None:
    """Those of anamorphic videos are not, whatever their rotation; absurd ones count as square."""
    frames = [view(10 * index) for index in range(3)]
    video = write_video(tmp_path / "clip.mp4", frames, pixel_aspect=Fraction(aspect))
    video = turned(video) if turn else video
    first = read_image(min(frames_of(video, Report(), count=4).iterdir()))
    assert first.shape == ((width, HEIGHT, 3) if turn else (HEIGHT, width, 3))
    stored = read_image(min(frames_at(video, [0, 2], Report()).iterdir()))  # for which poses are
    assert stored.shape == ((WIDTH, HEIGHT, 3) if turn else (HEIGHT, WIDTH, 3))


def test_frames_may_come_irregularly(tmp_path: Path) -> None:
    times = np.cumsum(np.random.default_rng(0).choice([1, 1, 2, 9], 60)).tolist()
    video = write_video(tmp_path / "clip.mkv", [view(10 * index) for index in range(60)], times)
    found = places(frames_of(video, Report(), count=6))
    assert len(found) == 6 and np.diff(found).min() > 0 and np.diff(found).max() < 250


def test_frames_are_kept_for_the_next_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    video, notes = write_video(tmp_path / "clip.mp4", [view(10 * index) for index in range(12)]), Notes()
    first = frames_of(video, notes)
    monkeypatch.setattr("tttlrm_blender.photos.video.choose", None)
    assert frames_of(video, notes) == first and str(first) in notes.notes[0]


@pytest.mark.parametrize("content", [b"", b"no video at all" * 100])
def test_something_else_is_a_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "clip.mp4").write_bytes(content)
    with pytest.raises(TttlrmError, match=r"The video .*clip\.mp4 cannot be read") as caught:
        frames_of(tmp_path / "clip.mp4", Report())
    assert caught.value.code == "bad_video"


def test_a_playlist_is_not_a_video(tmp_path: Path) -> None:
    write_video(tmp_path / "other.mp4", [view(10 * index) for index in range(5)])
    (tmp_path / "list.mp4").write_text("ffconcat version 1.0\nfile other.mp4\n")
    with pytest.raises(TttlrmError, match=r"list\.mp4 cannot be read"):
        frames_of(tmp_path / "list.mp4", Report())


@pytest.mark.parametrize("suffix", [*VIDEOS, ".nut"])
def test_every_kind_of_video_is_read(tmp_path: Path, suffix: str) -> None:
    with av.open(str(tmp_path / f"clip{suffix}"), "w") as container:
        stream = container.add_stream("vp8" if suffix == ".webm" else "mpeg2video" if "mp" in suffix else "mpeg4", rate=30)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for index in range(6):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(view(10 * index), format="rgb24")))
        container.mux(stream.encode())
    assert list(frames_of(tmp_path / f"clip{suffix}", Report()).iterdir())


def test_a_video_cut_short_gives_what_is_there(tmp_path: Path) -> None:
    video = write_video(tmp_path / "clip.mkv", [view(10 * index) for index in range(60)])
    video.write_bytes(video.read_bytes()[: video.stat().st_size * 2 // 3])
    assert len(list(frames_of(video, Report(), count=10).iterdir())) == 10


def test_sound_alone_is_a_sentence(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "clip.mp4"), "w") as container:
        stream = container.add_stream("aac", rate=44100)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 44100
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    with pytest.raises(TttlrmError, match="contains no frames"):
        frames_of(tmp_path / "clip.mp4", Report())


def test_a_missing_package_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "clip.mp4").write_bytes(b"1")
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(TttlrmError, match="without the Python package av") as caught:
        frames_of(tmp_path / "clip.mp4", Report())
    assert caught.value.code == "no_package"


@pytest.mark.parametrize("alone", [True, False], ids=["named", "in a folder"])
def test_a_video_stands_for_its_frames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, alone: bool) -> None:
    (tmp_path / "set").mkdir()
    video = write_video(tmp_path / "set/clip.mp4", [view(10 * index) for index in range(12)])
    taken: list[Path] = []

    def estimate(images: list[Path], folder: Path, report: Report) -> Path:
        taken.extend(images)
        raise TttlrmError("That is enough.")

    monkeypatch.setattr(find, "estimate_poses", estimate)
    with pytest.raises(TttlrmError, match="enough"):
        find_photos(video if alone else tmp_path / "set")
    assert len(taken) > 5 and all(path.name.startswith("frame_") for path in taken)


def test_a_single_photo_is_no_video(tmp_path: Path) -> None:
    with pytest.raises(TttlrmError, match=r"a\.png is a single photo"):
        find_photos(write_photo(tmp_path / "a.png"))


@given(st.integers(-30, 30), st.integers(-10, 10))
def test_shifts_are_found(across: int, down: int) -> None:
    wall = WALL[..., 0].astype(np.float32)[::2, ::2]
    first = wall[30:90, 60:160]
    second = wall[30 + down : 90 + down, 60 + across : 160 + across]
    assert shift(first, second) == pytest.approx(np.hypot(across, down) / 100, abs=0.011)


def test_the_shift_of_unrelated_pictures_is_infinite() -> None:
    first, second = np.random.default_rng(0).random((2, 64, 96))
    assert shift(first, second) == np.inf


@pytest.mark.parametrize("step", [1, 3, 10])
def test_the_path_does_not_depend_on_the_speed(step: int) -> None:
    wall, odometer = WALL[..., 1].astype(np.float32)[::2, ::2], Odometer()
    noise = np.random.default_rng(0)
    frames = (wall[:, place : place + 160] + noise.normal(0, 3, (120, 160)) for place in range(0, 481, step))
    assert [odometer(frame) for frame in frames][-1] == pytest.approx(480 / 160, rel=0.1)


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 5)), max_size=60), st.integers(1, 20))
def test_choices_are_in_order_and_no_more_than_wanted(steps: list[tuple[float, float]], count: int) -> None:
    traveled = np.cumsum([step for step, _ in steps]).tolist()
    glimpses = [Glimpse(3 * index, way, soft) for index, (way, (_, soft)) in enumerate(zip(traveled, steps, strict=True))]
    chosen = choose(glimpses, count)
    assert chosen == sorted(set(chosen)) and len(chosen) <= count and bool(chosen) == bool(glimpses)
    assert set(chosen) <= {glimpse.number for glimpse in glimpses}


def test_frames_of_a_video_have_the_poses_that_name_them(tmp_path: Path) -> None:
    film = write_video(tmp_path / "film.mp4", [view(10 * index) for index in range(6)])
    content = {"video": "film.mp4", "w": WIDTH, "h": HEIGHT, "fl_x": 300.0}
    poses = np.tile(np.eye(4), (3, 1, 1))
    poses[:, 0, 3] = 1, 3, 4
    frames = [{"video_frame": int(pose[0, 3]), "transform_matrix": pose.tolist()} for pose in poses]
    (tmp_path / "transforms.json").write_text(json.dumps({**content, "frames": frames}))
    photos = find_photos(tmp_path)
    assert [photo.name for photo in photos] == ["frame_000001.jpg", "frame_000003.jpg", "frame_000004.jpg"]
    for photo, pose in zip(photos, poses, strict=True):
        np.testing.assert_allclose(photo.c2w[:3, 3], pose[:3, 3])
        expected = view(10 * int(pose[0, 3])).astype(float)
        assert np.abs(np.asarray(Image.open(photo.path)).astype(float) - expected).mean() < 12
    (tmp_path / "transforms.json").write_text(json.dumps({**content, "frames": [{**frames[0], "video_frame": -1}]}))
    with pytest.raises(TttlrmError, match="without the number of a video_frame"):
        find_photos(tmp_path)
    (tmp_path / "transforms.json").write_text(json.dumps({**content, "frames": frames}))
    film.unlink()
    with pytest.raises(TttlrmError, match=r"names the video 'film\.mp4', which does not exist"):
        find_photos(tmp_path)
