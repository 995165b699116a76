# SPDX-License-Identifier: GPL-3.0-or-later
"""GLB files of splats: round trips, files as other programs write them, and damaged ones."""

import json
import logging
import tracemalloc

import numpy as np
import pytest

from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.gaussians.formats.glb import EXTENSION, read_glb, write_glb
from tttlrm_blender.gaussians.transform import apply_matrix
from tttlrm_blender.gltf import read_glb_file, write_glb_file

Y_UP_TO_Z_UP = np.array([[1.0, 0, 0, 0], [0, 0, -1, 0], [0, 1, 0, 0], [0, 0, 0, 1]])


@pytest.mark.parametrize("degree", range(4))
def test_round_trip_is_bit_equal(tmp_path, random_splats, degree):
    splats = random_splats(1000, degree)
    write_glb(tmp_path / "a.glb", splats)
    read = read_glb(tmp_path / "a.glb")
    for name, array in splats.arrays().items():
        np.testing.assert_array_equal(getattr(read, name).view(), array, name)
        assert getattr(read, name).dtype == np.float32
    assert [path.name for path in tmp_path.iterdir()] == ["a.glb"]


def test_the_file_is_as_the_extension_says(tmp_path, random_splats):
    splats = random_splats(7, 1)
    write_glb(tmp_path / "a.glb", splats)
    content = (tmp_path / "a.glb").read_bytes()
    length, text = int.from_bytes(content[8:12], "little"), int.from_bytes(content[12:16], "little")
    tree = json.loads(content[20 : 20 + text])
    assert length == len(content) and tree["extensionsUsed"] == [EXTENSION]
    primitive = tree["meshes"][0]["primitives"][0]
    assert primitive["mode"] == 0
    assert primitive["extensions"][EXTENSION] == {"kernel": "ellipse", "colorSpace": "srgb_rec709_display"}
    names = [f"{EXTENSION}:{part}" for part in ("ROTATION", "SCALE", "OPACITY", "SH_DEGREE_0_COEF_0")]
    names += ["POSITION", "COLOR_0", *(f"{EXTENSION}:SH_DEGREE_1_COEF_{n}" for n in range(3))]
    assert set(primitive["attributes"]) == set(names)
    position = tree["accessors"][primitive["attributes"]["POSITION"]]
    np.testing.assert_array_equal(position["max"], splats.means.max(axis=0).astype(float))
    rotation = tree["accessors"][primitive["attributes"][f"{EXTENSION}:ROTATION"]]
    assert (rotation["type"], rotation["componentType"], rotation["count"]) == ("VEC4", 5126, 7)
    view = tree["bufferViews"][rotation["bufferView"]]
    start = 20 + text + 8 + view["byteOffset"]
    xyzw = np.frombuffer(content[start : start + view["byteLength"]], "<f4").reshape(7, 4)
    np.testing.assert_array_equal(xyzw, splats.quats[:, [1, 2, 3, 0]])
    # The node turns the z that points up in Blender to the y that does so in glTF.
    matrix = np.reshape(tree["nodes"][0]["matrix"], (4, 4)).T
    np.testing.assert_array_equal(matrix @ [0, 0, 1, 1], [0, 1, 0, 1])


def test_splats_with_y_down_are_turned_upright(tmp_path, random_splats):
    splats = random_splats(50)
    write_glb(tmp_path / "a.glb", splats, "-y")
    x, y, z = splats.means.T
    np.testing.assert_allclose(read_glb(tmp_path / "a.glb").means, np.stack([x, z, -y], axis=1), atol=1e-6)


def changed(path, random_splats, change):
    """A GLB file whose tree was changed."""
    write_glb(path, random_splats(20, 1))
    glb = read_glb_file(path)
    tree, data = dict(glb.tree), np.array(glb.buffer)
    change(tree)
    write_raw(path, tree, data.tobytes())
    return path


def write_raw(path, tree, data):
    text = json.dumps(tree).encode()
    text += b" " * (-len(text) % 4)
    parts = len(text).to_bytes(4, "little") + b"JSON" + text + len(data).to_bytes(4, "little") + b"BIN\0" + data
    path.write_bytes(b"glTF\x02\0\0\0" + (12 + len(parts)).to_bytes(4, "little") + parts)


@pytest.mark.parametrize(
    ("extras", "antialiased"), [(None, False), ("mip", False), ([1], False), ({}, False), ({"SplatRenderMode": "mip"}, True)]
)
def test_extras_may_be_anything(tmp_path, random_splats, extras, antialiased):
    def add(tree):
        tree["meshes"][0]["primitives"][0]["extras"] = extras

    read = read_glb(changed(tmp_path / "a.glb", random_splats, add))
    assert len(read) == 20 and read.antialiased == antialiased


