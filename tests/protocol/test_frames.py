# SPDX-License-Identifier: GPL-3.0-or-later
"""Arrays as bytes, compared with the safetensors package."""

import json

import numpy as np
import pytest
import safetensors
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.protocol.frames import DTYPES, MAX_HEADER, Assembler, pack, split, unpack

names = st.text(st.characters(exclude_categories=["Cs"]), max_size=12).filter(lambda name: name != "__metadata__")
some_arrays = st.dictionaries(
    names,
    st.sampled_from(list(DTYPES.values())).flatmap(
        lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5))
    ),
    max_size=5,
)
some_texts = st.dictionaries(names, st.text(st.characters(exclude_categories=["Cs"])), max_size=3)


def assert_same(found: dict[str, np.ndarray], wanted: dict[str, np.ndarray]) -> None:
    """Equal names, dtypes, shapes and bits."""
    assert set(found) == set(wanted)
    for name, array in wanted.items():
        assert found[name].dtype == array.dtype and found[name].shape == array.shape
        assert found[name].tobytes() == array.tobytes()


@given(some_texts, some_arrays)
def test_what_is_packed_is_unpacked(texts, arrays):
    found_texts, found = unpack(pack(texts, arrays))
    assert found_texts == texts
    assert_same(found, arrays)


@given(some_arrays)
def test_safetensors_reads_what_is_packed(arrays):
    assert_same(safetensors.numpy.load(pack({"message": "{}"}, arrays)), arrays)


@given(some_arrays.filter(bool))
def test_what_safetensors_writes_is_unpacked(arrays):
    texts, found = unpack(safetensors.numpy.save(arrays, {"made": "there"}))
    assert texts == {"made": "there"}
    assert_same(found, arrays)


@given(st.text(max_size=20), some_arrays, st.integers(8, 200))
def test_a_message_split_in_frames_is_put_together(message, arrays, run_bytes):
    assembler, complete = Assembler(1 << 20), None
    for frame in split(message, arrays, run_bytes):
        assert complete is None
        assert sum(run.nbytes for run in unpack(frame)[1].values()) <= run_bytes
        complete = assembler.add(frame)
    assert complete is not None and complete[0] == message
    assert_same(complete[1], arrays)


def test_one_assembler_takes_message_after_message():
    assembler = Assembler(1 << 20)
    for number in range(3):
        frames = [assembler.add(frame) for frame in split(str(number), {"a": np.full(10, number)}, 32)]
        assert [frame is None for frame in frames] == [True, True, False]
        assert frames[-1][0] == str(number) and (frames[-1][1]["a"] == number).all()


def test_arrays_of_any_layout_arrive_contiguous_and_little_endian():
    array = np.arange(12, dtype=">i4").reshape(3, 4).T
    found = unpack(pack({}, {"a": array}))[1]["a"]
    assert found.dtype == "<i4" and (found == array).all()


@pytest.mark.parametrize("array", [np.array(["text"]), np.array([None]), np.zeros(2, complex), np.zeros(2, bool)])
def test_values_that_cannot_travel_are_refused_before_they_are_sent(array):
    with pytest.raises(TypeError, match="cannot be sent"):
        pack({}, {"a": array})


def frame_of(header: object, data: bytes = b"") -> bytes:
    """A frame with any header."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def entry(dtype="U8", shape=(2,), offsets=(0, 2)):
    """The description of an array."""
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"\0" * 7,
        (100).to_bytes(8, "little") + b"{}",
        (1 << 63).to_bytes(8, "little") + b"{}",
        frame_of(b"\xff\xff"),
        frame_of(b"["),
        frame_of(b"[" * 100_000),
        frame_of([]),
        frame_of({"__metadata__": {"a": 1}}),
        frame_of({"__metadata__": "a"}),
        frame_of({"a": 1}),
        frame_of({"a": {"dtype": "U8", "shape": [2]}}, b"12"),
        frame_of({"a": {**entry(), "more": 1}}, b"12"),
        frame_of({"a": entry("BF16", (1,))}, b"12"),
        frame_of({"a": entry(["U8"])}, b"12"),
        frame_of({"a": entry(shape=(-1, -2))}, b"12"),
        frame_of({"a": entry(shape=(2.0,))}, b"12"),
        frame_of({"a": entry(shape=(True, 2))}, b"12"),
        frame_of({"a": entry(shape=(1,) * 40 + (2,))}, b"12"),
        frame_of({"a": entry(shape=(0, 1 << 62, 1 << 62), offsets=(0, 0))}),
        frame_of({"a": entry(shape=(3,))}, b"12"),
        frame_of({"a": entry(offsets=(2, 0))}, b"12"),
        frame_of({"a": entry(offsets=(0, 2, 4))}, b"12"),
        frame_of({"a": entry(offsets=(1, 3))}, b"123"),
        frame_of({"a": entry()}, b"1"),
        frame_of({"a": entry()}, b"123"),
        frame_of({"a": entry(), "b": entry(offsets=(1, 3))}, b"123"),
        frame_of({"a": entry(), "b": entry(offsets=(3, 5))}, b"12345"),
        frame_of(b'{"a": {"dtype":"U8","shape":[0],"data_offsets":[0,0]}, "a": {"dtype":"U8","shape":[0],"data_offsets":[0,0]}}'),
        frame_of(b'{"a": {"dtype":"U8","shape":[NaN],"data_offsets":[0,0]}}'),
        frame_of(b" " * (MAX_HEADER + 1)),
    ],
)
def test_malformed_frames_are_refused(frame):
    with pytest.raises(TttlrmError) as caught:
        unpack(frame)
    assert caught.value.code == "bad_message"


@given(st.binary(max_size=200))
def test_random_bytes_raise_nothing_but_our_error(data):
    with pytest.raises(TttlrmError):
        unpack(data)


@given(st.data())
def test_a_damaged_frame_raises_nothing_but_our_error(data):
    frame = bytearray(pack({"message": "{}"}, {"a": np.arange(6.0).reshape(2, 3), "b": np.zeros(3, np.uint8)}))
    for _ in range(data.draw(st.integers(1, 4))):
        frame[data.draw(st.integers(0, len(frame) - 1))] = data.draw(st.integers(0, 255))
    try:
        arrays = unpack(frame)[1]
    except TttlrmError:
        return
    assert sum(array.nbytes for array in arrays.values()) <= len(frame)


def announced(kinds: object, runs: dict[str, np.ndarray] | None = None) -> bytes:
    """The first frame of a message."""
    return pack({"message": "{}", "arrays": json.dumps(kinds)}, runs or {})


@pytest.mark.parametrize(
    "frame",
    [
        pack({}, {}),
        pack({"message": "{}"}, {}),
        announced({"a": ["F32", [1 << 20]]}),
        announced({"a": ["F32", [0, 1 << 60]]}),
        announced({"a": ["F32"]}),
        announced({"a": "F32"}),
        announced([]),
        announced({"a": ["F32", [2]]}, {"b": np.zeros(1, np.float32)}),
        announced({"a": ["F32", [2]]}, {"a": np.zeros(3, np.float32)}),
        announced({"a": ["F32", [2]]}, {"a": np.zeros(2, np.int32)}),
    ],
)
def test_announcements_that_make_no_sense_are_refused(frame):
    with pytest.raises(TttlrmError):
        Assembler(1 << 20).add(frame)


def test_a_message_must_be_complete_before_the_next():
    assembler = Assembler(1 << 20)
    first = announced({"a": ["F32", [4]]}, {"a": np.zeros(2, np.float32)})
    assert assembler.add(first) is None
    with pytest.raises(TttlrmError, match="not complete"):
        assembler.add(first)
