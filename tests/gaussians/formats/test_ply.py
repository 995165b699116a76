# SPDX-License-Identifier: GPL-3.0-or-later
"""PLY files of splats: round trips, the many layouts found in the wild, and damaged files."""

import logging
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.gaussians.formats.ply import read_ply, write_ply
from tttlrm_blender.gaussians.gaussians import SH_DC, Gaussians

FORMATS = {"binary_little_endian": "<", "binary_big_endian": ">", "ascii": "="}


def assert_same(got: Gaussians, expected: Gaussians) -> None:
    for name, array in expected.arrays().items():
        value = getattr(got, name)
        assert value.dtype == np.float32
        np.testing.assert_allclose(value, array, rtol=1e-5, atol=2e-6, err_msg=name)


def assert_equal_bits(got: Gaussians, expected: Gaussians) -> None:
    for name, array in expected.arrays().items():
        np.testing.assert_array_equal(
            np.ascontiguousarray(getattr(got, name)).view("u4"), np.ascontiguousarray(array).view("u4"), name
        )


def plain_table(gaussians: Gaussians) -> dict[str, np.ndarray]:
    """The properties of a PLY file, written out one by one as the original program defines them."""
    table = {name: gaussians.means[:, i] for i, name in enumerate("xyz")}
    table |= {f"f_dc_{c}": gaussians.sh[:, 0, c] for c in range(3)}
    rest = gaussians.sh.shape[1] - 1
    table |= {f"f_rest_{c * rest + k}": gaussians.sh[:, 1 + k, c] for c in range(3) for k in range(rest)}
    table["opacity"] = np.log(gaussians.opacities / (1 - gaussians.opacities))
    table |= {f"scale_{i}": np.log(gaussians.scales[:, i]) for i in range(3)}
    return table | {f"rot_{i}": 3 * gaussians.quats[:, i] for i in range(4)}


def write_table(path: Path, table: dict, kinds: dict, form: str, before: str = "", head: bytes = b"") -> None:
    """A PLY file with the properties of a table in its order; `kinds` gives types other than float."""
    codes = {"float": "f4", "double": "f8", "uchar": "u1", "ushort": "u2", "int": "i4", "uint": "u4"}
    types = [(name, FORMATS[form] + codes[kinds.get(name, "float")]) for name in table]
    records = np.empty(len(next(iter(table.values()))), dtype=types)
    for name, values in table.items():
        records[name] = values
    lines = ["ply", f"format {form} 1.0", "comment made by a test"] + ([before] if before else [])
    lines += [f"element vertex {len(records)}", *(f"property {kinds.get(name, 'float')} {name}" for name in table)]
    lines += ["element camera 1", "property float fov", "end_header\n"]
    text = "".join(" ".join(str(value) for value in record) + "\n" for record in records.tolist())
    path.write_bytes("\n".join(lines).encode() + head + (text.encode() if form == "ascii" else records.tobytes()))


@pytest.mark.parametrize("degree", range(4))
@pytest.mark.parametrize("count", [0, 1, 9000])
def test_round_trip(tmp_path, random_splats, degree, count):
    splats = random_splats(count, degree)
    write_ply(tmp_path / "splats.ply", splats)
    read = read_ply(tmp_path / "splats.ply")
    assert_same(read, splats)
    assert all(array.flags.c_contiguous for array in (read.means, read.quats, read.sh.swapaxes(0, 1)))
    assert [path.name for path in tmp_path.iterdir()] == ["splats.ply"]


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000), degree=st.integers(0, 3))
def test_a_file_that_was_read_is_written_back_bit_for_bit(tmp_path, random_splats, seed, degree):
    """For any file, even at values where float32 exponentials and logarithms are not inverses of each other."""
    rng = np.random.default_rng(seed)
    table = plain_table(random_splats(500, degree, seed))
    table |= {f"scale_{i}": rng.uniform(-1.5, 1.5, 500) * rng.choice([1, 10, 80], 500) for i in range(3)}
    table |= {"opacity": rng.uniform(-1.5, 1.5, 500) * rng.choice([1, 10, 100], 500)}
    write_table(tmp_path / "any.ply", table, {}, "binary_little_endian")
    first = read_ply(tmp_path / "any.ply")
    write_ply(tmp_path / "first.ply", first)
    second = read_ply(tmp_path / "first.ply")
    assert_equal_bits(second, first)
    write_ply(tmp_path / "second.ply", second)
    assert (tmp_path / "first.ply").read_bytes() == (tmp_path / "second.ply").read_bytes()


def test_new_splats_are_read_back_up_to_rounded_logarithms(tmp_path, random_splats):
    splats = random_splats(1000)
    write_ply(tmp_path / "splats.ply", splats)
    read = read_ply(tmp_path / "splats.ply")
    for name in ("means", "quats", "sh"):
        np.testing.assert_array_equal(getattr(read, name), getattr(splats, name))


