# SPDX-License-Identifier: GPL-3.0-or-later
"""Faulty photo sets: each gives a usable result or one error sentence."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.photos.files import write_png16
from tests.worker.photo_folder import write_checkpoint
from tttlrm_blender.commands import main
from tttlrm_blender.gaussians.formats.registry import read_splats

pytestmark = pytest.mark.slow

NAMES = [f"100_710{number}.JPG" for number in range(1, 6)]
SIDE = 900  # pixels that the photos are wide, for estimating poses quickly

Sets = Callable[[Path, list[Image.Image], Path], None]  # writes a set: its folder, photos of the castle, the shared data


def empty(folder: Path, photos: list[Image.Image], shared: Path) -> None:
    pass


def one_photo(folder: Path, photos: list[Image.Image], shared: Path) -> None:
    save(folder, photos[:1])


def duplicates_only(folder: Path, photos: list[Image.Image], shared: Path) -> None:
    save(folder, photos[:1] * 4)


def no_overlap(folder: Path, photos: list[Image.Image], shared: Path) -> None:
    fox = Image.open(next((shared / "data/fox/images").iterdir())).convert("RGB")
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (60, 90, 3), dtype=np.uint8))
    save(folder, [photos[0], fox, noise.resize((900, 600), Image.Resampling.BICUBIC)])


def two_scenes(folder: Path, photos: list[Image.Image], shared: Path) -> None:
    save(folder, photos)
    for path in sorted((shared / "data/fox/images").iterdir())[:3]:
        shutil.copy(path, folder / f"fox_{path.name}")


def portrait_and_landscape(folder: Path, photos: list[Image.Image], shared: Path) -> None:
    width, height = photos[0].size
    middle = (width // 2 - 3 * height // 8, 0, width // 2 + 3 * height // 8, height)
    save(folder, [photo.crop(middle) if index % 2 else photo for index, photo in enumerate(photos)])


def mixed_cameras(folder: Path, photos: list[Image.Image], shared: Path) -> None:
    width, height = photos[0].size
    zoom = (width // 6, height // 6, width - width // 6, height - height // 6)
    save(folder, [photo.resize((800, 600), box=zoom) if index % 2 else photo for index, photo in enumerate(photos)])


def sixteen_bit(folder: Path, photos: list[Image.Image], shared: Path) -> None:
    for index, photo in enumerate(photos):
        write_png16(folder / f"{index}.png", np.asarray(photo).astype(np.uint16) * 257)


def grayscale(folder: Path, photos: list[Image.Image], shared: Path) -> None:
    save(folder, [photo.convert("L") for photo in photos])


def cmyk(folder: Path, photos: list[Image.Image], shared: Path) -> None:
    save(folder, [photo.convert("CMYK") for photo in photos])


def hundred_megapixels(folder: Path, photos: list[Image.Image], shared: Path) -> None:
    save(folder, [*photos[:-1], photos[-1].resize((11600, 8700), Image.Resampling.BILINEAR)])


def corrupt_files(folder: Path, photos: list[Image.Image], shared: Path) -> None:
    save(folder, photos)
    whole = (folder / "4.jpg").read_bytes()
    (folder / "4.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "5.jpg").write_bytes(b"not a photo")


def save(folder: Path, photos: list[Image.Image]) -> None:
    for index, photo in enumerate(photos):
        photo.save(folder / f"{index}.jpg", quality=95)


@pytest.fixture(scope="module")
def photos(shared: Path) -> list[Image.Image]:
    """Neighboring photos of the castle, small."""
    whole = (Image.open(shared / "data/castle" / name).convert("RGB") for name in NAMES)
    return [photo.resize((SIDE, SIDE * photo.height // photo.width), Image.Resampling.LANCZOS) for photo in whole]


def run(folder: Path, tmp_path: Path) -> tuple[int, Path]:
    """The exit status of the command, and its output folder."""
    checkpoint, out = write_checkpoint(tmp_path / "small.safetensors"), tmp_path / "out"
    options = ["--checkpoint", str(checkpoint), "--size", "96x72", "--refine", "20", "--out", str(out)]
    return main(["reconstruct", str(folder), *options, "--json"]), out


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TTTLRM_CACHE", str(tmp_path / "cache"))
    (tmp_path / "set").mkdir()
    return tmp_path / "set"


@pytest.mark.parametrize(
    ("write", "sentence", "hint"),
    [
        (empty, "There are no photos in", "Choose a folder"),
        (one_photo, "There is only one photo in", "Add photos"),
        (duplicates_only, "All 4 photos in", "at least one other place"),
        (no_overlap, "could not be found", "No two photos show the same things"),
    ],
)
def test_a_set_of_too_little_ends_with_one_sentence(
    write: Sets, sentence: str, hint: str, folder: Path, photos: list, shared: Path, capsys: pytest.CaptureFixture
) -> None:
    write(folder, photos, shared)
    status, out = run(folder, folder.parent)
    printed = capsys.readouterr()
    error = json.loads(printed.out)["error"]
    assert status == 1 and not out.exists()
    assert sentence in error["sentence"] and hint in error["hint"]
    assert "Traceback" not in printed.err


@pytest.mark.parametrize(
    ("write", "views", "note"),
    [
        (two_scenes, 5, "fox_"),
        (portrait_and_landscape, 5, ""),
        (mixed_cameras, 5, ""),
        (sixteen_bit, 5, ""),
        (grayscale, 5, ""),
        (cmyk, 5, ""),
        (hundred_megapixels, 5, ""),
        (corrupt_files, 4, "5.jpg"),
    ],
)
def test_an_odd_set_is_reconstructed(
    write: Sets, views: int, note: str, folder: Path, photos: list, shared: Path, capsys: pytest.CaptureFixture
) -> None:
    write(folder, photos, shared)
    status, out = run(folder, folder.parent)
    printed = capsys.readouterr()
    assert status == 0, printed.err
    assert json.loads(printed.out)["views"] == views
    assert len(json.loads((out / "cameras.json").read_text())["names"]) == views
    assert np.isfinite(read_splats(out / "splats.ply").means).all()
    assert note in printed.err
