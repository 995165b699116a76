# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs in WGSL, and the passes in which they run."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any

from .buffers import Array, Rows
from .faults import faults_as_sentences, too_large
from .link import Link

FOLDER = Path(__file__).parent
BINDING = re.compile(r"@group\(0\)\s*@binding\((\d+)\)\s*var<(storage, read_write|storage, read|storage|uniform)>")
KINDS = {"storage, read_write": "storage", "storage, read": "read-only-storage", "storage": "read-only-storage"}
MOST_BINDINGS = 64  # bind groups that an array keeps
Constant = bool | int | float


class Program:
    """An entry point of WGSL files that are compiled together, after their constants; made by `Device.program`.

    Arguments are the bindings of group 0, in the order of their numbers, whether the entry point uses them or not.
    """

    def __init__(self, link: Link, files: tuple[str, ...], entry: str, constants: dict[str, Constant]) -> None:
        code = "\n".join([*(_constant(*named) for named in constants.items()), *map(source, files)])
        kinds = {int(number): KINDS.get(kind, kind) for number, kind in BINDING.findall(code)}
        self.name, self.bindings = entry if entry != "main" else Path(files[-1]).stem, sorted(kinds)
        handle = link.handle
        entries = [{"binding": n, "visibility": 4, "buffer": {"type": kinds[n]}} for n in self.bindings]  # 4: compute
        with faults_as_sentences():
            self.layout = handle.create_bind_group_layout(entries=entries)
            module = handle.create_shader_module(code=code)
            layout = handle.create_pipeline_layout(bind_group_layouts=[self.layout])
            self.pipeline = handle.create_compute_pipeline(layout=layout, compute={"module": module, "entry_point": entry})


class Passes:
    """Programs to be run in order by one submission at the end of a `with` block; nothing runs if the block fails."""

    def __init__(self, link: Link) -> None:
        self._link, self._encoder = link, link.handle.create_command_encoder()
        self._open: Any = None

    def run(self, program: Program, arguments: Sequence[Array | Rows], groups: tuple[int, int]) -> None:
        """Run a program in so many workgroups; none at all if there are none. See `Device.groups`."""
        if not all(groups):
            return
        with faults_as_sentences():
            if self._open is None:
                self._open = self._encoder.begin_compute_pass()
            self._open.set_pipeline(program.pipeline)
            self._open.set_bind_group(0, bound(self._link, program, arguments))
            self._open.dispatch_workgroups(*groups)

    def clear(self, array: Array) -> None:
        """Fill an array with zeros."""
        self._close()
        with faults_as_sentences():
            self._encoder.clear_buffer(array.buffer, 0, array.buffer.size)

    def copy(self, source: Array, target: Array) -> None:
        """Copy all values into another array of the same size."""
        self._close()
        with faults_as_sentences():
            self._encoder.copy_buffer_to_buffer(source.buffer, 0, target.buffer, 0, source.buffer.size)

    def __enter__(self) -> Passes:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._close()
        if kind is None:
            with faults_as_sentences():
                self._link.handle.queue.submit([self._encoder.finish()])

    def _close(self) -> None:
        if self._open is not None:
            self._open.end()
            self._open = None


@cache
def source(file: str) -> str:
    """The text of a WGSL file of this package."""
    return (FOLDER / file).read_text(encoding="utf-8")


def bound(link: Link, program: Program, arguments: Sequence[Array | Rows]) -> Any:
    """Arguments of a program as a bind group, kept for the next time. Raises ValueError for another number than it has."""
    if len(arguments) != len(program.bindings):
        raise ValueError(f"{program.name} has {len(program.bindings)} arguments, not {len(arguments)}")
    rows = [argument.whole() if isinstance(argument, Array) else argument for argument in arguments]
    kept = rows[-1].array.bindings  # with that array they are forgotten
    key = (program, *((each.array.serial, each.offset, each.size) for each in rows))
    if key not in kept:
        if len(kept) >= MOST_BINDINGS:
            kept.clear()
        kept[key] = _bind(link, program, rows)
    return kept[key]


def _bind(link: Link, program: Program, rows: Sequence[Rows]) -> Any:
    largest = max((each.size for each in rows), default=0)
    if largest > link.largest_binding:
        raise too_large(largest, link.largest_binding)
    resources = [{"buffer": each.array.buffer, "offset": each.offset, "size": each.size} for each in rows]
    entries = [{"binding": n, "resource": resource} for n, resource in zip(program.bindings, resources, strict=True)]
    with faults_as_sentences():
        return link.handle.create_bind_group(layout=program.layout, entries=entries)


def _constant(name: str, value: Constant) -> str:
    """A constant in WGSL: bool, u32 or f32."""
    if isinstance(value, bool):
        return f"const {name} = {str(value).lower()};"
    return f"const {name} = {value}u;" if isinstance(value, int) else f"const {name} = f32({value!r});"
