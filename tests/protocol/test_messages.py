# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages there and back, and incompatible versions."""

import json
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tests.worker.small_worker import splats
from tttlrm_blender.errors import Text, TttlrmError, text
from tttlrm_blender.protocol import codec, messages, results
from tttlrm_blender.protocol.frames import RUN_BYTES, pack, split
from tttlrm_blender.protocol.messages import (
    MAX_REQUEST,
    MAX_TEXT,
    Decoder,
    Done,
    Failed,
    Hello,
    Note,
    Progress,
    Submit,
    Upload,
    check_versions,
    encode,
    slot,
)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 60), 1 << 60) | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
wire_values = texts | st.integers(-(1 << 53), 1 << 53) | st.floats(allow_nan=False, allow_infinity=False)


def filled_texts(values: st.SearchStrategy) -> st.SearchStrategy[Text]:
    """Texts with a field for each of their values."""
    fields = st.sampled_from(["{}", "{!r}", "{:.1f}", "{:,}", "{:g}"])
    words = st.lists(st.tuples(texts.filter(lambda word: "{" not in word and "}" not in word), fields, values), max_size=3)
    return words.map(lambda parts: Text("".join(word + field for word, field, _ in parts), tuple(value for *_, value in parts)))


json_objects = st.dictionaries(texts, json_values, max_size=3)
FIELDS = {
    "int": st.integers(0, 1 << 60),
    "str": texts,
    "Text": filled_texts(wire_values | filled_texts(wire_values)),
    "float": st.floats(0, 1),
    "float | None": st.none() | st.floats(0, 1e6),
    "list[str]": st.lists(texts, max_size=3),
    "dict[str, Any]": json_objects,
    "File": hnp.arrays(np.uint8, st.integers(0, 5)),
    "Splats": st.builds(splats, st.integers(0, 5)),
}


def message_of(kind: type) -> st.SearchStrategy:
    """Any message of a kind, without such arrays as it need not have."""
    return st.builds(kind, **{name: FIELDS[hint] for name, hint in kind.__annotations__.items() if hint in FIELDS})


any_message = st.one_of([message_of(kind) for kind in messages.KINDS.values()])


@given(st.integers(0, 1 << 60), any_message)
def test_every_message_is_read_as_it_was_written(number, message):
    (frame,) = encode(number, message)
    assert Decoder(1 << 10).feed(frame) == (number, message)


def test_every_kind_of_message_is_tried():
    assert set(messages.KINDS.values()) == set(get_args(messages.Message))


large = np.random.default_rng(0).integers(0, 255, RUN_BYTES + 5, np.uint8)
many = splats(RUN_BYTES // 56 + 1)


@pytest.mark.parametrize(
    "sent", [Upload("s", "a.jpg", 5, 0, large), messages.Preview(many), Done({"splats": 3}, {"bytes": large, "none": large[:0]})]
)
def test_arrays_larger_than_a_frame_arrive_whole(sent):
    frames = list(encode(4, sent))
    decoder = Decoder(RUN_BYTES + 100)
    assert [decoder.feed(frame) for frame in frames[:-1]] == [None]
    number, message = decoder.feed(frames[-1])
    assert (number, message) == (4, sent)
    arrays, expected = (codec.encode(one)[1] for one in (message, sent))
    assert arrays.keys() == expected.keys()
    assert all(np.array_equal(array, expected[name]) and array.flags.writeable for name, array in arrays.items())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{}",
        '{"type": "progress"}',
        '{"type": "progress", "request": "1", "stage": "a", "fraction": 0.5}',
        '{"type": "progress", "request": 1, "stage": "a"}',
        '{"type": "progress", "request": 1, "stage": "a", "fraction": "b"}',
        '{"type": "progress", "request": 1, "stage": "a", "fraction": true}',
        '{"type": "progress", "request": 1, "stage": "a", "fraction": NaN}',
        '{"type": "progress", "request": 1, "stage": "a", "fraction": 1e999}',
        '{"type": "progress", "request": 18446744073709551616, "stage": "a", "fraction": 0.5}',
        '{"type": "progress", "request": 1, "stage": "a", "fraction": 0.5, "more": 1}',
        '{"type": "progress", "request": 1, "stage": null, "fraction": 0.5}',
        '{"type": "done", "request": 1, "arrays": {}}',
        '{"type": "done", "request": 1, "info": []}',
        '{"type": "hello", "request": 0, "protocol": 1, "capabilities": [1]}',
        '{"type": "object", "request": 1}',
        '{"type": "done", "request": 1, "info": {"a": "' + "x" * MAX_TEXT + '"}}',
        '{"type": ["done"], "request": 1}',
        '{"type": "note", "request": 1, "text": "a"}',
        '{"type": "note", "request": 1, "text": []}',
        '{"type": "note", "request": 1, "text": [1]}',
        '{"type": "note", "request": 1, "text": ["{}"]}',
        '{"type": "note", "request": 1, "text": ["a", "b"]}',
        '{"type": "note", "request": 1, "text": ["{0.__class__}", "b"]}',
        '{"type": "note", "request": 1, "text": ["{:>999999999}", "b"]}',
        '{"type": "note", "request": 1, "text": ["{}", null]}',
        '{"type": "note", "request": 1, "text": ["{}", true]}',
        '{"type": "note", "request": 1, "text": ["{}", {"a": 1}]}',
        '{"type": "note", "request": 1, "text": ["{}", ["{}"]]}',
        '{"type": "note", "request": 1, "text": ' + '["{}", ' * 20 + '"a"' + "]" * 20 + "}",
        '{"type": "failed", "request": 1, "code": "a", "text": ["a"], "advice": null}',
    ],
)
def test_malformed_texts_are_refused(text):
    with pytest.raises(TttlrmError) as caught:
        Decoder(0).feed(text)
    assert caught.value.code == "bad_message"


