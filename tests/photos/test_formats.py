# SPDX-License-Identifier: GPL-3.0-or-later
"""Formats of phones and cameras, photos of any size, and broken files."""

import re
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import EpsImagePlugin, Image

from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.photos import images, load
from tttlrm_blender.photos.exif import focal_length
from tttlrm_blender.photos.images import has_transparency, image_size, orientation, read_exif, read_image, read_reduced
from tttlrm_blender.photos.lens import pinhole_intrinsics
from tttlrm_blender.photos.resample import resample

from .files import photo

QUADRANTS = np.kron(np.array([[[200, 40, 40], [40, 200, 40]], [[40, 40, 200], [220, 220, 40]]], np.uint8), np.ones((24, 32, 1)))
QUADRANTS = QUADRANTS.astype(np.uint8)  # [48, 64, 3]
TURNED = np.rot90(QUADRANTS, -1)  # by orientation 6


def write_heif(path: Path, orientation: int = 1) -> Path:
    """A HEIC file, whatever its name."""
    pillow_heif = pytest.importorskip("pillow_heif")
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif.get_ifd(0x8769)[0xA405] = 26
    pillow_heif.from_pillow(Image.fromarray(QUADRANTS)).save(path, quality=-1, exif=exif.tobytes())
    return path


def write_dng(path: Path, mosaic: np.ndarray, orientation: int = 1) -> Path:
    """A DNG of an RGGB mosaic [H, W] uint16, of a camera whose colors are XYZ."""
    pytest.importorskip("rawpy")
    identity = [value for row in np.eye(3, dtype=int).tolist() for cell in row for value in (cell, 1)]
    tags = [
        (33421, "H", 2, (2, 2), True),  # the mosaic's pattern
        (33422, "B", 4, bytes([0, 1, 1, 2]), True),
        (50706, "B", 4, bytes([1, 4, 0, 0]), True),  # DNG 1.4
        (50708, "s", 0, "Toy", True),
        (50721, "2i", 9, identity, True),  # color matrix
        (50728, "2I", 3, (1, 1) * 3, True),  # neutral
        (50778, "H", 1, 21, True),  # illuminant
        (274, "H", 1, orientation, True),
    ]
    tifffile.imwrite(path, mosaic, photometric="cfa", extratags=tags)
    return path


def gray_ramp(width: int = 64, height: int = 48) -> np.ndarray:
    """A mosaic that grows brighter from left to right."""
    return np.tile(np.linspace(4000, 60000, width), (height, 1)).astype(np.uint16)


@pytest.mark.parametrize("name", ["a.heic", "IMG_1.HEIF", "handed on.jpg"])
def test_heic_is_upright(tmp_path: Path, name: str) -> None:
    path = write_heif(tmp_path / name, orientation=6)
    assert image_size(path) == (48, 64)
    assert focal_length(path) == 26
    assert not has_transparency(path)
    np.testing.assert_allclose(read_image(path), TURNED / 255, atol=0.03)


def test_heic_and_avif_have_no_other_way_to_be_read(tmp_path: Path) -> None:
    """Their orientation is part of the encoding: all programs apply it."""
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(QUADRANTS).save(tmp_path / "a.avif", quality=100, subsampling="4:4:4", exif=exif)
    for path in (write_heif(tmp_path / "a.heic", orientation=6), tmp_path / "a.avif"):
        assert orientation(path) == 1
        for upright in (True, False):
            assert image_size(path, upright) == (48, 64)
            np.testing.assert_allclose(read_image(path, upright), TURNED / 255, atol=0.03)


def test_avif(tmp_path: Path) -> None:
    Image.fromarray(QUADRANTS).save(tmp_path / "a.avif", quality=100, subsampling="4:4:4")
    assert image_size(tmp_path / "a.avif") == (64, 48)
    np.testing.assert_allclose(read_image(tmp_path / "a.avif"), QUADRANTS / 255, atol=0.03)


def test_raw_is_developed_upright(tmp_path: Path) -> None:
    level, turned = write_dng(tmp_path / "a.dng", gray_ramp()), write_dng(tmp_path / "b.DNG", gray_ramp(), orientation=6)
    assert image_size(level) == (64, 48) and image_size(turned) == (48, 64)
    assert image_size(turned, upright=False) == (64, 48) and (orientation(level), orientation(turned)) == (1, 6)
    assert focal_length(level) == 0 and not has_transparency(level)
    image = read_image(level)
    assert image.shape == (48, 64, 3) and image.dtype == np.float32
    brightness = image.mean((0, 2))
    assert (np.diff(brightness[4:-4]) > 0).all() and brightness[0] < 0.4 and 0.9 < brightness[-5] <= 1
    np.testing.assert_allclose(read_image(turned), np.rot90(image, -1), atol=0.02)
    np.testing.assert_allclose(read_image(turned, upright=False), image, atol=0.02)


