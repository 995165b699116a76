# SPDX-License-Identifier: GPL-3.0-or-later
"""Masks become weights that lie where the pixels do."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.photos import images, load
from tttlrm_blender.photos.load import load_photos
from tttlrm_blender.photos.masks import read_mask
from tttlrm_blender.photos.photo import masks_of
from tttlrm_blender.poses.find import find_photos

from .files import photo, write_photo, write_transforms


def write_mask(path: Path, width: int = 16, height: int = 12) -> Path:
    """A mask whose left half does not count."""
    path.parent.mkdir(parents=True, exist_ok=True)
    mask = np.zeros((height, width), np.uint8)
    mask[:, width // 2 :] = 255
    Image.fromarray(mask).save(path)
    return path


@pytest.mark.parametrize(
    ("image", "mask"),
    [
        ("a.jpg", "masks/a.png"),
        ("a.jpg", "masks/a.jpg.png"),
        ("images/a.jpg", "masks/a.png"),
        ("images/a.jpg", "masks/a.jpg.png"),
        ("images/left/a.jpg", "masks/left/a.png"),
        ("left/a.jpg", "masks/left/a.jpg.png"),
        ("images/a.jpg", "images/masks/a.png"),
        ("images/a.JPG", "masks/A.PNG"),
        ("images/A.jpg", "masks/a.jpg"),
        ("images/a.jpg", "masks/A.JPG.png"),
        ("images/left/a.jpg", "masks/left/A.bmp"),
        ("image/a.jpg", "mask/a.png"),
    ],
)
def test_where_masks_are_found(tmp_path: Path, image: str, mask: str) -> None:
    write_mask(tmp_path / mask)
    write_mask(tmp_path / "masks/other.png")
    assert masks_of([tmp_path / image]) == [tmp_path / mask]


@pytest.mark.parametrize("upright", [True, False])
@pytest.mark.parametrize("turn", range(5, 9))
def test_masks_of_the_other_way_to_hold_a_photo_are_turned(tmp_path: Path, turn: int, upright: bool) -> None:
    exif = Image.Exif()
    exif[0x0112] = turn
    Image.new("RGB", (16, 12)).save(tmp_path / "a.png", exif=exif)
    mask = np.random.default_rng(0).random((12, 16) if upright else (16, 12), np.float32)
    Image.fromarray((255 * mask).astype(np.uint8)).save(tmp_path / "mask.png")
    size = (12, 16) if upright else (16, 12)
    turned = Image.fromarray(mask).transpose((images.TURNS if upright else images.TURNS_BACK)[turn])
    of = photo(*size, path=tmp_path / "a.png", upright=upright, mask=tmp_path / "mask.png")
    np.testing.assert_allclose(read_mask(of)[..., 0], turned, atol=0.01)


def test_no_mask(tmp_path: Path) -> None:
    write_mask(tmp_path / "masks/b.png")
    assert masks_of([tmp_path / "images/a.jpg"]) == [None]
    for name in ("A.jpg", "a.bmp"):
        write_mask(tmp_path / "masks" / name)
    assert masks_of([tmp_path / "images/a.jpg"]) == [None], "neither of two"
    assert masks_of([tmp_path / "masks/b.png"]) == [None], "a photo is not its own mask"


def test_folders_of_masks_are_listed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for index in range(20):
        write_mask(tmp_path / f"masks/{index}.bmp")
    listed: list[Path] = []
    iterdir = Path.iterdir
    monkeypatch.setattr(Path, "iterdir", lambda folder: listed.append(folder) or iterdir(folder))
    assert None not in masks_of([tmp_path / f"images/{index}.jpg" for index in range(20)])
    assert len(listed) == 1


def test_masks_become_weights(tmp_path: Path) -> None:
    write_transforms(tmp_path)
    assert load_photos(find_photos(tmp_path)).weights is None
    write_mask(tmp_path / "masks/1.png")
    photos = load_photos(find_photos(tmp_path))
    assert photos.weights is not None and photos.weights.dtype == np.float32
    assert (photos.weights[[0, 2]] == 1).all()
    assert (photos.weights[1, :, :8] == 0).all() and (photos.weights[1, :, 8:] == 1).all()
    some = photos[[2, 1]].weights
    assert some is not None and some.mean((1, 2)).tolist() == [1, 0.5]


def test_a_mask_that_the_pose_file_names(tmp_path: Path) -> None:
    content = write_transforms(tmp_path)
    write_mask(tmp_path / "elsewhere/m.png")
    content["frames"][2]["mask_path"] = "elsewhere/m.png"
    (tmp_path / "transforms.json").write_text(json.dumps(content))
    assert [each.mask for each in find_photos(tmp_path)] == [None, None, tmp_path / "elsewhere/m.png"]


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("scale", [1, 2])
def test_weights_lie_where_the_pixels_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, large: bool, scale: int) -> None:
    """Also where the mask is smaller than the photo, and through the lens."""
    if large:
        monkeypatch.setattr(images, "DRAFTED", 0)
        monkeypatch.setattr(load, "DRAFTED", 0)
    with Image.open(write_mask(tmp_path / "a.png", 160, 120)) as white_on_black:
        white_on_black.convert("RGB").save(tmp_path / "photo.png")
    mask = write_mask(tmp_path / "mask.png", 160 // scale, 120 // scale)
    view = photo(160, 120, (0.1, -0.02, 0.001, 0), path=tmp_path / "photo.png", mask=mask)
    loaded = load_photos([view], 40, 30)
    assert loaded.weights is not None
    np.testing.assert_allclose(loaded.weights[0], loaded.images[0, ..., 0], atol=0.1)
    assert np.abs(loaded.weights[0] - loaded.images[0, ..., 0]).mean() < 0.005


@pytest.mark.parametrize("white", [1, 2, 7, 100, 127, 128, 254, 255])
@pytest.mark.parametrize("kind", ["L", "RGB", "I;16", "P", "1"])
def test_masks_of_small_numbers_are_scaled(tmp_path: Path, kind: str, white: int) -> None:
    """Such as 0 and 1; bright ones mean what they say."""
    write_transforms(tmp_path, count=2)
    values = np.zeros((12, 16), np.uint16 if kind == "I;16" else np.uint8)
    values[:, 8:] = white
    mask = Image.fromarray(values)
    if kind == "P":
        mask = Image.fromarray(values, "L").convert("P")
    mask = mask if kind in ("I;16", "P") else mask.convert(kind, dither=Image.Dither.NONE)
    (tmp_path / "masks").mkdir()
    mask.save(tmp_path / "masks/0.png")
    if kind == "1" and white < 128:
        return  # black
    weights = load_photos(find_photos(tmp_path)).weights
    assert weights is not None and (weights[1] == 1).all() and not weights[0, :, :8].any()
    as_said = kind in ("L", "RGB", "P") and white >= 128
    np.testing.assert_allclose(weights[0, :, 8:], white / 255 if as_said else 1, atol=1e-6)


def test_a_black_mask_stays_black(tmp_path: Path) -> None:
    """What it is for may not be in its photo; but not all masks can be black."""
    write_transforms(tmp_path, count=2)
    write_mask(tmp_path / "masks/1.png")
    Image.new("L", (16, 12)).save(tmp_path / "masks/0.png")
    weights = load_photos(find_photos(tmp_path)).weights
    assert weights is not None and weights.mean((1, 2)).tolist() == [0, 0.5]
    Image.new("L", (16, 12)).save(tmp_path / "masks/1.png")
    with pytest.raises(TttlrmError, match=r"leave nothing of the photos: .*0\.png and all others are black") as caught:
        load_photos(find_photos(tmp_path))
    assert caught.value.code == "bad_photo"


def test_a_mask_with_another_aspect_ratio_is_named(tmp_path: Path) -> None:
    write_photo(tmp_path / "a.png")
    view = photo(16, 12, path=tmp_path / "a.png", mask=write_mask(tmp_path / "masks/a.png", 12, 16))
    with pytest.raises(
        TttlrmError, match=r"masks/a\.png has a different aspect ratio than its photo: 12×16 instead of 16×12"
    ) as caught:
        load_photos([view])
    assert caught.value.code == "bad_photo"


def test_a_broken_mask_is_named(tmp_path: Path) -> None:
    write_photo(tmp_path / "a.png")
    (tmp_path / "mask.png").write_bytes(b"no")
    with pytest.raises(TttlrmError, match=r"mask\.png is not a readable image"):
        load_photos([photo(16, 12, path=tmp_path / "a.png", mask=tmp_path / "mask.png")])


QUARTER = np.zeros((12, 16), np.uint8)
QUARTER[:6, :8] = 255
SOLID = np.full_like(QUARTER, 255)
PHOTO = np.random.default_rng(0).integers(0, 256, (12, 16, 3), dtype=np.uint8)
TRANSPARENT = {  # colors and alpha channels of masks that leave a quarter
    "white": (SOLID, QUARTER),
    "black and white": (QUARTER, QUARTER),
    "all opaque": (QUARTER, SOLID),
    "painted over in black": (SOLID - SOLID, 255 - QUARTER),
    "a photo without its background": (PHOTO, QUARTER),
}


@pytest.mark.parametrize("kind", TRANSPARENT)
def test_masks_with_transparency(tmp_path: Path, kind: str) -> None:
    colors, alpha = TRANSPARENT[kind]
    colors = colors if colors.ndim == 3 else np.repeat(colors[..., None], 3, axis=2)
    Image.fromarray(np.dstack([colors, alpha])).save(tmp_path / "mask.png")
    weights = read_mask(photo(16, 12, mask=tmp_path / "mask.png"))
    np.testing.assert_allclose(weights[..., 0], QUARTER / 255, atol=1e-6)
