# SPDX-License-Identifier: GPL-3.0-or-later
"""Which photos are culled, and which must not be."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFilter
from scipy.ndimage import gaussian_filter, uniform_filter1d

from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.photo_files import image_files
from tttlrm_blender.photos.cull import cull_photos
from tttlrm_blender.sharpness import BLURRED, softness

from .files import Notes, write_photo


def write_scene(folder: Path, count: int = 6) -> list[Path]:
    """Photos of different places with edges and plain areas."""
    folder.mkdir()
    chance = np.random.default_rng(0)
    for index in range(count):
        coarse = Image.fromarray(chance.integers(0, 256, (9, 12, 3), dtype=np.uint8))
        coarse.resize((480, 360), Image.Resampling.NEAREST).save(folder / f"{index}.jpg", quality=90)
    return sorted(folder.glob("*"))


def blur(path: Path, share: float) -> None:
    """Blur a photo by a share of its width."""
    with Image.open(path) as image:
        blurred = image.filter(ImageFilter.GaussianBlur(share * image.width))
    blurred.save(path, quality=90)


def test_good_photos_are_all_kept_without_a_note(tmp_path: Path) -> None:
    paths, notes = write_scene(tmp_path / "set"), Notes()
    assert cull_photos(paths, notes) == paths and not notes.notes


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.01, 0.015])
@pytest.mark.parametrize("seed", [0, 1])
def test_blurred_photos_of_the_fox_are_found(tmp_path: Path, shared: Path, seed: int, share: float) -> None:
    paths = [Path(shutil.copy(path, tmp_path)) for path in sorted((shared / "data/fox/images").glob("*"))]
    chosen = sorted(np.random.default_rng(seed).choice(len(paths), 10, replace=False).tolist())
    for index in chosen:
        blur(paths[index], share)
    notes = Notes()
    kept = cull_photos(paths, notes)
    assert [paths.index(path) for path in paths if path not in kept] == chosen
    names = ", ".join(paths[index].name for index in chosen)
    assert notes.notes == [f"10 of 50 photos are blurred and left out: {names}."]


@pytest.mark.parametrize("data", ["fox/images", "castle"])
def test_no_photo_of_a_good_set_is_left_out(shared: Path, data: str) -> None:
    paths, notes = sorted((shared / "data" / data).glob("*")), Notes()
    assert cull_photos(paths, notes) == paths and not notes.notes


def test_noise_does_not_make_a_blurred_photo_sharp(tmp_path: Path, shared: Path) -> None:
    """Sensor noise is added after the blur of the lens."""
    paths = [Path(shutil.copy(path, tmp_path)) for path in sorted((shared / "data/fox/images").glob("*"))[::4]]
    for index, path in enumerate(paths):
        if index in (3, 7):
            blur(path, 0.0125)
        with Image.open(path) as image:
            noisy = np.asarray(image) + np.random.default_rng(index).normal(0, 6, (image.height, image.width, 3))
        Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(path, quality=95)
    kept = cull_photos(paths, Notes())
    assert [paths.index(path) for path in paths if path not in kept] == [3, 7]


def test_never_more_than_half_are_blurred(tmp_path: Path) -> None:
    paths = write_scene(tmp_path / "set")
    for path in paths[:4]:
        blur(path, 0.015)
    assert len(cull_photos(paths, Notes())) >= 3


@given(st.floats(0.05, 1), st.floats(-0.3, 0.3))
def test_softness_does_not_depend_on_contrast(contrast: float, brightness: float) -> None:
    image = np.random.default_rng(0).random((40, 50)).astype(np.float32)
    assert softness(image * contrast + brightness) == pytest.approx(softness(image), rel=1e-3)


@given(st.floats(0, 2), st.floats(0.2, 2))
def test_softness_grows_with_blur(sigma: float, more: float) -> None:
    image = gaussian_filter(np.random.default_rng(0).random((60, 80)).astype(np.float32), sigma)
    assert softness(gaussian_filter(image, more)) > softness(image)


def test_blur_in_one_direction_is_found() -> None:
    image = np.kron(np.random.default_rng(0).random((30, 40)), np.ones((6, 6))).astype(np.float32)
    for axis in (0, 1):
        assert softness(uniform_filter1d(image, 14, axis=axis)) > BLURRED * softness(image)


def test_an_image_of_nothing_is_not_soft() -> None:
    assert softness(np.full((20, 20), 0.5, np.float32)) == 0


def test_duplicates_are_named_and_the_sharper_is_kept(tmp_path: Path) -> None:
    paths, notes = write_scene(tmp_path / "set"), Notes()
    shutil.copy(paths[1], paths[0].with_name("1 copy.jpg"))
    with Image.open(paths[2]) as image:
        image.resize((400, 300)).save(paths[2].with_name("small.jpg"), quality=70)
    kept = cull_photos(sorted(tmp_path.glob("set/*")), notes)
    assert len(kept) == 6
    (note,) = notes.notes
    assert note.startswith("2 of 8 photos are near-duplicates and are left out: ")
    assert cull_photos(sorted(tmp_path.glob("set/*")), Notes(), duplicates=False) == sorted(tmp_path.glob("set/*"))


def test_copies_of_one_photo_are_an_error(tmp_path: Path) -> None:
    (path,) = write_scene(tmp_path / "set", 1)
    shutil.copy(path, path.with_name("copy.jpg"))
    with pytest.raises(TttlrmError, match=r"All 2 photos in .* show the same"):
        cull_photos(sorted(tmp_path.glob("set/*")), Notes())


def test_one_broken_photo_among_many_is_left_out_by_name(tmp_path: Path) -> None:
    paths, notes = write_scene(tmp_path / "set"), Notes()
    paths[3].write_bytes(paths[3].read_bytes()[:3000])
    paths[4].write_bytes(b"")
    assert cull_photos(paths, notes) == [*paths[:3], paths[5]]
    assert len(notes.notes) == 2 and all(note.endswith(" It is left out.") for note in notes.notes)
    assert "3.jpg cannot be read completely" in notes.notes[0] and "4.jpg is not a readable image" in notes.notes[1]


def test_many_broken_photos_are_an_error(tmp_path: Path) -> None:
    paths = write_scene(tmp_path / "set")
    for path in paths[1:5]:
        path.write_bytes(b"")
    with pytest.raises(TttlrmError, match=r"1\.jpg is not a readable image"):
        cull_photos(paths, Notes())


def test_a_raw_file_beside_its_photo_is_not_a_photo_of_its_own(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.jpg"):
        write_photo(tmp_path / name)
    for name in ("a.NEF", "c.NEF"):
        (tmp_path / name).write_bytes(b"")
    assert [path.name for path in image_files(tmp_path)] == ["a.jpg", "b.jpg", "c.NEF"]
