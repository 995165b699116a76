# SPDX-License-Identifier: GPL-3.0-or-later
"""Time how long the heaviest messages keep a reader busy; while a worker reads one, all clients wait.

python -m benchmarks.heavy_messages [--runs 3]

Each kind of message has the largest size that clients accept from a worker, then the largest that a worker accepts from
clients. The time is measured until the message is read or refused.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial

from benchmarks.table import Row, best, show
from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.protocol.frames import MAX_HEADER, RUN_BYTES
from tttlrm_blender.protocol.messages import MAX_REQUEST, MAX_TEXT, Decoder

Frame = str | bytes


def numbers(size: int, number: str = "1") -> Frame:
    """Settings with a long list."""
    start, end = '{"type":"submit","request":1,"session":"s","kind":"k","settings":{"a":[', "]}}"
    return start + ",".join([number] * ((size - len(start) - len(end)) // (len(number) + 1))) + end


def names(size: int) -> Frame:
    """Settings with many names."""
    start, end = '{"type":"submit","request":1,"session":"s","kind":"k","settings":{', "}}"
    return start + ",".join(f'"{n:06}":0' for n in range((size - len(start) - len(end)) // 11)) + end


def objects(size: int) -> Frame:
    """Settings with many empty objects."""
    start, end = '{"type":"submit","request":1,"session":"s","kind":"k","settings":{"a":[', "]}}"
    return start + ",".join(["{}"] * ((size - len(start) - len(end)) // 3)) + end


def arrays(size: int) -> Frame:
    """A frame with many empty arrays."""
    entry = '"{:06}":{{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}'
    text = "{" + ",".join(entry.format(n) for n in range(size // (len(entry.format(0)) + 1))) + "}"
    return len(text).to_bytes(8, "little") + text.encode()


def announcement(size: int) -> Frame:
    """A frame whose message announces many empty arrays."""
    kinds = "{" + ",".join(f'"{n:06}":["F32",[0]]' for n in range(int(size / 26))) + "}"
    message = '{"type":"done","request":1,"info":{}}'
    text = json.dumps({"__metadata__": {"message": message, "arrays": kinds}})
    return len(text).to_bytes(8, "little") + text.encode()


TEXTS: dict[str, Callable[[int], Frame]] = {
    "whole numbers": numbers,
    "fractions": lambda size: numbers(size, "1.5"),
    "names": names,
    "objects": objects,
}
HEADERS: dict[str, Callable[[int], Frame]] = {"arrays": arrays, "announced arrays": announcement}


def read(frame: Frame, text: int, header: int) -> None:
    """Read or refuse a frame."""
    with suppress(TttlrmError):
        Decoder(RUN_BYTES, text, header).feed(frame)


def rows(runs: int) -> Iterator[Row]:
    """Every kind of message for each reader."""
    for who, text, header in (("client", MAX_TEXT, MAX_HEADER), ("worker", MAX_REQUEST, MAX_REQUEST)):
        for size, kinds in ((text, TEXTS), (header, HEADERS)):
            for name, make in kinds.items():
                frame = make(size - 64)
                yield Row(f"{who} reads {name}, {size:,} bytes", *best(partial(read, frame, text, header), runs))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3)
    show(rows(parser.parse_args().runs))


if __name__ == "__main__":
    main()
