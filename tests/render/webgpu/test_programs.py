# SPDX-License-Identifier: GPL-3.0-or-later
"""The WGSL files: what other compilers than the one of the tests refuse."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tttlrm_blender.refine import webgpu as refinement
from tttlrm_blender.render import webgpu as drawing

FILES = sorted(file for room in (drawing, refinement) for file in Path(room.__file__).parent.glob("*.wgsl"))
# Of the WGSL specification (W3C); the compiler of wgpu accepts most of them.
WORDS = """
NULL Self abstract active alignas alignof as asm asm_fragment async attribute auto await become cast catch class
co_await co_return co_yield coherent column_major common compile compile_fragment concept const_cast consteval constexpr
constinit crate debugger decltype delete demote demote_to_helper do dynamic_cast enum explicit export extends extern
external fallthrough filter final finally friend from fxgroup get goto groupshared highp impl implements import inline
instanceof interface layout lowp macro macro_rules match mediump meta mod module move mut mutable namespace new nil
noexcept noinline nointerpolation non_coherent noncoherent noperspective null nullptr of operator package packoffset
partial pass patch pixelfragment precise precision premerge priv protected pub public readonly ref regardless register
reinterpret_cast require resource restrict self set shared sizeof smooth snorm static static_assert static_cast std
subroutine super target template this thread_local throw trait try type typedef typeid typename typeof union unless
unorm unsafe unsized use using varying virtual volatile wgsl where with writeonly yield
"""


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_no_word_is_reserved(file: Path) -> None:
    code = re.sub(r"//.*", "", file.read_text("utf-8"))
    assert not set(WORDS.split()) & set(re.findall(r"[A-Za-z_]\w*", code))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_lines_are_as_long_as_elsewhere(file: Path) -> None:
    assert [line for line in file.read_text("utf-8").splitlines() if len(line) > 130] == []


def test_programs_bind_as_many_buffers_as_every_device_has() -> None:
    """Eight storage buffers."""
    counts = {file.name: len(re.findall(r"@binding\(\d+\) var<storage", file.read_text("utf-8"))) for file in FILES}
    backward = counts["tile.wgsl"] + counts["blend_backward.wgsl"] + counts["add_atomic.wgsl"]
    loss = counts["picture.wgsl"] + counts["known.wgsl"] + counts["loss.wgsl"]
    assert max(*counts.values(), backward, counts["tile.wgsl"] + counts["blend.wgsl"], loss) <= 8
