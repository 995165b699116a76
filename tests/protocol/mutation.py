# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames that are almost right: how the fuzzing of the protocol makes its cases."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from tttlrm_blender.errors import text
from tttlrm_blender.gaussians.gaussians import Gaussians
from tttlrm_blender.protocol import codec
from tttlrm_blender.protocol.frames import DTYPES, split
from tttlrm_blender.protocol.messages import (
    Cancel,
    Cancelled,
    Done,
    Failed,
    Finish,
    Forget,
    Hello,
    Message,
    Note,
    Preview,
    Progress,
    Queued,
    Seek,
    Submit,
    Upload,
    encode,
)
from tttlrm_blender.protocol.settings import (
    DecodeSettings,
    MeshSettings,
    ReconstructSettings,
    RefineSettings,
    RenderSettings,
)
from tttlrm_blender.protocol.settings_json import to_json

Case = tuple[str | bytes, ...]

MAX_LONG = 1 << 16  # characters or bytes of a mutated frame
VALUES: list[Any] = [None, True, False, 0, 1, -1, 1 << 31, 1 << 63, 1 << 64, -(1 << 63), 0.5, -0.0, 1e308, 5e-324, "", "a", "\0"]
VALUES += ["\ud800", "__metadata__", "arrays", "U8", "F64", "BF16", [], [0], [1, 2], [[]], {}, {"a": 1}, "../a", "x" * 300]
TOKENS = [
    "1e999",
    "-1e999",
    "1e-999",
    "NaN",
    "-Infinity",
    "9" * 400,
    "9" * 5000,
    "-0",
    "01",
    "1.",
    "[" * 3000,
    '{"a":' * 1500,
    '"\\ud800"',
    "\ufeff",
]
SIZES = [
    0,
    1,
    2,
    7,
    8,
    255,
    256,
    (1 << 16) - 1,
    1 << 23,
    (1 << 23) + 1,
    (1 << 31) - 1,
    1 << 32,
    (1 << 63) - 1,
    1 << 63,
    (1 << 64) - 1,
]
NUMBER = re.compile(r"-?\d+(\.\d+)?")


def seeds() -> list[Case]:
    """Valid cases: every kind of message, every kind of array, in one frame and in several."""
    arrays = {name: np.arange(6).astype(dtype).reshape(2, 3) for name, dtype in DTYPES.items()}
    splats = {"gaussians.means": np.ones((5, 3), np.float32), "none": np.zeros((0, 3), np.int32), "one": np.array(2.0)}
    rows = np.ones((5, 4), np.float32)
    shown = Gaussians(rows[:, :3], rows, rows[:, :3], rows[:, 0], rows[:, None, :3])
    jobs: list[tuple[str, Any]] = [
        ("reconstruct", ReconstructSettings(mesh=MeshSettings())),
        ("decode", DecodeSettings()),
        ("refine", RefineSettings(seconds=2.5)),
        ("mesh", MeshSettings()),
        ("render", RenderSettings((1, 2))),
    ]
    plain: list[Message] = [
        Hello(token="t", capabilities=["decode"]),
        Finish(),
        Cancel(),
        Forget("s"),
        Seek("s", "splats/a.npz"),
        Queued(3),
        Cancelled(),
        Failed("a", text("b {}", 1), text("c")),
    ]
    plain += [
        Progress("load", 0.5),
        Progress("load", 1.0, 2.5),
        Note(text("{} left out", text("{:.1f} of {!r}", 2.5, "d"))),
        Done({"psnr": 21.5, "names": ["a", {"b": None}]}),
    ]
    plain += [Submit("s", kind, to_json(settings), kind == "reconstruct") for kind, settings in jobs]
    cases: list[Case] = [tuple(encode(number, message)) for number, message in enumerate(plain)]
    for message in (Upload("s", "images/a.jpg", 5, 0, np.arange(5, dtype=np.uint8)), Preview(shown), Done({"splats": 5})):
        values, own = codec.encode(message)
        said = json.dumps({"type": type(message).__name__.lower(), "request": 7, **values})
        for content in (own, splats, arrays):
            cases += [tuple(split(said, content, run_bytes)) for run_bytes in (1 << 20, 32)]
    return cases


def mutated(corpus: list[Case], random: random.Random) -> Case:
    """A case like one of the corpus, or noise."""
    if random.random() < 0.03:
        return (_noise(random),)
    case = list(random.choice(corpus))
    if random.random() < 0.1:
        _reorder(case, corpus, random)
    for _ in range(random.choice((0, 1, 1, 1, 2, 4))):
        index = random.randrange(len(case))
        frame = case[index]
        case[index] = _text(frame, corpus, random) if isinstance(frame, str) else _binary(frame, corpus, random)
    return tuple(frame[:MAX_LONG] for frame in case)


def _noise(random: random.Random) -> str | bytes:
    if random.random() < 0.5:
        return random.randbytes(random.choice((0, 1, 7, 8, 9, 40, 400)))
    return "".join(
        map(chr, (random.choice((random.randrange(128), random.randrange(0x11000))) for _ in range(random.randrange(60))))
    )


