# SPDX-License-Identifier: GPL-3.0-or-later
"""EXIF data of photos: the camera and its GPS position."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from PIL import ExifTags

from .images import read_exif

EARTH = 6_371_000.0  # meters, mean radius
NOWHERE = (math.nan, math.nan, math.nan)


def camera_name(path: Path) -> str:
    """Make, model and serial number of the camera that took a photo, as far as the EXIF data say."""
    exif = read_exif(path)
    serial = exif.get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.BodySerialNumber, "")
    parts = (exif.get(ExifTags.Base.Make, ""), exif.get(ExifTags.Base.Model, ""), serial)
    return " ".join(str(part).strip("\0 ") for part in parts).strip()


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
    try:
        latitude = _degrees(gps[ExifTags.GPS.GPSLatitude], gps.get(ExifTags.GPS.GPSLatitudeRef) == "S")
        longitude = _degrees(gps[ExifTags.GPS.GPSLongitude], gps.get(ExifTags.GPS.GPSLongitudeRef) == "W")
        below = gps.get(ExifTags.GPS.GPSAltitudeRef) in (1, b"\x01")
        altitude = float(gps.get(ExifTags.GPS.GPSAltitude, 0)) * (-1 if below else 1)
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return NOWHERE
    return latitude, longitude, altitude


def _degrees(parts: Any, negative: bool) -> float:
    """Degrees, minutes and seconds as degrees."""
    degrees, minutes, seconds = (float(part) for part in parts)
    return (degrees + minutes / 60 + seconds / 3600) * (-1 if negative else 1)
