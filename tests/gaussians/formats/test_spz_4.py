# SPDX-License-Identifier: GPL-3.0-or-later
"""SPZ files of version 4: from the format's own tools, repacked from version 3, damaged ones, and decompression bombs."""

import base64
import logging
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.gaussians.formats.spz_4 import NO_HARMONICS, attributes, container, version_4
from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.gaussians.formats.registry import read_splats
from tttlrm_blender.gaussians.formats.spz import read_spz, write_spz
from tttlrm_blender.geometry.quaternions import to_matrices

ROOT = Path(__file__).resolve().parents[2]
# `random_splats(2, degree=1, seed=7)`, of which the axes were called right, down, forward, as @adobe/spz 0.2.3 saved it.
SAVED_ELSEWHERE = (
    b"PDfKv1ONa40ssI20So{JAOHXW0000000000000008vp<R000005&!@I000003jhEB000000ssI2000004*&oF000001^@s6000004*&oF000001^@s6000005dZ)"
    b"H000002mk;8000008vp<R000005&!@I00000D77#BAQF)P00jU5IQ#!&1OUMC|3(J@-VXpMwJ-f30ucZJI4dZ%Fa00}F#rIEU|@}FcPO<l{U8Q0003ZXN?AfnD77#"
    b"BAP7MK033is4m}ZhjwrP+{U8#N004l9AYg!iNDw&iIMBE#fY6}0"
)


def test_reads_a_file_of_the_formats_own_tools(tmp_path, random_splats):
    (tmp_path / "other.spz").write_bytes(base64.b85decode(SAVED_ELSEWHERE))
    read, splats = read_splats(tmp_path / "other.spz"), random_splats(2, 1, 7)
    np.testing.assert_allclose(read.means, splats.means, atol=2.0**-13)
    np.testing.assert_allclose(read.opacities, splats.opacities, atol=0.5 / 255 + 1e-4)
    np.testing.assert_allclose(np.log(read.scales), np.log(splats.scales), atol=1 / 32 + 1e-3)
    np.testing.assert_allclose(read.sh[:, 0], splats.sh[:, 0], atol=0.5 / 255 / 0.15 + 1e-3)
    np.testing.assert_allclose(read.sh[:, 1:], splats.sh[:, 1:], atol=4.6 / 128)
    shapes = [to_matrices(some.quats) @ np.diag([1, 2, 3]) @ to_matrices(some.quats).swapaxes(1, 2) for some in (read, splats)]
    np.testing.assert_allclose(*shapes, atol=0.01)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    count=st.integers(0, 300),
    degree=st.integers(0, 3),
    seed=st.integers(0, 10_000),
    extensions=st.binary(max_size=40),
    sums=st.booleans(),
)
def test_gives_the_same_splats_as_version_3(tmp_path, random_splats, count, degree, seed, extensions, sums):
    write_spz(tmp_path / "three.spz", random_splats(count, degree, seed))
    (tmp_path / "four.spz").write_bytes(version_4((tmp_path / "three.spz").read_bytes(), extensions, sums))
    three, four = read_spz(tmp_path / "three.spz"), read_spz(tmp_path / "four.spz")
    assert three.arrays().keys() == four.arrays().keys()
    for name, array in three.arrays().items():
        np.testing.assert_array_equal(array, four.arrays()[name])


def test_the_fourth_degree_is_cut(tmp_path, random_splats):
    write_spz(tmp_path / "three.spz", random_splats(5, 3))
    _, _, bits, parts = attributes((tmp_path / "three.spz").read_bytes())
    more = np.concatenate([np.frombuffer(parts[5], np.uint8).reshape(5, 45), np.full((5, 27), 7, np.uint8)], axis=1)
    parts[5] = more.tobytes()
    packed = [zstandard.compress(part) for part in parts]
    (tmp_path / "four.spz").write_bytes(container(5, 4, bits, packed, [len(part) for part in parts]))
    np.testing.assert_array_equal(read_spz(tmp_path / "four.spz").sh, read_spz(tmp_path / "three.spz").sh)


def test_extensions_are_logged(tmp_path, random_splats, caplog):
    write_spz(tmp_path / "three.spz", random_splats(5))
    (tmp_path / "four.spz").write_bytes(version_4((tmp_path / "three.spz").read_bytes(), b"\x03\0\xbe\xad\x04\0\0\0\x06\0\0\0"))
    with caplog.at_level(logging.WARNING):
        assert len(read_spz(tmp_path / "four.spz")) == 5
    assert "vendor extensions are ignored" in caplog.text


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_cut_and_damaged_files_end_in_a_sentence(tmp_path, random_splats, data):
    write_spz(tmp_path / "three.spz", random_splats(20, 1))
    content = bytearray(version_4((tmp_path / "three.spz").read_bytes()))
    if data.draw(st.booleans(), label="cut"):
        content = content[: data.draw(st.integers(4, len(content) - 1))]
    else:
        content[data.draw(st.integers(4, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    (tmp_path / "bad.spz").write_bytes(content)
    try:
        read_spz(tmp_path / "bad.spz")  # a changed byte of a stream is as good as any other
    except TttlrmError as error:
        assert "bad.spz" in error.sentence and error.code == "bad_splats"


def bomb(count: int, said: int, unpacked: int) -> bytes:
    """Splats without harmonics: the header and the table say `said` times their bytes, the streams give `unpacked` bytes each."""
    pack = zstandard.ZstdCompressor().compress
    return container(count, 0, 12, [pack(bytes(unpacked))] * 5, [said * width for width in NO_HARMONICS])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (bomb(2**32 - 1, 2**32 - 1, 100), "ends too early"),
        (bomb(50_000_000, 50_000_000, 50_000_000), "ends too early"),
        (bomb(10, 10, 60_000_000), "is damaged"),
        (bomb(10, 2**40, 100), "is damaged"),
        (bomb(10, 10, 5), "ends too early"),
        (container(10, 0, 12, [b""] * 5, [10 * width for width in NO_HARMONICS]), "ends too early"),
        (container(10, 0, 12, [b"no Zstandard"] * 5, [10 * width for width in NO_HARMONICS]), "cannot be unpacked"),
        (container(10, 0, 12, [zstandard.compress(bytes(90))] * 4, [10 * width for width in NO_HARMONICS[:4]]), "is damaged"),
        (container(0, 0, 12, [], [], table_at=4), "ends too early"),
        (container(0, 0, 12, [], [], table_at=1 << 31), "ends too early"),
    ],
    ids=["count", "zeros", "too much", "table", "too little", "empty", "other", "streams", "table inside", "table outside"],
)
def test_refuses_bombs_without_taking_memory(tmp_path, content, words):
    (tmp_path / "bad.spz").write_bytes(content)
    tracemalloc.start()
    try:
        with pytest.raises(TttlrmError, match=words):
            read_spz(tmp_path / "bad.spz")
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


def test_says_what_to_do_without_a_decompressor(tmp_path):
    (tmp_path / "four.spz").write_bytes(base64.b85decode(SAVED_ELSEWHERE))
    program = (
        "import sys; sys.modules.update({'zstandard': None, 'compression.zstd': None})\n"
        "from tttlrm_blender.gaussians.formats.spz import read_spz\n"
        "try: read_spz(sys.argv[1])\n"
        "except Exception as error: print(error.code, error.sentence, error.hint)"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, tmp_path / "four.spz"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert run.stdout.startswith("bad_splats") and "which this Python cannot unpack" in run.stdout and "zstandard" in run.stdout
