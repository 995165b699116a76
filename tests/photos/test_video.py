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
from PIL import Image, ImageDraw
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
        stream = container.add_stream("libx264", rate=30, options={"crf": "18", "preset": "ultrafast"})
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


PLAYLISTS = {
    "ffconcat": "ffconcat version 1.0\nfile {name}\n",
    "absolute ffconcat": "ffconcat version 1.0\nfile {path}\n",
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{name}\n#EXT-X-ENDLIST\n",
    "absolute hls": "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile://{path}\n#EXT-X-ENDLIST\n",
    "dash": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT1S">'
    '<Period><AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1"><BaseURL>{path}</BaseURL>'
    "</Representation></AdaptationSet></Period></MPD>",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n",
}


@pytest.mark.parametrize("suffix", [".mp4", ".m3u8", ".mpd", ".sdp", ""])
@pytest.mark.parametrize("kind", PLAYLISTS)
def test_a_playlist_is_not_a_video(tmp_path: Path, kind: str, suffix: str) -> None:
    other = write_video(tmp_path / "other.ts", [view(10 * index) for index in range(5)])
    (tmp_path / f"list{suffix}").write_text(PLAYLISTS[kind].format(name=other.name, path=other))
    with pytest.raises(TttlrmError, match=r"list\S* cannot be read"):
        frames_of(tmp_path / f"list{suffix}", Report())