def test_nodes_carry_their_splats(tmp_path, random_splats):
    """A parent with a transform and two children with the splats, as other programs arrange scenes."""

    def arrange(tree):
        parent = {"translation": [1, 2, 3], "rotation": [0, 0, 0.6, 0.8], "scale": [2, 2, 2], "children": [1, 2]}
        tree["nodes"] = [parent, {"mesh": 0}, {"mesh": 0, "translation": [0, 1, 0]}]

    read = read_glb(changed(tmp_path / "a.glb", random_splats, arrange))
    matrix = np.eye(4)
    matrix[:3, :3] = 2 * np.array([[0.28, -0.96, 0], [0.96, 0.28, 0], [0, 0, 1]])
    matrix[:3, 3] = 1, 2, 3
    expected = apply_matrix(random_splats(20, 1), Y_UP_TO_Z_UP @ matrix)
    np.testing.assert_allclose(read.means[:20], expected.means, atol=1e-5)
    np.testing.assert_allclose(read.sh[:20], expected.sh, atol=1e-5)
    shift = Y_UP_TO_Z_UP[:3, :3] @ matrix[:3, :3] @ [0, 1, 0]
    np.testing.assert_allclose(read.means[20:], expected.means + shift, atol=1e-5)


def test_logarithmic_scales_of_the_drafts_are_recognized(tmp_path, random_splats):
    splats = random_splats(20)
    logs = np.log(splats.scales)
    splats.scales[:] = logs
    write_glb(tmp_path / "draft.glb", splats)
    np.testing.assert_allclose(read_glb(tmp_path / "draft.glb").scales, np.exp(logs), rtol=1e-6)


def test_small_integers_and_strides(tmp_path):
    """Rotations as normalized shorts, opacities as normalized bytes, positions interleaved with padding."""
    mixed = np.zeros(2, dtype=[("p", "<f4", 3), ("o", "u1", (1,)), ("rest", "u1", 3)])
    mixed["p"], mixed["o"][:, 0] = [[1, 2, 3], [4, 5, 6]], [255, 51]
    rotations, scales = np.array([[32767, 0, 0, 0], [0, 0, 0, 32767]], "<i2"), np.full((2, 3), 0.5, "<f4")
    names = [f"{EXTENSION}:{n}" for n in ("ROTATION", "SCALE", "OPACITY", "SH_DEGREE_0_COEF_0")]
    accessors = [
        {"bufferView": 0, "componentType": 5126, "count": 2, "type": "VEC3"},
        {"bufferView": 1, "componentType": 5122, "count": 2, "type": "VEC4", "normalized": True},
        {"bufferView": 2, "componentType": 5126, "count": 2, "type": "VEC3"},
        {"bufferView": 0, "byteOffset": 12, "componentType": 5121, "count": 2, "type": "SCALAR", "normalized": True},
    ]
    views = [{"buffer": 0, "byteLength": 32, "byteStride": 16}]
    views += [{"buffer": 0, "byteOffset": 32, "byteLength": 16}, {"buffer": 0, "byteOffset": 48, "byteLength": 24}]
    attributes = dict(zip(["POSITION", *names], [0, 1, 2, 3, 2], strict=True))
    tree = {
        "accessors": accessors,
        "bufferViews": views,
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [{"attributes": attributes, "extensions": {EXTENSION: {}}}]}],
    }
    write_raw(tmp_path / "a.glb", tree, mixed.tobytes() + rotations.tobytes() + scales.tobytes())
    read = read_glb(tmp_path / "a.glb")
    np.testing.assert_allclose(read.means, [[1, -3, 2], [4, -6, 5]], atol=1e-6)
    np.testing.assert_allclose(read.opacities, [1, 0.2], atol=1e-6)


def test_splats_that_are_not_finite_are_left_out(tmp_path, random_splats, caplog):
    splats = random_splats(10)
    splats.sh[3, 2, 1] = np.nan
    write_glb(tmp_path / "a.glb", splats)
    with caplog.at_level(logging.WARNING):
        assert len(read_glb(tmp_path / "a.glb")) == 9
    assert "left out 1 of 10" in caplog.text


def drop(*path):
    def change(tree):
        for key in path[:-1]:
            tree = tree[key]
        del tree[path[-1]]

    return change


def put(value, *path):
    def change(tree):
        for key in path[:-1]:
            tree = tree[key]
        tree[path[-1]] = value

    return change


