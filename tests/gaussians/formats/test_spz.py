# SPDX-License-Identifier: GPL-3.0-or-later
"""SPZ files: round trips within the quantization, bytes laid out by hand, and damaged files."""

import gzip
import struct

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.gaussians.formats.ply import read_ply, write_ply
from tttlrm_blender.gaussians.formats.spz import read_spz, write_spz
from tttlrm_blender.gaussians.gaussians import Gaussians
from tttlrm_blender.geometry.quaternions import to_matrices


def angles(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Angles between rotations, in radians."""
    cosines = (np.einsum("nij,nij->n", to_matrices(first), to_matrices(second)) - 1) / 2
    return np.arccos(np.clip(cosines, -1, 1))


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000), degree=st.integers(0, 3), size=st.floats(1e-2, 1e4))
def test_round_trip_within_the_quantization(tmp_path, random_splats, seed, degree, size):
    splats = random_splats(200, degree, seed)
    splats.means[:] *= size
    write_spz(tmp_path / "splats.spz", splats)
    again = read_spz(tmp_path / "splats.spz")
    step = max(2.0**-20, float(np.abs(splats.means).max()) * 2.0**-22)
    np.testing.assert_allclose(again.means, splats.means, atol=step)
    np.testing.assert_allclose(np.log(again.scales), np.log(splats.scales), atol=1 / 32 + 1e-3)
    np.testing.assert_allclose(again.opacities, splats.opacities, atol=0.5 / 255 + 1e-4)
    np.testing.assert_allclose(again.sh[:, 0], splats.sh[:, 0], atol=0.5 / 255 / 0.15 + 1e-3)
    np.testing.assert_allclose(again.sh[:, 1:4], splats.sh[:, 1:4], atol=4.6 / 128)
    np.testing.assert_allclose(again.sh[:, 4:], splats.sh[:, 4:], atol=8.6 / 128)
    assert angles(again.quats, splats.quats).max() < 5e-3
    assert all(array.dtype == np.float32 for array in again.arrays().values())
    assert [path.name for path in tmp_path.iterdir()] == ["splats.spz"]


def test_a_second_round_trip_changes_nothing(tmp_path, random_splats):
    write_spz(tmp_path / "a.spz", random_splats(300))
    write_spz(tmp_path / "b.spz", read_spz(tmp_path / "a.spz"))
    first, second = ((gzip.decompress((tmp_path / name).read_bytes())) for name in ("a.spz", "b.spz"))
    changed = np.frombuffer(first, np.uint8) != np.frombuffer(second, np.uint8)
    rotations = slice(16 + 300 * 16, 16 + 300 * 20)
    assert not np.delete(changed, np.arange(len(changed))[rotations]).any()


def test_no_splats(tmp_path, random_splats):
    write_spz(tmp_path / "none.spz", random_splats(0, 2))
    assert read_spz(tmp_path / "none.spz").sh.shape == (0, 9, 3)


def by_hand(version: int, rotation: bytes) -> bytes:
    """One splat of degree 1, byte by byte as the format's description says, with 12 fractional bits."""
    header = struct.pack("<4sIIBBBB", b"NGSP", version, 1, 1, 12, 0, 0)
    position = (4096).to_bytes(3, "little") + (-2048).to_bytes(3, "little", signed=True) + (6144).to_bytes(3, "little")
    opacity, color, scales = bytes([51]), bytes([255, 0, 51]), bytes([160, 144, 176])
    return header + position + opacity + color + scales + rotation + bytes([192, 128, 64, 160, 128, 128, 128, 128, 96])


@pytest.mark.parametrize(
    ("version", "rotation"),
    [
        (2, bytes([round(127.5 + 127.5 * 0.6), 128, 128])),
        # The largest of x y z w is w (index 3); then x, y, z with a sign bit and 9 bits of value / √½.
        (3, (3 << 30 | round(0.6 / np.sqrt(0.5) * 511) << 20).to_bytes(4, "little")),
    ],
)
def test_reads_bytes_laid_out_by_hand(tmp_path, version, rotation):
    (tmp_path / "hand.spz").write_bytes(gzip.compress(by_hand(version, rotation)))
    splat = read_spz(tmp_path / "hand.spz")
    np.testing.assert_allclose(splat.means, [[1, 0.5, -1.5]], atol=1e-6)
    np.testing.assert_allclose(splat.opacities, [0.2], atol=1e-6)
    np.testing.assert_allclose(splat.scales, np.exp([[0, -1, 1]]), rtol=1e-5)
    np.testing.assert_allclose(splat.sh[0, 0], np.array([0.5, -0.5, -0.3]) / 0.15, rtol=1e-5)
    # Turned half about x, the coefficients of y and z change sign, that of x does not: sh 1 is y, 2 is z, 3 is x.
    expected = [[-0.5, 0, 0.5], [-0.25, 0, 0], [0, 0, -0.25]]
    np.testing.assert_allclose(splat.sh[0, 1:], expected, atol=1e-6)
    axes = to_matrices(splat.quats[0]) @ np.diag(splat.scales[0] ** 2) @ to_matrices(splat.quats[0]).T
    turned = to_matrices(np.array([0.8, 0.6, 0, 0]))
    flip = np.diag([1, -1, -1])
    np.testing.assert_allclose(axes, flip @ turned @ np.diag(np.exp([0, -2, 2])) @ turned.T @ flip, atol=0.08)


def test_version_one_has_half_floats(tmp_path):
    """Positions of 6 bytes; everything else is as in version 2."""
    later = by_hand(2, bytes([204, 128, 128]))
    halves = np.array([1, 0.5, -1.5], dtype="<f2").tobytes()
    (tmp_path / "one.spz").write_bytes(gzip.compress(later[:4] + b"\x01" + later[5:16] + halves + later[25:]))
    (tmp_path / "two.spz").write_bytes(gzip.compress(later[:16] + bytes(9) + later[25:]))
    first, second = read_spz(tmp_path / "one.spz"), read_spz(tmp_path / "two.spz")
    np.testing.assert_array_equal(first.means, [[1, -0.5, 1.5]])
    for name in ("quats", "scales", "opacities", "sh"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))