def test_without_harmonics_plain_colors_count(tmp_path, random_splats):
    splats = random_splats(5, 0)
    table = {name: values for name, values in plain_table(splats).items() if not name.startswith("f_")}
    write_table(tmp_path / "gray.ply", table, {}, "binary_little_endian")
    assert not read_ply(tmp_path / "gray.ply").sh.any()
    table |= {name: np.full(5, value) for name, value in (("red", 255), ("green", 0), ("blue", 51))}
    kinds = dict.fromkeys(("red", "green", "blue"), "uchar")
    write_table(tmp_path / "colored.ply", table, kinds, "binary_little_endian")
    colors = 0.5 + SH_DC * read_ply(tmp_path / "colored.ply").sh[:, 0]
    np.testing.assert_allclose(colors, np.tile([1, 0, 0.2], (5, 1)), atol=1e-6)


@pytest.mark.parametrize("names", [("red", "green", "blue"), ("r", "g", "b"), ("diffuse_red", "diffuse_green", "diffuse_blue")])
@pytest.mark.parametrize(
    ("kind", "white"),
    [
        ("uchar", 255),
        ("ushort", 65535),
        ("ushort", 255),
        ("int", 255),
        ("uint", 2**32 - 1),
        ("float", 1),
        ("float", 255),
        ("double", 65535),
    ],
)
def test_plain_colors_are_scaled_by_type_and_range(tmp_path, random_splats, names, kind, white):
    splats = random_splats(5, 0)
    table = {name: values for name, values in plain_table(splats).items() if not name.startswith("f_")}
    colors = np.linspace(0, 1, 15).reshape(3, 5)
    for name, values in zip(names, colors * white, strict=True):
        table[name] = values if kind in ("float", "double") else np.round(values)
    write_table(tmp_path / "colored.ply", table, dict.fromkeys(names, kind), "binary_big_endian")
    read = 0.5 + SH_DC * read_ply(tmp_path / "colored.ply").sh[:, 0]
    np.testing.assert_allclose(read, colors.T, atol=0.6 / 255)


@pytest.mark.parametrize(("overshoot", "lost"), [(1.2, 0), (np.inf, 1), (np.nan, 1)])
def test_one_odd_color_does_not_change_the_others(tmp_path, random_splats, overshoot, lost):
    table = {name: values for name, values in plain_table(random_splats(5, 0)).items() if not name.startswith("f_")}
    table |= {name: np.array([overshoot, 1, 0.5, 0, 1]) for name in ("red", "green", "blue")}
    write_table(tmp_path / "colored.ply", table, {}, "ascii")
    colors = 0.5 + SH_DC * read_ply(tmp_path / "colored.ply").sh[:, 0]
    np.testing.assert_allclose(colors[:, 0], [1.2, 1, 0.5, 0, 1][lost:], atol=1e-6)


def test_flat_splats_become_thin(tmp_path, random_splats):
    splats = random_splats(5, 1)
    table = {name: values for name, values in plain_table(splats).items() if name != "scale_2"}
    write_table(tmp_path / "flat.ply", table, {}, "ascii")
    read = read_ply(tmp_path / "flat.ply")
    np.testing.assert_allclose(read.scales[:, :2], splats.scales[:, :2], rtol=1e-5)
    assert (read.scales[:, 2] < 1e-6).all() and (read.scales[:, 2] > 0).all()


def test_columns_that_are_not_of_splats_may_hold_anything(tmp_path, random_splats):
    splats = random_splats(5)
    table = plain_table(splats) | {"nx": np.full(5, np.nan), "confidence": np.full(5, np.inf)}
    write_table(tmp_path / "normals.ply", table, {}, "binary_little_endian")
    assert_same(read_ply(tmp_path / "normals.ply"), splats)


def test_written_layout_is_the_standard_one(tmp_path, random_splats):
    splats = random_splats(5)
    write_ply(tmp_path / "splats.ply", splats)
    header, body = (tmp_path / "splats.ply").read_bytes().split(b"end_header\n")
    names = [line.split()[-1] for line in header.decode().splitlines() if line.startswith("property float")]
    expected = ["x", "y", "z", "nx", "ny", "nz", "f_dc_0", "f_dc_1", "f_dc_2", *(f"f_rest_{i}" for i in range(45))]
    assert names == [*expected, "opacity", "scale_0", "scale_1", "scale_2", "rot_0", "rot_1", "rot_2", "rot_3"]
    values = dict(zip(names, np.frombuffer(body, dtype="<f4").reshape(5, 62).T, strict=True))
    table = plain_table(splats)
    np.testing.assert_array_equal(values["f_rest_17"], table["f_rest_17"])
    np.testing.assert_allclose(values["opacity"], table["opacity"], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(values["scale_1"], table["scale_1"], rtol=1e-5)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), form=st.sampled_from(sorted(FORMATS)), degree=st.integers(0, 3), count=st.integers(1, 4))