PRIMITIVE = ("meshes", 0, "primitives", 0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (drop(*PRIMITIVE, "extensions"), "holds no Gaussian splats"),
        (put({EXTENSION: {"extensions": {"KHR_x_spz": {}}}}, *PRIMITIVE, "extensions"), "compressed as KHR_x_spz"),
        (drop(*PRIMITIVE, "attributes", "POSITION"), "damaged"),
        (put(10**15, "accessors", 0, "count"), "damaged"),
        (put(-1, "accessors", 0, "count"), "damaged"),
        (put("many", "accessors", 0, "count"), "damaged"),
        (put(10**30, "bufferViews", 0, "byteOffset"), "damaged"),
        (put(99, "accessors", 0, "bufferView"), "damaged"),
        (put(-1, "accessors", 0, "bufferView"), "damaged"),
        (put(3, "accessors", 0, "count"), "damaged"),
        (put([0], "nodes", 0, "children"), "damaged"),
        (put([1, 2], "nodes", 0, "matrix"), "damaged"),
        (put([0] * 16, "nodes", 0, "matrix"), "damaged"),
        (put("nodes", "nodes"), "damaged"),
    ],
)
def test_names_the_file_and_the_fault(tmp_path, random_splats, change, words):
    with pytest.raises(TttlrmError, match=words) as caught:
        read_glb(changed(tmp_path / "bad.glb", random_splats, change))
    assert "bad.glb" in caught.value.sentence and caught.value.code == "bad_splats"


def test_meshes_are_no_splats(tmp_path):
    write_glb_file(tmp_path / "mesh.glb", {"asset": {"version": "2.0"}, "nodes": []}, [])
    with pytest.raises(TttlrmError, match="holds no Gaussian splats"):
        read_glb(tmp_path / "mesh.glb")


def add_accessor(tree, **fields):
    """Add an accessor of floats and return its number."""
    tree["accessors"].append({"componentType": 5126, **fields})
    return len(tree["accessors"]) - 1


def attributes(tree):
    return tree["meshes"][0]["primitives"][0]["attributes"]


def test_sparse_accessors_are_filled_in(tmp_path, random_splats):
    """Opacities of 0.25 but for two, base colors of 0 but for two, laid over what they had or over zeros."""
    splats = random_splats(20, 1)
    splats.opacities[:] = 0.25
    write_glb(tmp_path / "a.glb", splats)
    glb = read_glb_file(tmp_path / "a.glb")
    tree, data = glb.tree, glb.buffer.tobytes()
    pieces = [np.array([3, 17], "<u2"), np.array([0.5, 1], "<f4"), np.arange(6, dtype="<f4")]
    for piece in pieces:
        tree["bufferViews"].append({"buffer": 0, "byteOffset": len(data), "byteLength": piece.nbytes})
        data += piece.tobytes()
    first = len(tree["bufferViews"]) - 3
    indices = {"bufferView": first, "componentType": 5123}
    names = attributes(tree)
    tree["accessors"][names[f"{EXTENSION}:OPACITY"]]["sparse"] = {
        "count": 2,
        "indices": indices,
        "values": {"bufferView": first + 1},
    }
    sparse = {"count": 2, "indices": indices, "values": {"bufferView": first + 2}}
    names[f"{EXTENSION}:SH_DEGREE_0_COEF_0"] = add_accessor(tree, count=20, type="VEC3", sparse=sparse)
    write_raw(tmp_path / "sparse.glb", tree, data)
    read = read_glb(tmp_path / "sparse.glb")
    splats.opacities[[3, 17]] = 0.5, 1
    np.testing.assert_array_equal(read.opacities, splats.opacities)
    np.testing.assert_array_equal(read.sh[[3, 17], 0], [[0, 1, 2], [3, 4, 5]])
    assert not np.delete(read.sh[:, 0], [3, 17], axis=0).any()


@pytest.mark.filterwarnings("error")
def test_logits_are_recognized(tmp_path, random_splats):
    splats = random_splats(200)
    logits = np.random.default_rng(0).normal(1, 4, 200).astype(np.float32)
    logits[:2] = 178, -178
    splats.opacities[:] = logits
    write_glb(tmp_path / "logits.glb", splats)
    np.testing.assert_allclose(read_glb(tmp_path / "logits.glb").opacities, 1 / (1 + np.exp(-logits.astype(float))), atol=1e-6)


def test_damaged_values_do_not_change_the_others(tmp_path, random_splats):
    splats = random_splats(20)
    splats.opacities[0], splats.scales[1, 2] = 178, -0.1
    write_glb(tmp_path / "a.glb", splats)
    read = read_glb(tmp_path / "a.glb")
    assert len(read) == 19
    np.testing.assert_array_equal(read.opacities, np.delete(np.clip(splats.opacities, 0, 1), 1))


