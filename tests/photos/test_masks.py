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
from tttlrm_blender.photos.photo import mask_of
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
    ],
)
def test_where_masks_are_found(tmp_path: Path, image: str, mask: str) -> None:
    write_mask(tmp_path / mask)
    write_mask(tmp_path / "masks/other.png")
    assert mask_of(tmp_path / image) == tmp_path / mask


def test_no_mask(tmp_path: Path) -> None:
    write_mask(tmp_path / "masks/b.png")
    assert mask_of(tmp_path / "images/a.jpg") is None
    for name in ("A.jpg", "a.bmp"):
        write_mask(tmp_path / "masks" / name)
    assert mask_of(tmp_path / "images/a.jpg") is None, "neither of two"
    assert mask_of(tmp_path / "masks/b.png") is None, "a photo is not its own mask"


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
