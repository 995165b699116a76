# SPDX-License-Identifier: GPL-3.0-or-later
"""`.splat` files: round trips within the quantization, bytes laid out by hand, and damaged files."""

import struct

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.gaussians.formats.splat import read_splat, write_splat
from tttlrm_blender.gaussians.gaussians import SH_DC
from tttlrm_blender.geometry.quaternions import to_matrices

BY_HAND = struct.pack("<6f8B", 1, -2, 3, 0.5, 0.25, 0.125, 255, 0, 51, 204, 204, 128, 128, 231)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000), degree=st.integers(0, 3))
def test_round_trip_within_the_quantization(tmp_path, random_splats, seed, degree):
    splats = random_splats(200, degree, seed)
    write_splat(tmp_path / "a.splat", splats)
    read = read_splat(tmp_path / "a.splat")
    np.testing.assert_array_equal(read.means, splats.means)
    np.testing.assert_array_equal(read.scales, splats.scales)
    np.testing.assert_allclose(read.opacities, splats.opacities, atol=0.5 / 255 + 1e-6)
    np.testing.assert_allclose(read.sh, splats.sh[:, :1], atol=0.5 / 255 / SH_DC + 1e-6)
    difference = to_matrices(read.quats) - to_matrices(splats.quats)
    assert np.abs(difference).max() < 0.04
    write_splat(tmp_path / "b.splat", read)
    again = np.frombuffer((tmp_path / "b.splat").read_bytes(), np.uint8).reshape(-1, 32)
    assert np.array_equal(again[:, :28], np.frombuffer((tmp_path / "a.splat").read_bytes(), np.uint8).reshape(-1, 32)[:, :28])


def test_reads_bytes_laid_out_by_hand(tmp_path):
    (tmp_path / "hand.splat").write_bytes(BY_HAND)
    read = read_splat(tmp_path / "hand.splat")
    np.testing.assert_array_equal(read.means, [[1, -2, 3]])
    np.testing.assert_array_equal(read.scales, [[0.5, 0.25, 0.125]])
    np.testing.assert_allclose(read.opacities, [0.8], atol=1e-6)
    np.testing.assert_allclose(read.sh[:, 0] * SH_DC + 0.5, [[1, 0, 0.2]], atol=1e-6)
    length = np.hypot(76, 103)
    np.testing.assert_allclose(read.quats, [[76 / length, 0, 0, 103 / length]], atol=1e-6)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not a .splat file"),
        (BY_HAND[:-1], "ends too early"),
        (struct.pack("<6f8B", np.nan, 0, 0, 1, 1, 1, *[0] * 8), "no splat with finite values"),
        (struct.pack("<6f8B", 0, 0, 0, 1, -1, 1, *[0] * 8), "no splat with finite values"),
    ],
)
def test_names_the_file_and_the_fault(tmp_path, content, words):
    (tmp_path / "bad.splat").write_bytes(content)
    with pytest.raises(TttlrmError, match=words) as caught:
        read_splat(tmp_path / "bad.splat")
    assert "bad.splat" in caught.value.sentence and caught.value.code == "bad_splats"
