# SPDX-License-Identifier: GPL-3.0-or-later
"""EXIF data of photos: the camera, its focal length and its GPS position. What is odd counts as unknown."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from PIL import ExifTags

from .images import read_exif

EARTH = 6_371_000.0  # meters, mean radius
LONGEST = 10_000.0  # mm, of focal lengths that lenses have
HIGHEST = 100_000.0  # meters, of altitudes that photos are taken at
NOWHERE = (math.nan, math.nan, math.nan)


def camera_name(path: Path) -> str:
    """Make, model and serial number of the camera that took a photo, as far as the EXIF data say."""
    exif = read_exif(path)
    serial = exif.get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.BodySerialNumber, "")
    parts = (exif.get(ExifTags.Base.Make, ""), exif.get(ExifTags.Base.Model, ""), serial)
    return " ".join(str(part).strip("\0 ") for part in parts).strip()


def focal_length(path: Path) -> float:
    """The 35 mm equivalent focal length in mm, or 0 if it is unknown: cameras and programs also write 0/0, or words."""
    focal = _number(read_exif(path).get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.FocalLengthIn35mmFilm))
    return focal if 0 < focal < LONGEST else 0.0


def gps_meters(paths: list[Path]) -> np.ndarray:
    """Meters east, north and up of the first known position, [N, 3]; NaN for photos without GPS data."""
    places = np.array([gps_place(path) for path in paths]).reshape(-1, 3)
    known = places[np.isfinite(places).all(1)]
    if not len(known):
        return places
    latitude, longitude, altitude = known[0]
    east = np.radians(places[:, 1] - longitude) * EARTH * math.cos(math.radians(latitude))
    return np.stack([east, np.radians(places[:, 0] - latitude) * EARTH, places[:, 2] - altitude], 1)


def gps_place(path: Path) -> tuple[float, float, float]:
    """Latitude and longitude in degrees and altitude in meters; NaN without GPS data, altitude 0 if only it is missing."""
    gps = read_exif(path).get_ifd(ExifTags.IFD.GPSInfo)
    latitude = _degrees(gps.get(ExifTags.GPS.GPSLatitude), gps.get(ExifTags.GPS.GPSLatitudeRef) == "S")
    longitude = _degrees(gps.get(ExifTags.GPS.GPSLongitude), gps.get(ExifTags.GPS.GPSLongitudeRef) == "W")
    if not (abs(latitude) <= 90 and abs(longitude) <= 180) or latitude == longitude == 0:  # 0, 0 is what no reception gives
        return NOWHERE
    altitude = _number(gps.get(ExifTags.GPS.GPSAltitude))
    below = gps.get(ExifTags.GPS.GPSAltitudeRef) in (1, b"\x01")
    return latitude, longitude, (-altitude if below else altitude) if abs(altitude) < HIGHEST else 0.0


def _degrees(parts: Any, negative: bool) -> float:
    """Degrees, minutes and seconds as degrees, or NaN."""
    if not isinstance(parts, tuple) or len(parts) != 3:
        return math.nan
    degrees, minutes, seconds = map(_number, parts)
    return (degrees + minutes / 60 + seconds / 3600) * (-1 if negative else 1)


def _number(value: Any) -> float:
    """A number of EXIF data; NaN if it is none."""
    try:
        return math.nan if isinstance(value, str | bytes) else float(value)
    except (TypeError, ValueError, ArithmeticError):
        return math.nan
