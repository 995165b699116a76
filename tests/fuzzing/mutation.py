# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that are almost right: bytes, numbers and values of sound ones are changed by chance."""

from __future__ import annotations

import json
import random
import re
import struct
from collections.abc import Callable
from typing import Any

LONGEST = 1 << 17  # bytes of a mutated file
NUMBER = re.compile(rb"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
WORD = re.compile(rb"[A-Za-z_][\w.]*")
TOKENS = [b"0", b"-1", b"1", b"255", b"65536", b"2147483647", b"-2147483648", b"4294967295", b"1000000000000", b"9" * 30]
TOKENS += [b"9" * 5000, b"nan", b"inf", b"-inf", b"1e300", b"-1e300", b"1e-300", b"0.5", b"x", b"", b"\xff", b" ", b"\n", b"\0"]
INTEGERS = [0, 1, 2, 3, 7, 16, 127, 128, 255, 256, 65535, 65536, 2**24, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**63 - 1, 2**64 - 1]
FLOATS = [0.0, -0.0, 1.0, -1.0, 1e-40, 1e20, 3e38, -3e38, float("inf"), float("-inf"), float("nan")]
VALUES: list[Any] = [None, True, False, 0, 1, -1, 1.5, 2**31, 2**63, -(2**63), 10**12, 1e300, -1e300, float("nan"), float("inf")]
VALUES += ["", "a", "\0", "../a", "x" * 300, [], [0], [[]], [[0.0] * 4] * 3, {}, {"a": 1}, [None] * 20]


def mutated(content: bytes, chance: random.Random) -> bytes:
    """The content after one to four changes."""
    for _ in range(chance.choice((1, 1, 1, 2, 3, 4))):
        of_text = content.isascii() and chance.random() < 0.7
        content = chance.choice(OF_TEXT if of_text else CHANGES)(content, chance)[:LONGEST]
    return content


def _place(content: bytes, chance: random.Random) -> int:
    """A place, half the time near the beginning, where headers are."""
    return chance.randrange(min(len(content), chance.choice((64, 512, LONGEST))) or 1)


def _cut(content: bytes, chance: random.Random) -> bytes:
    return content[: chance.randrange(len(content) + 1)]


def _flipped(content: bytes, chance: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 8))):
        if changed:
            changed[_place(content, chance)] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _overwritten(content: bytes, chance: random.Random) -> bytes:
    """With an integer or a float of some width and byte order."""
    order, place = chance.choice("<>"), _place(content, chance)
    if chance.random() < 0.3:
        piece = struct.pack(f"{order}{chance.choice('fd')}", chance.choice(FLOATS))
    else:
        width = chance.choice("BHIQ")
        piece = struct.pack(f"{order}{width}", chance.choice(INTEGERS) & ((1 << 8 * struct.calcsize(width)) - 1))
    return content[:place] + piece + content[place + len(piece) :]


def _without(content: bytes, chance: random.Random) -> bytes:
    place = _place(content, chance)
    return content[:place] + content[place + chance.choice((1, 1, 4, 16, 300)) :]


def _inserted(content: bytes, chance: random.Random) -> bytes:
    place = _place(content, chance)
    return content[:place] + chance.randbytes(chance.choice((1, 4, 16, 300))) + content[place:]


def _repeated(content: bytes, chance: random.Random) -> bytes:
    start, end = sorted((_place(content, chance), _place(content, chance)))
    return content[:end] + content[start:end] * chance.choice((1, 2, 50)) + content[end:]


def _other_number(content: bytes, chance: random.Random) -> bytes:
    return _replaced(NUMBER, content, chance)


def _other_word(content: bytes, chance: random.Random) -> bytes:
    return _replaced(WORD, content, chance)


def _replaced(pattern: re.Pattern[bytes], content: bytes, chance: random.Random) -> bytes:
    """With another token, or another match, in place of a match; binary content has few that mean something."""
    found = list(pattern.finditer(content[:4096]))
    if not found:
        return content
    match = chance.choice(found)
    token = chance.choice(TOKENS) if chance.random() < 0.8 else chance.choice(found)[0]
    return content[: match.start()] + token + content[match.end() :]


def _other_value(content: bytes, chance: random.Random) -> bytes:
    """JSON with a value that is replaced, left out or said twice."""
    try:
        tree = json.loads(content)
    except (ValueError, RecursionError):
        return _other_number(content, chance)
    places = list(_values(tree))
    if not places:
        return content
    parent, key = chance.choice(places)
    what = chance.random()
    if what < 0.15:
        del parent[key]
    elif what < 0.3 and isinstance(parent, list):
        parent.extend([parent[key]] * chance.choice((1, 1000)))
    elif what < 0.45:
        other, name = chance.choice(places)
        parent[key] = json.loads(json.dumps(other[name]))
    else:
        parent[key] = chance.choice(VALUES)
    return json.dumps(tree).encode()


def _values(tree: Any) -> Any:
    """Every value as its container and its key."""
    items = list(tree.items()) if isinstance(tree, dict) else list(enumerate(tree)) if isinstance(tree, list) else []
    for key, value in items:
        yield tree, key
        yield from _values(value)


OF_TEXT: list[Callable[[bytes, random.Random], bytes]] = [_other_number, _other_word, _other_value, _without, _repeated]
CHANGES = [*OF_TEXT, _other_number, _cut, _flipped, _flipped, _overwritten, _overwritten, _inserted]