def test_arrays_belong_to_messages_that_have_some():
    text = json.dumps({"type": "cancel", "request": 1})
    frame = pack({"message": text, "arrays": json.dumps({"a": ["U8", [1]]})}, {"a": np.zeros(1, np.uint8)})
    with pytest.raises(TttlrmError, match="Cancel has no arrays"):
        Decoder(10).feed(frame)


@pytest.mark.parametrize(
    "arrays",
    [
        {},
        {"gaussians.means": np.zeros((2, 3), np.float32)},
        codec.encode(messages.Preview(splats(2)))[1] | {"more": np.zeros(1)},
        codec.encode(messages.Preview(splats(2)))[1] | {"gaussians.means": np.zeros((3, 3), np.float32)},
        codec.encode(messages.Preview(splats(2)))[1] | {"gaussians.sh": np.zeros((2, 4, 3))},
    ],
    ids=["none", "some", "more", "another number", "another dtype"],
)
def test_previews_that_are_no_splats_are_refused(arrays):
    (frame,) = split(json.dumps({"type": "preview", "request": 1}), arrays)
    with pytest.raises(TttlrmError, match="cannot be read") as caught:
        Decoder(1 << 10).feed(frame)
    assert caught.value.code == "bad_message"


def test_whole_numbers_are_fractions_too():
    assert Decoder(0).feed('{"type": "progress", "request": 1, "stage": "a", "fraction": 1}') == (1, Progress("a", 1.0))


def test_a_message_too_large_is_refused_before_it_is_sent():
    with pytest.raises(TttlrmError, match="too large"):
        encode(1, Done({"text": "x" * (4 << 20)}))
    with pytest.raises(TttlrmError, match="too large"):
        encode(1, Submit("s", "k", {"text": "x" * MAX_REQUEST}))


def test_a_reader_of_requests_refuses_more_text_than_they_have():
    decoder = Decoder(10, MAX_REQUEST, MAX_REQUEST)
    (fits,) = encode(1, Submit("s", "k", {"text": "x" * (MAX_REQUEST - 200)}))
    assert decoder.feed(fits)
    (answer,) = encode(1, Done({"text": "x" * MAX_REQUEST}))
    with pytest.raises(TttlrmError, match="too long"):
        decoder.feed(answer)
    (frame,) = encode(1, Done({"text": "x" * MAX_REQUEST}, {"a": np.zeros(1)}))
    with pytest.raises(TttlrmError, match="header does not fit"):
        decoder.feed(frame)


def test_a_hello_of_the_future_can_be_read():
    text = '{"type": "hello", "request": 0, "protocol": 99, "version": "9.0", "color": "blue"}'
    assert Decoder(0).feed(text) == (0, Hello(99, "9.0"))


def test_the_side_with_the_older_protocol_is_to_be_updated():
    old, new = Hello(1, "0.1.0"), Hello(2, "0.2.0")
    check_versions(old, Hello(1, "0.1.7"))
    with pytest.raises(TttlrmError, match=r"Update tttLRM in the worker's Python to 0.2.0") as caught:
        check_versions(worker=old, client=new)
    assert caught.value.code == "version_mismatch"
    with pytest.raises(TttlrmError, match=r"Update tttLRM in Blender .* to 0.2.0"):
        check_versions(worker=new, client=old)


def test_an_error_survives_the_way():
    error = Failed.of(TttlrmError("It broke.", hint="Mend it.", code="broken")).error()
    assert (error.sentence, error.hint, error.code) == ("It broke.", "Mend it.", "broken")


def test_values_of_texts_arrive_as_what_they_are_shown_as():
    told = text("{} {} {} {!r}", Path("a.jpg"), float("nan"), 1 << 70, text("{:.1f}", 2.0))
    (frame,) = encode(1, Note(told))
    _, note = Decoder(0).feed(frame)
    assert str(note.text) == str(told) and note.text.values[:3] == ("a.jpg", "nan", str(1 << 70))


def test_splats_do_not_replace_the_cameras_before_them():
    cameras = results.CameraTable(["a"], np.eye(4)[None], np.ones((1, 4)), np.ones((1, 2), int))
    seen = messages.Preview(splats(2), cameras)
    assert slot(seen) == slot(messages.Preview(splats(3), cameras)) != slot(messages.Preview(splats(3)))


def test_progress_of_one_stage_shares_a_slot():
    assert slot(Progress("a", 0.1)) == slot(Progress("a", 0.2)) != slot(Progress("b", 0.1))


def test_a_token_is_never_shown():
    assert "secret" not in repr(Hello(token="secret"))
