# SPDX-License-Identifier: GPL-3.0-or-later
"""EXIF data as cameras and programs write them: what is odd counts as unknown, and never stops a set."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image
from PIL.TiffImagePlugin import IFDRational

from tttlrm_blender.photos import exif
from tttlrm_blender.photos.exif import camera_name, focal_length, gps_meters, gps_place

LATITUDE, LONGITUDE, ALTITUDE = ExifTags.GPS.GPSLatitude, ExifTags.GPS.GPSLongitude, ExifTags.GPS.GPSAltitude


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Gives photos EXIF data, also such as Pillow itself does not write."""
    data: dict[Path, Image.Exif] = {}

    def written(name: str, camera: dict[int, Any] | None = None, gps: dict[int, Any] | None = None) -> Path:
        data[tmp_path / name] = Image.Exif()
        data[tmp_path / name]._ifds = {ExifTags.IFD.Exif: camera or {}, ExifTags.IFD.GPSInfo: gps or {}}
        return tmp_path / name

    monkeypatch.setattr(exif, "read_exif", data.__getitem__)
    return written


@pytest.mark.parametrize(
    ("value", "focal"),
    [
        (28, 28.0),
        (IFDRational(53, 2), 26.5),
        (IFDRational(0, 0), 0.0),
        (IFDRational(28, 0), 0.0),
        (IFDRational(0, 1), 0.0),
        (IFDRational(-28, 1), 0.0),
        (math.nan, 0.0),
        (math.inf, 0.0),
        (1e30, 0.0),
        ("28 mm", 0.0),
        ("28", 0.0),
        (b"\x1c", 0.0),
        ((28, 35), 0.0),
        ((), 0.0),
        (None, 0.0),
        (10**400, 0.0),
    ],
)
def test_a_focal_length_is_a_finite_positive_number(write, value: object, focal: float) -> None:
    assert focal_length(write("a.jpg", {ExifTags.Base.FocalLengthIn35mmFilm: value})) == focal


@pytest.mark.parametrize("value", ["28 mm", (28, 35), IFDRational(0, 0)])
def test_odd_focal_lengths_of_files(tmp_path: Path, value: object) -> None:
    data = Image.Exif()
    data.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.FocalLengthIn35mmFilm] = value
    Image.new("RGB", (16, 12)).save(tmp_path / "a.jpg", exif=data)
    assert focal_length(tmp_path / "a.jpg") == 0


HERE = {LATITUDE: (48.0, 30.0, 0.0), LONGITUDE: (11.0, 0.0, 0.0), ALTITUDE: 500.0}


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({}, (48.5, 11.0, 500.0)),
        ({ALTITUDE: math.nan}, (48.5, 11.0, 0.0)),
        ({ALTITUDE: "500 m"}, (48.5, 11.0, 0.0)),
        ({ALTITUDE: 1e9}, (48.5, 11.0, 0.0)),
        ({ALTITUDE: None}, (48.5, 11.0, 0.0)),
        ({LATITUDE: (148.0, 0.0, 0.0)}, None),
        ({LATITUDE: (IFDRational(0, 0), 0.0, 0.0)}, None),
        ({LATITUDE: (48.0,)}, None),
        ({LATITUDE: "48° 30' N"}, None),
        ({LATITUDE: None}, None),
        ({LONGITUDE: ("11", "0", "0")}, None),
        ({LONGITUDE: (math.inf, 0.0, 0.0)}, None),
        ({LATITUDE: (0.0, 0.0, 0.0), LONGITUDE: (0.0, 0.0, 0.0)}, None),
    ],
)
def test_a_place_on_earth_or_none(write, changes: dict[int, object], place: tuple[float, float, float] | None) -> None:
    expected = place or (math.nan,) * 3
    np.testing.assert_equal(gps_place(write("a.jpg", gps={**HERE, **changes})), expected)
    meters = gps_meters([write("a.jpg", gps={**HERE, **changes}), write("b.jpg", gps=HERE)])
    assert np.isfinite(meters[1]).all()


ODD = st.none() | st.integers() | st.floats() | st.text(max_size=4) | st.binary(max_size=4) | st.tuples(st.floats(), st.floats())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from([0xA405, 0xA431, 0x010F]), ODD), st.dictionaries(st.integers(1, 6), ODD))
def test_nothing_in_exif_data_stops_a_set(write, camera: dict[int, object], gps: dict[int, object]) -> None:
    path = write("a.jpg", camera, gps)
    assert 0 <= focal_length(path) < math.inf and isinstance(camera_name(path), str)
    assert gps_meters([path]).shape == (1, 3)