@pytest.mark.parametrize("reduction", [2, 3, 4])
def test_reduced_raw_is_the_raw_reduced(tmp_path: Path, reduction: int) -> None:
    path = write_dng(tmp_path / "a.dng", gray_ramp(width=512))
    height, width = 48 // reduction, 512 // reduction
    full = read_image(path)[: height * reduction, : width * reduction]
    means = full.reshape(height, reduction, width, reduction, 3).mean((1, 3))
    reduced = read_image(path, reduction=reduction)
    assert reduced.shape == means.shape
    np.testing.assert_allclose(reduced[1:-1, 1:-1], means[1:-1, 1:-1], atol=0.01)


@pytest.mark.parametrize(("name", "package"), [("a.heic", "pillow_heif"), ("a.nef", "rawpy")])
def test_a_missing_package_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, package: str) -> None:
    path = write_heif(tmp_path / name) if name == "a.heic" else write_dng(tmp_path / name, gray_ramp())
    monkeypatch.setitem(sys.modules, package, None)
    for read in (image_size, read_image):
        with pytest.raises(TttlrmError, match=rf"{name} cannot be read without the Python package") as caught:
            read(path)
        assert caught.value.code == "no_package" and "pip install" in caught.value.hint


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".heic"])
@pytest.mark.parametrize("turn", [1, 3, 6])
@pytest.mark.parametrize("size", [(64, 48), (61, 45)])
def test_reduced_is_the_mean_of_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, turn: int, size: tuple[int, int]
) -> None:
    monkeypatch.setattr(images, "DRAFTED", 0)
    exif = Image.Exif()
    exif[0x0112] = turn
    smooth = Image.fromarray(QUADRANTS).resize(size, Image.Resampling.BICUBIC)
    if suffix == ".heic":
        pytest.importorskip("pillow_heif").from_pillow(smooth).save(tmp_path / "a.heic", quality=-1, exif=exif.tobytes())
    else:
        smooth.save(tmp_path / f"a{suffix}", exif=exif, quality=98)
    full = read_image(tmp_path / f"a{suffix}")
    height, width = (side // 4 for side in full.shape[:2])
    means = full[: height * 4, : width * 4].reshape(height, 4, width, 4, 3).mean((1, 3))
    reduced = read_image(tmp_path / f"a{suffix}", reduction=4)
    assert reduced.shape == means.shape
    assert np.abs(reduced - means).mean() < 0.02, "the hard edges ring a little"


def test_reduced_transparency_and_depth(tmp_path: Path) -> None:
    deep = np.random.default_rng(0).integers(0, 65536, (12, 16, 3), dtype=np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", deep, photometric="rgb")
    clear = np.random.default_rng(0).integers(0, 256, (12, 16, 4), dtype=np.uint8)
    Image.fromarray(clear).save(tmp_path / "a.png")
    for name in ("a.tif", "a.png"):
        means = read_image(tmp_path / name).reshape(6, 2, 8, 2, 3).mean((1, 3))
        np.testing.assert_allclose(read_image(tmp_path / name, reduction=2), means, atol=1e-6)


@pytest.mark.parametrize("distortion", [(0, 0, 0, 0), (0.08, -0.02, 0.001, -0.001)])
def test_large_photos_look_the_same_when_they_are_decoded_small(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, distortion: tuple[float, ...]
) -> None:
    """The lens included: a photo decoded at a quarter of its size has a camera a quarter as long."""
    rough = np.random.default_rng(0).integers(0, 256, (24, 32, 3), dtype=np.uint8)
    Image.fromarray(rough).resize((640, 480), Image.Resampling.BICUBIC).save(tmp_path / "a.jpg", quality=95)
    view = photo(640, 480, distortion, path=tmp_path / "a.jpg")
    pinhole = pinhole_intrinsics(view, 100, 75)
    full = resample(read_image(view.path), view, pinhole, 100, 75)
    monkeypatch.setattr(images, "DRAFTED", 0)
    monkeypatch.setattr(load, "DRAFTED", 0)
    reduced = load.load_photos([view], 100, 75).images[0]
    shifted = np.abs(reduced[:, 1:] - full[:, :-1]).mean()
    assert np.abs(reduced - full).mean() < 0.2 * shifted, "nothing lies a pixel beside its place"


def test_a_hundred_megapixels_are_read_without_a_warning(tmp_path: Path) -> None:
    Image.new("L", (12_000, 8_400), 128).save(tmp_path / "a.jpg")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert image_size(tmp_path / "a.jpg") == (12_000, 8_400)
        small = read_image(tmp_path / "a.jpg", reduction=8)
    assert small.shape == (1050, 1500, 3)
    np.testing.assert_allclose(small[::100, ::100], 128 / 255, atol=0.01)


def test_more_pixels_than_can_be_read_are_a_sentence(tmp_path: Path) -> None:
    Image.new("1", (30_000, 20_000)).save(tmp_path / "a.png")
    with pytest.raises(TttlrmError, match=r"a\.png has 30000×20000 pixels, more than the 500 million") as caught:
        image_size(tmp_path / "a.png")
    assert caught.value.code == "bad_photo"


@pytest.mark.parametrize("size", [(1, 3000), (3000, 2), (32, 65560)])
def test_a_strip_keeps_a_pixel_across(tmp_path: Path, size: tuple[int, int]) -> None:
    Image.new("RGB", size, "white").save(tmp_path / "a.png")
    small = read_reduced(tmp_path / "a.png", 16)
    assert small.size and small.min() > 0.99


def test_no_other_program_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As Pillow does for EPS, whatever its name is."""

    def start(*_: object, **__: object) -> None:
        raise AssertionError("Ghostscript was started")

    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", start)
    for name in ("a.jpg", "a.png", "a.tif"):
        eps = tmp_path / name
        eps.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 16 12\n%%EndComments\nshowpage\n%%EOF\n")
        for read in (image_size, read_image, has_transparency):
            with pytest.raises(TttlrmError, match="is not a readable image"):
                read(eps)
        assert not read_exif(eps) and focal_length(eps) == 0


def test_every_image_is_opened_with_the_formats_that_it_may_have() -> None:
    for source in (Path(__file__).parents[2] / "tttlrm_blender").rglob("*.py"):
        assert not re.search(r"Image\.open\((?![^()]*formats=)", source.read_text("utf-8")), source


@pytest.mark.parametrize("kind", ["BMP", "GIF", "PPM", "TGA", "JPEG2000", "PNG"])
def test_photos_with_another_name_than_their_format_are_read(tmp_path: Path, kind: str) -> None:
    Image.fromarray(np.full((4, 4, 3), 255, np.uint8)).save(tmp_path / "a.jpg", kind)
    np.testing.assert_allclose(read_image(tmp_path / "a.jpg"), np.ones((4, 4, 3)))


def test_floating_point_pixels_are_a_sentence(tmp_path: Path) -> None:
    Image.fromarray(np.ones((4, 4), np.float32)).save(tmp_path / "a.tif")
    with pytest.raises(TttlrmError, match=r"a\.tif has floating-point pixels"):
        read_image(tmp_path / "a.tif")


SAMPLES = {".jpg": {"quality": 90}, ".png": {}, ".webp": {}, ".tif": {"compression": "tiff_lzw"}, ".avif": {}}


@pytest.mark.parametrize("suffix", [*SAMPLES, ".heic", ".dng"])
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_broken_file_is_an_image_or_a_sentence(tmp_path: Path, suffix: str, data: st.DataObject) -> None:
    path = tmp_path / f"a{suffix}"
    if suffix == ".heic":
        write_heif(path)
    elif suffix == ".dng":
        write_dng(path, gray_ramp())
    else:
        Image.fromarray(QUADRANTS).save(path, **SAMPLES[suffix])
    content = bytearray(path.read_bytes())
    for place, value in data.draw(st.lists(st.tuples(st.integers(0, len(content) - 1), st.integers(0, 255)), max_size=8)):
        content[place] = value
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    try:
        image_size(path), focal_length(path), has_transparency(path)
        image = read_image(path)
        assert image.ndim == 3 and image.shape[2] == 3 and np.isfinite(image).all()
    except TttlrmError as error:
        assert error.code == "bad_photo" and str(path) in error.sentence


def test_a_header_with_another_size_than_the_picture_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Decoders of damaged HEIC files notice it only when they decode."""

    def decode(image: Image.Image, upright: bool) -> np.ndarray:
        image._size = (32, 48)
        return QUADRANTS[:, :32]

    Image.fromarray(QUADRANTS).save(tmp_path / "a.png")
    monkeypatch.setattr(images, "_samples", decode)
    with pytest.raises(TttlrmError, match=r"The header of the photo .*a\.png gives another size") as caught:
        read_image(tmp_path / "a.png")
    assert caught.value.code == "bad_photo"
