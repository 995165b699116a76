# SPDX-License-Identifier: GPL-3.0-or-later
"""Compressed PLY files: round trips within the quantization, a file laid out by hand, and damaged ones."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.gaussians.formats.morton import morton_order
from tttlrm_blender.gaussians.formats.ply import read_ply
from tttlrm_blender.gaussians.formats.ply_compressed import CHUNK, write_compressed_ply
from tttlrm_blender.gaussians.gaussians import SH_DC
from tttlrm_blender.geometry.quaternions import to_matrices

HEADER = """ply
format binary_little_endian 1.0
element chunk 1
{bounds}
element vertex 1
property uint packed_position
property uint packed_rotation
property uint packed_scale
property uint packed_color
element sh 1
{rest}
end_header
"""
NAMES = ["min_x", "min_y", "min_z", "max_x", "max_y", "max_z"]
NAMES += ["min_scale_x", "min_scale_y", "min_scale_z", "max_scale_x", "max_scale_y", "max_scale_z"]


def by_hand() -> bytes:
    """One splat of degree 1 in a chunk without bounds for colors."""
    bounds = "\n".join(f"property float {name}" for name in NAMES)
    head = HEADER.format(bounds=bounds, rest="\n".join(f"property uchar f_rest_{i}" for i in range(9)))
    chunk = np.array([0, -10, 5, 2047, 1013, 7, -4, -4, -4, -4, 4, -4], dtype="<f4")
    position = 100 << 21 | 20 << 11 | 2047
    rotation = 1 << 30 | 512 << 20 | 512 << 10 | 1023  # x is the largest, then w, y and z = √½
    words = np.array([position, rotation, 0 << 21 | 1023 << 11, 255 << 24 | 0 << 16 | 51 << 8 | 204], dtype="<u4")
    return head.encode() + chunk.tobytes() + words.tobytes() + bytes([0, 255, 127, 128, 128, 128, 160, 96, 128])


def test_reads_bytes_laid_out_by_hand(tmp_path):
    (tmp_path / "hand.ply").write_bytes(by_hand())
    read = read_ply(tmp_path / "hand.ply")
    np.testing.assert_allclose(read.means, [[100, 10, 7]], rtol=1e-5)
    np.testing.assert_allclose(read.scales, np.exp([[-4, 4, -4]]), rtol=1e-5)
    np.testing.assert_allclose(read.opacities, [0.8], atol=1e-6)
    np.testing.assert_allclose(read.sh[:, 0] * SH_DC + 0.5, [[1, 0, 0.2]], atol=1e-6)
    half = np.sqrt(0.5)
    np.testing.assert_allclose(read.quats, [[0, half, 0, half]], atol=1e-3)
    # Bytes lie in the middle of their intervals of 1/32, but for the first and the last: all red terms, then green, then blue.
    expected = [[-4, 1 / 64, 65 / 64], [4, 1 / 64, -63 / 64], [-1 / 64, 1 / 64, 1 / 64]]
    np.testing.assert_allclose(read.sh[0, 1:], expected, atol=1e-6)


def with_bounds(**values: float) -> bytes:
    """The file of `by_hand` with other bounds."""
    content, start = by_hand(), by_hand().index(b"end_header\n") + 11
    chunk = np.frombuffer(content[start : start + 48], dtype="<f4").copy()
    for name, value in values.items():
        chunk[NAMES.index(name)] = value
    return content[:start] + chunk.tobytes() + content[start + 48 :]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("upper", [-np.inf, -4.0])
def test_flat_splats_have_a_scale_of_zero(tmp_path, upper):
    """Their bounds are the logarithm of 0; a splat at the lower one has no size, whatever the upper one is."""
    (tmp_path / "flat.ply").write_bytes(with_bounds(min_scale_x=-np.inf, max_scale_x=upper))
    np.testing.assert_allclose(read_ply(tmp_path / "flat.ply").scales, [[0, np.exp(4), np.exp(-4)]], rtol=1e-5)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("bound", ["min_x", "max_scale_y", "min_r"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_bounds_that_are_not_finite_leave_out_their_splats(tmp_path, random_splats, bound, value):
    write_compressed_ply(tmp_path / "a.ply", random_splats(600))
    content = bytearray((tmp_path / "a.ply").read_bytes())
    names = [line.split()[-1] for line in content.decode("latin1").splitlines() if line.startswith("property float")]
    start = content.index(b"end_header\n") + 11 + 4 * names.index(bound)
    content[start : start + 4] = np.float32(value).tobytes()
    (tmp_path / "a.ply").write_bytes(content)
    read = read_ply(tmp_path / "a.ply")
    assert all(np.isfinite(array).all() for array in read.arrays().values())
    assert 600 - CHUNK <= len(read) < 600


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000), degree=st.integers(0, 3), count=st.sampled_from([1, 255, 256, 700]))
def test_round_trip_within_the_quantization(tmp_path, random_splats, seed, degree, count):
    splats = random_splats(count, degree, seed)
    write_compressed_ply(tmp_path / "a.compressed.ply", splats)
    splats, read = splats[morton_order(splats.means)], read_ply(tmp_path / "a.compressed.ply")
    for start in range(0, count, CHUNK):
        part = slice(start, start + CHUNK)
        span = np.ptp(splats.means[part], axis=0)
        assert (np.abs(read.means[part] - splats.means[part]) <= span * [0.5 / 2047, 0.5 / 1023, 0.5 / 2047] + 1e-6).all()
        logs = np.log(splats.scales[part])
        steps = np.ptp(logs, axis=0) * [0.5 / 2047, 0.5 / 1023, 0.5 / 2047]
        assert (np.abs(np.log(read.scales[part]) - logs) <= steps + 1e-5).all()
        assert (np.abs(read.sh[part, 0] - splats.sh[part, 0]) <= np.ptp(splats.sh[part, 0], axis=0) * 0.5 / 255 + 1e-5).all()
    np.testing.assert_allclose(read.opacities, splats.opacities, atol=0.5 / 255 + 1e-6)
    np.testing.assert_allclose(read.sh[:, 1:], splats.sh[:, 1:], atol=1 / 64 + 1e-6)
    assert np.abs(to_matrices(read.quats) - to_matrices(splats.quats)).max() < 6e-3


def test_no_splats(tmp_path, random_splats):
    write_compressed_ply(tmp_path / "none.ply", random_splats(0, 2))
    assert len(read_ply(tmp_path / "none.ply")) == 0


def test_a_quarter_of_the_size_of_plain_files(tmp_path, random_splats):
    write_compressed_ply(tmp_path / "a.ply", random_splats(2560))
    assert (tmp_path / "a.ply").stat().st_size < 2560 * 248 / 3.5


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (b"element chunk 1", b"element chunk 0", "0 chunks, too few for 1 splats"),
        (b"element sh 1", b"element sh 0", "do not fit its splats"),
        (b"property uchar f_rest_8\n", b"", "do not fit its splats"),
        (b"property float max_scale_z", b"property float other", "without a proper max_scale_z"),
        (b"uint packed_scale", b"float packed_scale", "without a proper packed_scale"),
        (b"uchar f_rest_3", b"uchar g_rest_3", "without a proper f_rest_3"),
        (b"element vertex 1", b"element vertex 123456789012", "ends too early"),
        (b"element chunk 1", b"element chunk 123456789012", "ends too early"),
    ],
)
def test_names_the_file_and_the_fault(tmp_path, before, after, words):
    (tmp_path / "bad.ply").write_bytes(by_hand().replace(before, after))
    with pytest.raises(TttlrmError, match=words) as caught:
        read_ply(tmp_path / "bad.ply")
    assert "bad.ply" in caught.value.sentence and caught.value.code == "bad_splats"