def test_the_fourth_degree_is_cut(tmp_path):
    first = by_hand(3, bytes(4))
    longer = first[:12] + b"\x04" + first[13:] + bytes([128] * (72 - 9))
    (tmp_path / "four.spz").write_bytes(gzip.compress(longer))
    (tmp_path / "one.spz").write_bytes(gzip.compress(first))
    read = read_spz(tmp_path / "four.spz")
    assert read.sh.shape == (1, 16, 3)
    np.testing.assert_allclose(read.sh[:, :4], read_spz(tmp_path / "one.spz").sh, atol=1e-6)


def test_smaller_than_ply(tmp_path, random_splats):
    splats = random_splats(2000)
    write_spz(tmp_path / "a.spz", splats)
    write_ply(tmp_path / "a.ply", splats)
    assert 5 * (tmp_path / "a.spz").stat().st_size < (tmp_path / "a.ply").stat().st_size
    assert len(read_ply(tmp_path / "a.ply")) == len(read_spz(tmp_path / "a.spz"))


def test_refuses_scenes_that_do_not_fit(tmp_path, random_splats):
    splats = random_splats(2)
    splats.means[0, 0] = 1e7
    with pytest.raises(TttlrmError, match="cannot hold splats"):
        write_spz(tmp_path / "far.spz", splats)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not an SPZ file"),
        (b"ply\n", "not an SPZ file"),
        (gzip.compress(b"ply\n" * 10), "not an SPZ file"),
        (gzip.compress(by_hand(3, bytes(4)))[:-12], "ends too early"),
        (gzip.compress(by_hand(3, bytes(4))[:-1]), "ends too early"),
        (gzip.compress(by_hand(4, bytes(4))), "version 4"),
        (by_hand(3, bytes(4)), "is SPZ version 3"),
        (gzip.compress(by_hand(3, bytes(4)).replace(b"\x01\0\0\0\x01\x0c", b"\xff\xff\xff\xff\x01\x0c")), "ends too early"),
        (gzip.compress(by_hand(3, bytes(4)).replace(b"\x01\0\0\0\x01\x0c", b"\x01\0\0\0\x05\x0c")), "degree 5"),
        (gzip.compress(by_hand(3, bytes(4)).replace(b"\x01\0\0\0\x01\x0c", b"\x01\0\0\0\x01\xff")), "255 fractional bits"),
        (gzip.compress(by_hand(2, bytes(3)).replace(b"\x01\0\0\0\x01\x0c", b"\x01\0\0\0\x01\x1f")), "31 fractional bits"),
        (gzip.compress(struct.pack("<4sIIBBBB", b"NGSP", 3, 300_000, 0, 12, 0, 0) + bytes(6_000_000)), "asks for 300,000 splats"),
        (None, "cannot be read: No such file"),
    ],
    ids=[
        "empty",
        "text",
        "zipped text",
        "cut zip",
        "cut",
        "version 4",
        "unzipped",
        "too many",
        "degree",
        "fraction",
        "one bit more",
        "bomb",
        "missing",
    ],
)
def test_names_the_file_and_the_fault(tmp_path, content, words):
    if content is not None:
        (tmp_path / "bad.spz").write_bytes(content)
    with pytest.raises(TttlrmError, match=words) as caught:
        read_spz(tmp_path / "bad.spz")
    assert "bad.spz" in caught.value.sentence and caught.value.code == "bad_splats"


def test_mixed_up_arrays_write_nothing(tmp_path, random_splats):
    broken = Gaussians(**(random_splats(2).arrays() | {"quats": np.zeros((2, 3), dtype=np.float32)}))
    with pytest.raises(ValueError):
        write_spz(tmp_path / "splats.spz", broken)
    assert not list(tmp_path.iterdir())
