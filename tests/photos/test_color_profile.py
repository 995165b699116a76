# SPDX-License-Identifier: GPL-3.0-or-later
"""Photos with ICC profiles become sRGB; profiles that are sRGB, or cannot be used, change nothing."""

from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms

from tttlrm_blender.photos import images
from tttlrm_blender.photos.images import read_image

from .profiles import SPACES, gray_profile, in_srgb, rgb_profile

SMOOTH = np.stack([*np.meshgrid(np.linspace(0.35, 0.75, 16), np.linspace(0.4, 0.7, 12)), np.full((12, 16), 0.5)], axis=-1)
COLORS = (SMOOTH * 255).round().astype(np.uint8)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.mark.parametrize("suffix", [".png", ".tif", ".webp", ".jpg", ".avif", ".heic"])
@pytest.mark.parametrize("space", SPACES)
def test_colors_become_srgb(tmp_path: Path, space: str, suffix: str) -> None:
    if suffix == ".heic":
        pytest.importorskip("pillow_heif").register_heif_opener()
    quality = {".webp": {"lossless": True}, ".jpg": {"quality": 100, "subsampling": 0}}.get(suffix, {"quality": 100})
    path = tmp_path / f"a{suffix}"
    Image.fromarray(np.kron(COLORS, np.ones((8, 8, 1), np.uint8))).save(path, icc_profile=rgb_profile(space), **quality)
    lossless = suffix in (".png", ".tif", ".webp")
    tolerance = 0.01 if lossless else 0.06
    np.testing.assert_allclose(read_image(path)[4::8, 4::8], in_srgb(space, COLORS / 255), atol=tolerance)
    np.testing.assert_allclose(read_image(path, reduction=8), in_srgb(space, COLORS / 255), atol=tolerance)


def test_transparency_stays(tmp_path: Path) -> None:
    alpha = np.linspace(0, 255, 16).astype(np.uint8) * np.ones((12, 1), np.uint8)
    image = Image.fromarray(np.dstack([COLORS, alpha]))
    image.save(tmp_path / "a.png", icc_profile=rgb_profile("Adobe RGB"))
    share = alpha[..., None] / 255
    expected = in_srgb("Adobe RGB", COLORS / 255) * share + 1 - share
    np.testing.assert_allclose(read_image(tmp_path / "a.png"), expected, atol=0.01)


def test_palettes_and_gray_photos_have_the_profiles_of_colors(tmp_path: Path) -> None:
    few = Image.fromarray(COLORS).quantize(200)
    few.save(tmp_path / "a.png", icc_profile=rgb_profile("ProPhoto"))
    expected = in_srgb("ProPhoto", np.asarray(few.convert("RGB")) / 255)
    np.testing.assert_allclose(read_image(tmp_path / "a.png"), expected, atol=0.01)
    gray = Image.fromarray(COLORS[..., 0])
    gray.save(tmp_path / "b.png", icc_profile=rgb_profile("ProPhoto"))
    expected = in_srgb("ProPhoto", np.repeat(COLORS[..., :1], 3, axis=2) / 255)
    np.testing.assert_allclose(read_image(tmp_path / "b.png"), expected, atol=0.01)


@pytest.mark.parametrize("deep", [False, True])
def test_curves_of_gray(tmp_path: Path, deep: bool) -> None:
    levels = COLORS[..., 0].astype(np.uint16) * 257 if deep else COLORS[..., 0]
    Image.fromarray(levels).save(tmp_path / "a.png", icc_profile=gray_profile(1.0))
    expected = in_srgb("linear sRGB", np.repeat(COLORS[..., :1], 3, axis=2) / 255)
    np.testing.assert_allclose(read_image(tmp_path / "a.png"), expected, atol=0.01)


def test_sixteen_bits_become_srgb(tmp_path: Path) -> None:
    values = (SMOOTH * 65535).astype(np.uint16)
    tag = (34675, 7, None, rgb_profile("ProPhoto"), False)
    tifffile.imwrite(tmp_path / "a.tif", values, photometric="rgb", extratags=[tag])
    differences = np.abs(read_image(tmp_path / "a.tif") - in_srgb("ProPhoto", values / 65535))
    assert differences.max() < 0.03 and differences.mean() < 0.003


def test_srgb_keeps_every_bit(tmp_path: Path) -> None:
    values = np.random.default_rng(0).integers(0, 65536, (12, 16, 3), dtype=np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", values, photometric="rgb", extratags=[(34675, 7, None, SRGB, False)])
    np.testing.assert_allclose(read_image(tmp_path / "a.tif"), values / 65535, atol=1e-6)
    Image.fromarray(COLORS).save(tmp_path / "a.png", icc_profile=SRGB)
    np.testing.assert_allclose(read_image(tmp_path / "a.png"), COLORS / 255, atol=1e-6)


@pytest.mark.parametrize(
    "profile",
    [
        b"no profile",
        rgb_profile("ProPhoto")[:200],
        rgb_profile("ProPhoto").replace(b"acsp", b"nope"),
        rgb_profile("ProPhoto").replace(b"RGB ", b"CMYK"),
        rgb_profile("ProPhoto").replace(b"RGB ", b"Lab "),
        rgb_profile("ProPhoto").replace(b"rTRC", b"xTRC"),
    ],
)
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_a_profile_that_cannot_be_used_counts_as_none(tmp_path: Path, profile: bytes, mode: str) -> None:
    image = Image.fromarray(COLORS).convert(mode)
    image.save(tmp_path / "a.tif", icc_profile=profile)
    np.testing.assert_allclose(read_image(tmp_path / "a.tif"), np.asarray(image.convert("RGB")) / 255, atol=0.01)


def test_large_photos_are_converted_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their decoder is asked for a reduced size."""
    monkeypatch.setattr(images, "DRAFTED", 0)
    large = np.kron(COLORS, np.ones((8, 8, 1), np.uint8))
    Image.fromarray(large).save(tmp_path / "a.jpg", icc_profile=rgb_profile("Display P3"), quality=100)
    expected = in_srgb("Display P3", COLORS / 255)
    np.testing.assert_allclose(read_image(tmp_path / "a.jpg", reduction=8), expected, atol=0.03)