def _reorder(case: list[str | bytes], corpus: list[Case], random: random.Random) -> None:
    """Lose, repeat, swap or insert frames."""
    index = random.randrange(len(case))
    match random.randrange(4):
        case 0 if len(case) > 1:
            del case[index]
        case 1:
            case.insert(index, case[random.randrange(len(case))])
        case 2:
            random.shuffle(case)
        case _:
            case[index:index] = random.choice(corpus)


def _binary(frame: bytes, corpus: list[Case], random: random.Random) -> bytes:
    """One change to a binary frame: to its bytes, its length, or its header."""
    choice = random.random()
    if choice < 0.45:
        return _header(frame, corpus, random)
    if choice < 0.55:
        return random.choice(SIZES).to_bytes(8, "little") + frame[8:]
    if choice < 0.6:
        return (int.from_bytes(frame[:8], "little") + random.randint(-9, 9) & (1 << 64) - 1).to_bytes(8, "little") + frame[8:]
    if choice < 0.75:
        return _flipped(frame, random)
    other = _frame_of(corpus, bytes, random)
    return _cut(frame, other, random.randbytes(random.randrange(1, 9)), random)


def _header(frame: bytes, corpus: list[Case], random: random.Random) -> bytes:
    """The frame with another header, whose length is right."""
    length = int.from_bytes(frame[:8], "little")
    header = _text(frame[8 : 8 + length].decode("utf-8", "replace"), corpus, random)
    encoded = header.encode("utf-8", "surrogatepass")
    return len(encoded).to_bytes(8, "little") + encoded + frame[8 + length :]


def _flipped(frame: bytes, random: random.Random) -> bytes:
    changed = bytearray(frame)
    for _ in range(random.randint(1, 4) if changed else 0):
        place = random.randrange(len(changed))
        changed[place] = random.choice((changed[place] ^ 1 << random.randrange(8), random.randrange(256)))
    return bytes(changed)


def _text(frame: str, corpus: list[Case], random: random.Random) -> str:
    """One change to a text: to its JSON values, to a number in it, or to its characters."""
    choice = random.random()
    if choice < 0.6:
        return _edited(frame, random)
    if choice < 0.75:
        numbers = [*NUMBER.finditer(frame)]
        if numbers:
            place = random.choice(numbers)
            token = random.choice([*TOKENS, str(random.choice(SIZES)), json.dumps(random.choice(VALUES))])
            return frame[: place.start()] + token + frame[place.end() :]
    return _cut(frame, _frame_of(corpus, str, random), random.choice((*'{}[]",:\\0 ', *TOKENS)), random)


def _cut(frame: Any, other: Any, noise: Any, random: random.Random) -> Any:
    """A text or bytes cut, spliced with another, with a piece repeated, or with something put in."""
    start, end = sorted((random.randint(0, len(frame)), random.randint(0, len(frame))))
    match random.randrange(6):
        case 0:
            return frame[:end]
        case 1:
            return frame[:start] + frame[end:]
        case 2:
            return frame[:start] + other[random.randint(0, len(other)) :]
        case 3:
            return frame[:end] + frame[start:end] * random.choice((1, 1, 3)) + frame[end:]
        case 4:
            return frame + noise
        case _:
            return frame[:start] + noise + frame[start:]


def _frame_of(corpus: list[Case], kind: type, random: random.Random) -> Any:
    """Some frame of the corpus that is a text, or bytes."""
    for _ in range(10):
        frame = random.choice(random.choice(corpus))
        if isinstance(frame, kind):
            return frame
    return kind()


def _edited(text: str, random: random.Random) -> str:
    """JSON with one value changed, also in JSON inside strings; other text as it is."""
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        return text
    places: list[tuple[Any, Any]] = []
    _collect(values, places, 0)
    if not places:
        return json.dumps(random.choice(VALUES))
    holder, key = random.choice(places)
    inside = holder[key]
    if isinstance(inside, str) and inside[:1] in "{[" and inside and random.random() < 0.8:
        holder[key] = _edited(inside, random)
    else:
        random.choice(EDITS)(holder, key, random)
    return json.dumps(values)


def _collect(value: Any, places: list[tuple[Any, Any]], depth: int) -> None:
    if isinstance(value, dict | list) and depth < 20:
        for key in value if isinstance(value, dict) else range(len(value)):
            places.append((value, key))
            _collect(value[key], places, depth + 1)


def _replace(holder: Any, key: Any, random: random.Random) -> None:
    holder[key] = random.choice(VALUES)


def _nudge(holder: Any, key: Any, random: random.Random) -> None:
    value = holder[key]
    if isinstance(value, int | float):
        holder[key] = value + random.choice((-1, 1, 1 << 32))
    elif isinstance(value, str):
        holder[key] = random.choice((value.upper(), value + "x", value[:-1], "float", *DTYPES))


def _delete(holder: Any, key: Any, random: random.Random) -> None:
    del holder[key]


def _add(holder: Any, key: Any, random: random.Random) -> None:
    value = random.choice([*VALUES, holder[key]])
    if isinstance(holder, list):
        holder.insert(key, value)
    else:
        holder[random.choice((f"{key}x", "arrays", "type", "__metadata__", "", "\ud800"))] = value


def _swap(holder: Any, key: Any, random: random.Random) -> None:
    other = random.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
    holder[key], holder[other] = holder[other], holder[key]


EDITS: tuple[Callable[[Any, Any, random.Random], None], ...] = (_replace, _nudge, _delete, _add, _swap)