@pytest.mark.filterwarnings("error")
def test_splats_that_their_node_moves_out_of_numbers_are_left_out(tmp_path, random_splats, caplog):
    splats = random_splats(10)
    splats.means[0] = 3e38
    write_glb(tmp_path / "a.glb", splats)
    glb = read_glb_file(tmp_path / "a.glb")
    glb.tree["nodes"][0] = {"mesh": 0, "scale": [10, 10, 10]}
    write_raw(tmp_path / "b.glb", glb.tree, glb.buffer.tobytes())
    assert len(read_glb(tmp_path / "b.glb")) == 9
    assert "left out 1 of 10" in caplog.text


def in_views(tree):
    for view in tree["bufferViews"]:
        view["extensions"] = {"EXT_meshopt_compression": {"buffer": 1}}


def renamed(*parts):
    """Attributes with the names of an early draft."""

    def change(tree):
        names = attributes(tree)
        for part in parts:
            names[f"_{part}"] = names.pop(f"{EXTENSION}:{part}")

    return change


def without_colors(tree):
    names = attributes(tree)
    for name in [name for name in names if name == "COLOR_0" or ":SH_" in name]:
        del names[name]


def beside(name):
    """Another extension of the primitive, that is needed to read it."""

    def change(tree):
        tree["extensionsRequired"] = [EXTENSION, name]
        tree["meshes"][0]["primitives"][0]["extensions"][name] = {}

    return change


@pytest.mark.parametrize(
    "change",
    [
        in_views,
        renamed("ROTATION", "SCALE"),
        renamed("OPACITY"),
        without_colors,
        beside("KHR_draco_mesh_compression"),
        put({"KHR_spz_gaussian_splats_compression": {}}, *PRIMITIVE, "extensions"),
        put({EXTENSION: {"extensions": {"KHR_gaussian_splatting_compression_spz": {}}}}, *PRIMITIVE, "extensions"),
        put({"EXT_mesh_gpu_instancing": {"attributes": {}}}, "nodes", 0, "extensions"),
        put([{"uri": "splats.bin", "byteLength": 100}], "buffers"),
        put(1, "bufferViews", 0, "buffer"),
    ],
)
def test_what_is_not_supported_is_not_called_damaged(tmp_path, random_splats, change):
    with pytest.raises(TttlrmError, match="not supported") as caught:
        read_glb(changed(tmp_path / "other.glb", random_splats, change))
    assert "other.glb" in caught.value.sentence and "damaged" not in str(caught.value)
    assert caught.value.code == "bad_splats" and caught.value.hint


def nodes(count, **fields):
    """One mesh in many nodes."""

    def change(tree):
        tree["nodes"] = [{"mesh": 0, **fields}] * count
        tree["scenes"] = [{"nodes": list(range(count))}]

    return change


def branches(count):
    """Nodes that all have all nodes as their children."""

    def change(tree):
        tree["nodes"] = [{"children": list(range(count))}] * count

    return change


def many_primitives(tree):
    tree["meshes"][0]["primitives"] *= 1000
    nodes(1000)(tree)


def empty_splats(tree):
    for accessor in tree["accessors"]:
        accessor["count"] = 0
    many_primitives(tree)


def zeros(tree):
    """Splats of zeros, without data in the file."""
    for accessor in tree["accessors"]:
        del accessor["bufferView"]
        accessor["count"] = 10**9


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (nodes(6000), "asks for 1..,... splats, more than the 1..,... that are read"),
        (zeros, "asks for 1,000,000,000 splats, more than the 100,000 that are read"),
        (many_primitives, "asks for 100,020 splats|more than 10,000 places"),
        (empty_splats, "more than 10,000 places"),
        (branches(300), "damaged"),
        (put(2, "accessors", 0, "count"), "damaged"),
        (nodes(2, matrix=[1e200, 0, 0, 0, 0, 1e-200, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]), "damaged"),
        (nodes(2, scale=[1e39, 1, 1]), "damaged"),
    ],
)
def test_small_files_do_not_ask_for_the_world(tmp_path, random_splats, change, words):
    path = changed(tmp_path / "bad.glb", random_splats, change)
    tracemalloc.start()
    try:
        with pytest.raises(TttlrmError, match=words):
            read_glb(path)
        assert tracemalloc.get_traced_memory()[1] < 60_000_000
    finally:
        tracemalloc.stop()


def test_a_person_can_raise_the_limit(tmp_path, random_splats, monkeypatch):
    path = changed(tmp_path / "many.glb", random_splats, nodes(3))
    monkeypatch.setenv("TTTLRM_MAX_SPLATS", "59")
    with pytest.raises(TttlrmError, match="asks for 60 splats, more than the 59") as caught:
        read_glb(path)
    assert "TTTLRM_MAX_SPLATS" in caught.value.hint
    monkeypatch.setenv("TTTLRM_MAX_SPLATS", "60")
    assert len(read_glb(path)) == 60
