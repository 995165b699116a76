# SPDX-License-Identifier: GPL-3.0-or-later
"""ICC profiles: the colors of Display P3, Adobe RGB, ProPhoto and other spaces become sRGB, as in programs that show photos."""

from __future__ import annotations

import io
from functools import lru_cache

import numpy as np
from PIL import Image, ImageCms

MODES = {"RGB ": "RGB", "GRAY": "L", "CMYK": "CMYK"}  # Pillow's modes, by the color space of the profile
NEARLY = 2  # levels of 255: profiles that change colors less are sRGB, rounded


def changes_colors(image: Image.Image) -> bool:
    """Whether an image has a profile of another color space than sRGB. Profiles that cannot be used count as sRGB."""
    return _transform_of(image) is not None


def to_srgb(image: Image.Image) -> Image.Image:
    """An image in sRGB: the same one where nothing changes, otherwise RGB or RGBA with 8 bits."""
    transform = _transform_of(image)
    if transform is None:
        return image
    transparent = image.has_transparency_data
    if image.mode.startswith("I"):
        image = Image.fromarray((np.asarray(image).clip(0, 65535) / 257 + 0.5).astype(np.uint8))
    alpha = image.convert("RGBA").getchannel("A") if transparent else None
    colors = image if image.mode == transform.input_mode else image.convert("RGB").convert(transform.input_mode)
    converted = ImageCms.applyTransform(colors, transform)
    assert converted is not None, "it is not converted in place"
    if alpha:
        converted.putalpha(alpha)
    return converted


def _transform_of(image: Image.Image) -> ImageCms.ImageCmsTransform | None:
    profile = image.info.get("icc_profile")
    return _transform(profile, image.mode == "CMYK") if isinstance(profile, bytes) and profile else None


@lru_cache(maxsize=8)
def _transform(profile: bytes, inks: bool) -> ImageCms.ImageCmsTransform | None:
    """The transform of a profile to sRGB; None if it changes nothing, or is not for such an image, which has `inks` or not."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        mode = MODES.get(source.profile.xcolor_space, "")
        if not mode or inks != (mode == "CMYK"):
            return None
        transform = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")
        return transform if inks or _deviation(transform, mode) > NEARLY else None
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None


def _deviation(transform: ImageCms.ImageCmsTransform, mode: str) -> int:
    """The largest change of a channel among sample colors."""
    samples = np.stack(np.meshgrid(*[np.arange(0, 256, 15, dtype=np.uint8)] * 3), axis=-1).reshape(1, -1, 3)
    colors = Image.fromarray(samples).convert(mode)
    converted = ImageCms.applyTransform(colors, transform)
    assert converted is not None, "it is not converted in place"
    return int(np.abs(np.asarray(converted, int) - np.asarray(colors.convert("RGB"), int)).max())
