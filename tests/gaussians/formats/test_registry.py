# SPDX-License-Identifier: GPL-3.0-or-later
"""Splat files of every format: recognized by content when read, by suffix when written."""

import logging
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.gaussians.formats import registry
from tttlrm_blender.gaussians.formats.finite import finite
from tttlrm_blender.gaussians.formats.morton import morton_order
from tttlrm_blender.gaussians.formats.registry import FORMATS, noted, read_splats, up_axis, write_splats

MAGIC = {".ply": b"ply", ".compressed.ply": b"ply", ".SPZ": b"\x1f\x8b", ".glb": b"glTF", ".splat": b""}


@pytest.mark.parametrize("suffix", MAGIC)
def test_the_suffix_determines_the_written_format_and_the_content_the_read_one(tmp_path, random_splats, suffix):
    splats = random_splats(300)
    splats = splats[morton_order(splats.means)]  # the order of compressed files
    path = tmp_path / f"a{suffix}"
    write_splats(path, splats, "z")
    assert path.read_bytes().startswith(MAGIC[suffix])
    np.testing.assert_allclose(read_splats(path).means, splats.means, atol=0.01)
    if MAGIC[suffix]:
        path = path.rename(tmp_path / "a.download")
        np.testing.assert_allclose(read_splats(path).means, splats.means, atol=0.01)


def test_other_files_are_refused(tmp_path, random_splats):
    (tmp_path / "a.obj").write_text("v 0 0 0")
    for attempt in (lambda path: read_splats(path), lambda path: write_splats(path, random_splats(1))):
        with pytest.raises(TttlrmError, match=r"a\.obj is not a splat file"):
            attempt(tmp_path / "a.obj")
    with pytest.raises(TttlrmError, match="cannot be read: No such file"):
        read_splats(tmp_path / "none.ply")
    assert [path.name for path in tmp_path.iterdir()] == ["a.obj"]


@pytest.mark.parametrize(
    ("name", "up", "told"),
    [("a.ply", "z", "z"), ("a.ply", "", "-y"), ("a.compressed.ply", "z", "z"), ("a.glb", "", "z"), ("a.spz", "z", "-y")],
)
def test_files_store_which_way_is_up_if_the_format_can(tmp_path, random_splats, name, up, told):
    write_splats(tmp_path / name, random_splats(3), up)
    assert up_axis(tmp_path / name) == told


@pytest.mark.parametrize("antialiased", [False, True])
@pytest.mark.parametrize("name", ["a.ply", "a.compressed.ply", "a.spz", "a.glb"])
def test_files_store_whether_splats_are_antialiased(tmp_path, random_splats, name, antialiased):
    write_splats(tmp_path / name, replace(random_splats(3), antialiased=antialiased), "z")
    assert read_splats(tmp_path / name).antialiased == antialiased
    assert up_axis(tmp_path / name) == ("-y" if name == "a.spz" else "z")


def test_splat_files_cannot_store_that_and_say_so(tmp_path, random_splats):
    with noted() as notes:
        write_splats(tmp_path / "a.splat", random_splats(3))
        assert not notes
        write_splats(tmp_path / "a.splat", replace(random_splats(3), antialiased=True))
    assert "cannot say that splats are anti-aliased" in str(*notes)
    assert not read_splats(tmp_path / "a.splat").antialiased


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kind=st.sampled_from(FORMATS), data=st.data())
def test_files_cut_or_changed_anywhere_give_splats_or_an_error(tmp_path, random_splats, kind, data):
    path = tmp_path / f"bad{kind.suffix}"
    write_splats(path, random_splats(5, 1))
    content = bytearray(path.read_bytes())
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(0, len(content) - 1)) :]
    for _ in range(data.draw(st.integers(0, 3))):
        if content:
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    try:
        splats = read_splats(path)
    except TttlrmError as error:
        assert path.name in error.sentence and error.code == "bad_splats"
    else:
        assert all(np.isfinite(array).all() for array in (splats.means, splats.quats, splats.scales))


@pytest.mark.parametrize("kind", FORMATS, ids=lambda kind: kind.suffix)
def test_a_folder_that_cannot_be_written_to_is_named(tmp_path, random_splats, kind):
    with pytest.raises(TttlrmError, match="cannot be written"):
        write_splats(tmp_path / "nowhere" / f"a{kind.suffix}", random_splats(1))


@pytest.mark.parametrize("start", [b"\x1f\x8b", b"\x1f\x8b\x08\x00", b"ply", b"ply!"])
def test_a_splat_file_may_begin_like_another(tmp_path, random_splats, start):
    write_splats(tmp_path / "a.splat", random_splats(300))
    content = (tmp_path / "a.splat").read_bytes()
    (tmp_path / "a.splat").write_bytes(start + content[len(start) :])
    assert len(read_splats(tmp_path / "a.splat")) >= 299


@pytest.mark.parametrize("suffix", [".spz", ".ply", ".glb"])
def test_another_file_with_the_suffix_of_splat_is_recognized(tmp_path, random_splats, suffix):
    write_splats(tmp_path / f"a{suffix}", random_splats(32))
    (tmp_path / f"a{suffix}").rename(tmp_path / "a.splat")
    assert len(read_splats(tmp_path / "a.splat")) == 32


@pytest.mark.parametrize(
    ("error", "code"),
    [(ZeroDivisionError("by zero"), "bad_splats"), (RecursionError(), "bad_splats"), (MemoryError(), "out_of_memory")],
)
def test_what_no_reader_foresees_is_a_sentence(tmp_path, monkeypatch, caplog, error, code):
    """The log has the rest."""

    def fail(path):
        raise error

    (tmp_path / "odd.splat").write_bytes(bytes(32))
    monkeypatch.setattr(registry, "FORMATS", (*registry.FORMATS[:3], replace(registry.SPLAT, read=fail), registry.GLB))
    with caplog.at_level(logging.INFO), pytest.raises(TttlrmError) as caught:
        read_splats(tmp_path / "odd.splat")
    assert "odd.splat" in caught.value.sentence and caught.value.code == code and caught.value.hint
    assert "by zero" not in str(caught.value) and type(error).__name__ in caplog.text


@pytest.mark.filterwarnings("error")
def test_finite_values_whose_sum_is_not_are_kept_without_a_warning(random_splats) -> None:
    splats = random_splats(3)
    splats.means[:2] = np.finfo(np.float32).max
    splats.means[2] = np.nan
    assert finite(splats).tolist() == [True, True, False]
