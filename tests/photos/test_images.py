# SPDX-License-Identifier: GPL-3.0-or-later
"""Image files of all kinds become the same upright float image."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageOps

from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.photos.exif import focal_length
from tttlrm_blender.photos.images import image_size, orientation, read_image

from .files import write_png16

COLORS = np.random.default_rng(0).integers(0, 256, (12, 16, 4), dtype=np.uint8)
DEEP = np.random.default_rng(1).integers(0, 65536, (12, 16, 4), dtype=np.uint16)


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.webp"])
def test_eight_bits(tmp_path: Path, name: str) -> None:
    Image.fromarray(COLORS[..., :3]).save(tmp_path / name, lossless=True)
    image = read_image(tmp_path / name)
    assert image.dtype == np.float32
    np.testing.assert_allclose(image, COLORS[..., :3] / 255, atol=1e-6)


def test_jpeg_comes_close(tmp_path: Path) -> None:
    smooth = np.broadcast_to(np.linspace(0, 255, 64)[None, :, None], (48, 64, 3)).astype(np.uint8)
    Image.fromarray(smooth).save(tmp_path / "a.jpg", quality=95)
    np.testing.assert_allclose(read_image(tmp_path / "a.jpg"), smooth / 255, atol=0.02)


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_sixteen_bit_tiff_keeps_its_depth(tmp_path: Path, compression: str | None, byteorder: str) -> None:
    tifffile.imwrite(tmp_path / "a.tif", DEEP[..., :3], photometric="rgb", compression=compression, byteorder=byteorder)
    np.testing.assert_allclose(read_image(tmp_path / "a.tif"), DEEP[..., :3] / 65535, atol=1e-6)


def test_sixteen_bit_png_keeps_its_depth(tmp_path: Path) -> None:
    write_png16(tmp_path / "a.png", DEEP[..., :3])
    np.testing.assert_allclose(read_image(tmp_path / "a.png"), DEEP[..., :3] / 65535, atol=1e-6)


def test_sixteen_bit_transparency(tmp_path: Path) -> None:
    write_png16(tmp_path / "a.png", DEEP)
    values = DEEP / 65535
    np.testing.assert_allclose(read_image(tmp_path / "a.png"), values[..., :3] * values[..., 3:] + 1 - values[..., 3:], atol=1e-6)


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_sixteen_bit_gray(tmp_path: Path, name: str) -> None:
    Image.fromarray(DEEP[..., 0]).save(tmp_path / name)
    np.testing.assert_allclose(read_image(tmp_path / name), np.repeat(DEEP[..., :1], 3, axis=2) / 65535, atol=1e-6)


def test_transparency_is_white(tmp_path: Path) -> None:
    Image.fromarray(COLORS).save(tmp_path / "a.png")
    values = COLORS / 255
    np.testing.assert_allclose(read_image(tmp_path / "a.png"), values[..., :3] * values[..., 3:] + 1 - values[..., 3:], atol=1e-6)


def test_transparent_palette_is_white(tmp_path: Path) -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.putpixel((1, 0), 1)
    image.save(tmp_path / "a.png", transparency=1)
    np.testing.assert_allclose(read_image(tmp_path / "a.png"), [[[1, 0, 0], [1, 1, 1]]])


@pytest.mark.parametrize("mode", ["L", "LA", "1", "P", "CMYK"])
def test_other_modes_become_rgb(tmp_path: Path, mode: str) -> None:
    gray = Image.fromarray(np.full((8, 8, 3), 255, np.uint8)).convert(mode)
    gray.save(tmp_path / "a.tif")
    np.testing.assert_allclose(read_image(tmp_path / "a.tif"), np.ones((8, 8, 3)), atol=0.01)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation(tmp_path: Path, orientation: int, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(np.kron(COLORS[:3, :4, :3], np.ones((8, 8, 1), np.uint8)))
    stored.save(path, exif=exif, quality=95)
    with Image.open(path) as image:
        expected = np.asarray(ImageOps.exif_transpose(image).convert("RGB")) / 255
    sideways = orientation >= 5
    assert image_size(path) == ((24, 32) if sideways else (32, 24))
    assert read_image(path).shape[:2] == ((32, 24) if sideways else (24, 32))
    np.testing.assert_allclose(read_image(path), expected, atol=1e-6)


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tif"])
@pytest.mark.parametrize("turn", range(1, 9))
def test_stored_pixels_where_wanted(tmp_path: Path, turn: int, suffix: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = turn
    path = tmp_path / f"a{suffix}"
    Image.fromarray(COLORS[..., :3]).save(path, exif=exif, lossless=True)
    assert image_size(path, upright=False) == COLORS.shape[1::-1] and orientation(path) == turn
    np.testing.assert_allclose(read_image(path, upright=False), COLORS[..., :3] / 255, atol=1e-6)


def test_an_orientation_that_only_the_xmp_data_of_a_tiff_give_means_nothing(tmp_path: Path) -> None:
    xmp = b'<rdf:Description tiff:Orientation="6"/>'
    tifffile.imwrite(tmp_path / "a.tif", COLORS[..., :3], photometric="rgb", extratags=[(700, "B", len(xmp), xmp, True)])
    assert image_size(tmp_path / "a.tif") == COLORS.shape[1::-1] and orientation(tmp_path / "a.tif") == 1
    np.testing.assert_allclose(read_image(tmp_path / "a.tif"), COLORS[..., :3] / 255, atol=1e-6)


def test_stored_pixels_of_16_bits(tmp_path: Path) -> None:
    deep = np.random.default_rng(0).integers(0, 65536, (6, 8, 3), dtype=np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", deep, photometric="rgb", extratags=[(274, "H", 1, 6, True)])
    np.testing.assert_allclose(read_image(tmp_path / "a.tif", upright=False), deep / 65535, atol=1e-6)
    np.testing.assert_allclose(read_image(tmp_path / "a.tif"), np.rot90(deep, -1) / 65535, atol=1e-6)


def test_the_header_of_a_png_is_enough(tmp_path: Path) -> None:
    Image.fromarray(np.kron(COLORS[..., :3], np.ones((9, 9, 1), np.uint8))).save(tmp_path / "a.png")
    (tmp_path / "a.png").write_bytes((tmp_path / "a.png").read_bytes()[:100])
    assert image_size(tmp_path / "a.png") == (144, 108)


def test_focal_length(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0xA405] = 28
    Image.fromarray(COLORS[..., :3]).save(tmp_path / "a.jpg", exif=exif)
    Image.fromarray(COLORS[..., :3]).save(tmp_path / "b.jpg")
    assert focal_length(tmp_path / "a.jpg") == 28
    assert focal_length(tmp_path / "b.jpg") == 0


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tif", "a.webp"])
def test_truncated_file_is_named(tmp_path: Path, name: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / name)
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(content[: len(content) // 2])
    with pytest.raises(TttlrmError, match=name) as caught:
        read_image(tmp_path / name)
    assert caught.value.code == "bad_photo"


def test_something_else_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_text("not a picture")
    with pytest.raises(TttlrmError, match=r"a\.jpg is not a readable image"):
        image_size(tmp_path / "a.jpg")


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tif", "a.webp"])
@pytest.mark.parametrize("kind", ["EPS", "PSD", "XBM"])
def test_files_that_only_pretend_to_be_photos_are_not_opened(tmp_path: Path, name: str, kind: str) -> None:
    """Least of all PostScript, which is a program."""
    buffer = BytesIO()
    if kind == "PSD":
        buffer.write(b"8BPS\0\1" + bytes(6) + bytes([0, 3, 0, 0, 0, 4, 0, 0, 0, 4, 0, 8, 0, 3]) + bytes(64))
    else:
        Image.new("1" if kind == "XBM" else "RGB", (8, 8)).save(buffer, kind)
    (tmp_path / name).write_bytes(buffer.getvalue())
    with pytest.raises(TttlrmError, match="is not a readable image"):
        read_image(tmp_path / name)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF", "BMP", "GIF", "PPM", "TGA", "MPO"])
def test_photos_are_read_whatever_their_name(tmp_path: Path, kind: str) -> None:
    Image.new("RGB", (8, 6), (255, 0, 0)).save(tmp_path / "photo", kind)
    assert read_image((tmp_path / "photo").rename(tmp_path / "photo.jpg")).shape == (6, 8, 3)