@pytest.mark.parametrize("name", ["a:b.mp4", "concat:other.mp4|other.mp4", "%03d.mp4", "http:x.mp4", "ü 1.mp4"])
@pytest.mark.skipif(sys.platform == "win32", reason="files cannot have such names there")
def test_the_name_of_a_video_is_only_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    write_video(tmp_path / "plain.mp4", [view(10 * index) for index in range(3)]).rename(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    assert list(frames_of(Path(name), Report()).iterdir())


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


def test_a_cover_picture_is_no_film(tmp_path: Path) -> None:
    film = write_video(tmp_path / "film.mkv", [view(10 * index) for index in range(30)])
    with av.open(str(film)) as source, av.open(str(tmp_path / "clip.mkv"), "w") as container:
        cover = container.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 64, 64, "yuvj420p"
        copy = container.add_stream_from_template(source.streams.video[0])
        container.mux(cover.encode(av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")))
        for packet in source.demux(source.streams.video[0]):
            if packet.dts is not None:
                packet.stream = copy
                container.mux(packet)
    assert read_image(min(frames_of(tmp_path / "clip.mkv", Report(), count=4).iterdir())).shape == (HEIGHT, WIDTH, 3)


@pytest.mark.parametrize("name", ["none.mp4", "."])
def test_a_video_that_cannot_be_opened_is_a_sentence(tmp_path: Path, name: str) -> None:
    with pytest.raises(TttlrmError, match="cannot be read") as caught:
        frames_of(tmp_path / name, Report())
    assert caught.value.code == "bad_video"


def test_a_missing_package_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "clip.mp4").write_bytes(b"1")
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(TttlrmError, match="without the Python package av") as caught:
        frames_of(tmp_path / "clip.mp4", Report())
    assert caught.value.code == "no_package"


def title(background: int, ink: int) -> np.ndarray:
    """A title card, [H, W, 3] uint8."""
    card = Image.new("RGB", (WIDTH, HEIGHT), (background,) * 3)
    ImageDraw.Draw(card).text((60, 100), "A film", (ink,) * 3, font_size=50)
    return np.asarray(card)


def faded(frames: list[np.ndarray], level: int) -> list[np.ndarray]:
    """The frames, which emerge one by one from a plain color."""
    shares = np.linspace(0, 1, len(frames))
    return [(share * frame + (1 - share) * level).astype(np.uint8) for share, frame in zip(shares, frames, strict=True)]


def no_scene(kind: str) -> list[np.ndarray]:
    """A second that shows no scene."""
    chance, length = np.random.default_rng(0), 30
    match kind.split():
        case ["noise", grain]:
            shape = (HEIGHT // int(grain), WIDTH // int(grain))
            noise = chance.integers(0, 256, (length, *shape, 3), dtype=np.uint8)
            return list(noise.repeat(int(grain), 1).repeat(int(grain), 2))
        case ["bars"]:
            noise = chance.integers(0, 256, (length, HEIGHT, WIDTH, 3), dtype=np.uint8)
            noise[:, :40] = noise[:, -40:] = 0
            return list(noise)
        case ["dark", level]:
            return list(chance.normal(4, int(level), (length, HEIGHT, WIDTH, 3)).clip(0, 255).astype(np.uint8))
        case ["title", background, ink]:
            return [title(int(background), int(ink))] * length
        case ["fading", "title"]:
            return faded([title(0, 255)] * 15, 0) + faded([title(0, 255)] * 15, 0)[::-1]
        case [level]:
            return [np.full((HEIGHT, WIDTH, 3), int(level), np.uint8)] * length
    raise ValueError(kind)


@pytest.mark.slow
@pytest.mark.parametrize("place", ["first", "between"])
@pytest.mark.parametrize(
    "kind",
    [
        "0",
        "255",
        "128",
        "dark 3",
        "dark 9",
        "noise 1",
        "noise 4",
        "bars",
        "title 0 255",
        "title 255 0",
        "title 60 200",
        "fading title",
    ],
)
def test_what_shows_no_scene_is_left_out(tmp_path: Path, kind: str, place: str) -> None:
    scene, rest, notes = [view(6 * index) for index in range(60)], no_scene(kind), Notes()
    at = {"first": 0, "between": 30}[place]
    video = write_video(tmp_path / "clip.mp4", [*scene[:at], *rest, *scene[at:]])
    taken = sorted(int(path.stem.rpartition("_")[2]) for path in frames_of(video, notes, count=15).iterdir())
    assert len(taken) > 12 and not set(taken) & set(range(at, at + len(rest)))
    assert "1.0 seconds of the video clip.mp4 are left out" in notes.notes[0]


@pytest.mark.slow
@pytest.mark.parametrize("level", [0, 255])
@pytest.mark.parametrize(("seconds", "black"), [(1, 30), (2, 0)])
def test_fades_are_left_out(tmp_path: Path, level: int, seconds: int, black: int) -> None:
    scene = [view(3 * index) for index in range(120)]
    frames = [np.full((HEIGHT, WIDTH, 3), level, np.uint8)] * black + faded(scene[: 30 * seconds], level) + scene[30 * seconds :]
    begin = black + 27 * seconds  # what has nine tenths of its contrast may stay
    for name, film in (("in.mp4", frames), ("out.mp4", frames[::-1])):
        numbers = [
            int(path.stem.rpartition("_")[2]) for path in frames_of(write_video(tmp_path / name, film), Report(), 30).iterdir()
        ]
        assert min(n if name == "in.mp4" else len(film) - 1 - n for n in numbers) >= begin and len(numbers) > 25


@pytest.mark.parametrize("kind", ["still", "slides", "unrelated", "pale", "dim", "fast"])
def test_unusual_films_of_a_scene_keep_all_of_it(tmp_path: Path, kind: str) -> None:
    frames = {
        "still": [view(0)] * 60,
        "slides": [view(200 * (index // 20)) for index in range(120)],
        "unrelated": [view(397 * index % 1600) for index in range(60)],
        "pale": [200 + view(4 * index) // 8 for index in range(60)],
        "dim": [view(4 * index) // 8 for index in range(60)],
        "fast": [view(25 * index) for index in range(60)],
    }[kind]
    notes = Notes()
    taken = sorted(
        int(p.stem.rpartition("_")[2]) for p in frames_of(write_video(tmp_path / "a.mp4", frames), notes, 12).iterdir()
    )
    assert len(notes.notes) == 1 and len(taken) >= 6 and taken[0] < 10 and taken[-1] >= len(frames) - 20


@pytest.mark.parametrize("kind", ["0", "255", "dark 1"])
def test_a_blank_video_is_a_sentence(tmp_path: Path, kind: str) -> None:
    with pytest.raises(TttlrmError, match=r"clip\.mp4 is blank") as caught:
        frames_of(write_video(tmp_path / "clip.mp4", no_scene(kind)), Report())
    assert caught.value.code == "bad_video"


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["ts", "mpg", "h264"])
@pytest.mark.parametrize("second", [(160, 120), (240, 320), (640, 480)])
def test_the_size_of_the_picture_may_change_on_the_way(tmp_path: Path, suffix: str, second: tuple[int, int]) -> None:
    film = tmp_path / f"film.{suffix}"
    for part, size in enumerate([(WIDTH, HEIGHT), second]):
        path = tmp_path / f"part{part}.{suffix}"
        with av.open(str(path), "w") as container:
            stream = container.add_stream("mpeg2video" if suffix == "mpg" else "libx264", rate=30)
            stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
            for index in range(30):
                image = np.asarray(Image.fromarray(view(300 * part + 10 * index)).resize(size))
                container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
            container.mux(stream.encode())
        with film.open("ab") as whole:
            whole.write(path.read_bytes())
    sizes = [Image.open(path).size for path in sorted(frames_of(film, Report(), count=12).iterdir())]
    assert len(sizes) == 12 and sizes[0] == (WIDTH, HEIGHT) and sizes[-1] == second and len(set(sizes)) == 2


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