def test_reads_any_order_and_types(tmp_path, random_splats, data, form, degree, count):
    splats = random_splats(count, degree)
    table = plain_table(splats) | {"red": np.full(count, 7), "nx": np.zeros(count)}
    doubles = data.draw(st.sets(st.sampled_from(sorted(table)), max_size=5))
    kinds = dict.fromkeys(doubles, "double") | {"red": "uchar"}
    order = data.draw(st.permutations(sorted(table)))
    write_table(tmp_path / "wild.ply", {name: table[name] for name in order}, kinds, form)
    assert_same(read_ply(tmp_path / "wild.ply"), splats)


@pytest.mark.parametrize(
    ("form", "head"),
    [
        ("ascii", b"3 0 1 2\n1 0\n"),
        ("binary_little_endian", b"\x03" + np.arange(3, dtype="<i4").tobytes() + b"\x01" + bytes(4)),
        ("binary_big_endian", b"\x03" + np.arange(3, dtype=">i4").tobytes() + b"\x01" + bytes(4)),
    ],
)
def test_skips_elements_before_the_splats(tmp_path, random_splats, form, head):
    splats = random_splats(3)
    before = "element face 2\nproperty list uchar int vertex_indices"
    write_table(tmp_path / "mesh.ply", plain_table(splats), {}, form, before, head)
    assert_same(read_ply(tmp_path / "mesh.ply"), splats)


def test_blank_lines_between_records_do_not_count(tmp_path, random_splats):
    splats = random_splats(3)
    write_table(tmp_path / "a.ply", plain_table(splats), {}, "ascii")
    content = (tmp_path / "a.ply").read_text().replace("end_header\n", "end_header\n\n \n")
    (tmp_path / "a.ply").write_text(content)
    assert_same(read_ply(tmp_path / "a.ply"), splats)


def test_drops_splats_that_are_not_finite(tmp_path, random_splats, caplog):
    splats = random_splats(10)
    table = plain_table(splats)
    table["x"][2], table["rot_1"][5], table["f_rest_44"][9] = np.nan, np.nan, np.inf
    table["opacity"][7], splats.opacities[7] = np.inf, 1
    write_table(tmp_path / "holes.ply", table, {}, "binary_little_endian")
    with caplog.at_level(logging.WARNING):
        assert_same(read_ply(tmp_path / "holes.ply"), splats[[0, 1, 3, 4, 6, 7, 8]])
    assert "left out 3 of 10 splats" in caplog.text and "holes.ply" in caplog.text


def test_cuts_higher_degrees(tmp_path, random_splats):
    splats = random_splats(3, 4)
    write_table(tmp_path / "four.ply", plain_table(splats), {}, "binary_little_endian")
    assert_same(read_ply(tmp_path / "four.ply"), Gaussians(**(splats.arrays() | {"sh": splats.sh[:, :16].copy()})))


def before_lists(element: str, body: bytes) -> bytes:
    """A file with an element of lists, and splats after it."""
    head = f"ply\nformat binary_little_endian 1.0\n{element}\nelement vertex 1\nproperty float x\nend_header\n"
    return head.encode() + body


def damaged(tmp_path: Path, name: str, splats: Gaussians) -> Path:
    path = tmp_path / "bad.ply"
    write_ply(path, splats)
    whole = path.read_bytes()
    table = plain_table(splats)
    contents = {
        "truncated": whole[:-1],
        "header only": whole[:60],
        "header cut after a line": whole[: whole.index(b"property float nx")],
        "no PLY": b"\x89PNG\r\n",
        "empty": b"",
        "unknown type": whole.replace(b"float nx", b"half nx"),
        "unknown format": whole.replace(b"binary_little_endian", b"binary_middle_endian"),
        "half compressed": b"ply\nformat ascii 1.0\nelement vertex 1\nproperty uint packed_position\nend_header\n0\n",
        "absurd": whole.replace(b"element vertex 4", b"element vertex 4000000000000000"),
        "beyond numbers": whole.replace(b"element vertex 4", b"element vertex " + b"9" * 40),
        "negative": whole.replace(b"element vertex 4", b"element vertex -4"),
        "absurd text": b"ply\nformat ascii 1.0\nelement vertex 9999999999999\nproperty float x\nend_header\n0\n",
        "absurd before": b"ply\nformat ascii 1.0\nelement face 9999999999999\nproperty float y\nelement vertex 1\n"
        b"property float x\nend_header\n0\n",
        "a mesh": b"ply\nformat ascii 1.0\nelement vertex 1\nproperty float x\nproperty float y\nend_header\n0 0\n",
        "no format": whole.replace(b"format binary_little_endian 1.0\n", b""),
        "late format": whole.replace(b"format binary_little_endian 1.0\n", b"").replace(b"end_h", b"format ascii 1.0\nend_h"),
        "negative lists": before_lists("element face 1000000000000\nproperty list int char i", b"\xff" * 400),
        "empty lists": before_lists("element face 1000000000000\nproperty list char char i", bytes(400)),
        "long lists": before_lists("element face 9\nproperty list uint double i", b"\xff" * 400),
        "fractional lists": before_lists("element face 9\nproperty list float double i", b"\xff" * 400),
        "no properties": b"ply\nformat ascii 1.0\nelement vertex 3\nend_header\n0 0\n",
        "twice": whole.replace(b"float nx", b"float x"),
        "no vertices": b"ply\nformat ascii 1.0\nelement face 0\nproperty list uchar int i\nend_header\n",
    }
    if name in contents:
        path.write_bytes(contents[name])
    elif name == "short text":
        write_table(path, table, {}, "ascii")
        path.write_bytes(path.read_bytes().rsplit(b"\n", 2)[0] + b"\n")
    elif name == "words":
        write_table(path, table, {}, "ascii")
        path.write_bytes(path.read_bytes()[:-5] + b"sdf\n")
    elif name == "all NaN":
        write_table(path, table | {"x": np.full(len(splats), np.nan)}, {}, "ascii")
    elif name == "missing":
        path.unlink()
    return path


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("truncated", "ends too early"),
        ("header only", "damaged"),
        ("header cut after a line", "damaged"),
        ("no PLY", "not a PLY file"),
        ("empty", "not a PLY file"),
        ("unknown type", "damaged"),
        ("unknown format", "damaged"),
        ("half compressed", "no element “chunk”"),
        ("absurd", "ends too early"),
        ("beyond numbers", "ends too early"),
        ("negative", "damaged"),
        ("absurd text", "ends too early"),
        ("absurd before", "ends too early"),
        ("a mesh", "holds no splats: its vertices have no z, rot_0"),
        ("no format", "damaged"),
        ("late format", "damaged"),
        ("negative lists", "ends too early or is damaged"),
        ("empty lists", "ends too early or is damaged"),
        ("long lists", "ends too early or is damaged"),
        ("fractional lists", "ends too early or is damaged"),
        ("no properties", "damaged|no splats"),
        ("twice", "damaged"),
        ("no vertices", "no element “vertex”"),
        ("short text", "ends too early"),
        ("words", "damaged"),
        ("all NaN", "no splat with finite values"),
        ("missing", "cannot be read: No such file"),
    ],
)
def test_names_the_file_and_the_fault(tmp_path, random_splats, name, words):
    with pytest.raises(TttlrmError, match=words) as caught:
        read_ply(damaged(tmp_path, name, random_splats(4)))
    assert "bad.ply" in caught.value.sentence and caught.value.code == "bad_splats"


def test_extreme_values_survive(tmp_path, random_splats):
    splats = random_splats(3)
    splats.opacities[:] = 0, 0.5, 1
    splats.scales[0] = 0
    write_ply(tmp_path / "extreme.ply", splats)
    again = read_ply(tmp_path / "extreme.ply")
    np.testing.assert_allclose(again.opacities, [0, 0.5, 1], atol=2e-6)
    assert again.scales[0].max() < 1e-20


def test_a_failed_write_leaves_the_old_file(tmp_path, random_splats):
    path = tmp_path / "splats.ply"
    write_ply(path, random_splats(2))
    broken = Gaussians(**(random_splats(2).arrays() | {"quats": np.zeros((1, 4))}))
    with pytest.raises(ValueError):
        write_ply(path, broken)
    assert len(read_ply(path)) == 2 and list(tmp_path.iterdir()) == [path]
    with pytest.raises(TttlrmError, match="cannot be written"):
        write_ply(tmp_path / "no folder" / "splats.ply", random_splats(1))


@pytest.mark.parametrize(
    ("comment", "antialiased"),
    [
        ("SplatRenderMode: mip", True),
        ("SPLATRENDERMODE:   Mip", True),
        ("SplatRenderMode: default", False),
        ("SplatRenderMode: banana", False),
        ("antialiased 1", True),
        ("antialiased 0", False),
    ],
)
def test_comments_of_other_programs_tell_whether_splats_are_antialiased(tmp_path, random_splats, comment, antialiased):
    write_ply(tmp_path / "a.ply", random_splats(2))
    content = (tmp_path / "a.ply").read_bytes()
    (tmp_path / "b.ply").write_bytes(content.replace(b"element", f"comment {comment}\nelement".encode(), 1))
    assert read_ply(tmp_path / "b.ply").antialiased == antialiased
