# SPDX-License-Identifier: GPL-3.0-or-later
"""The name of a file and its format."""

from types import SimpleNamespace

import pytest

from tests.operators.installed import part


@pytest.mark.parametrize(
    ("shown", "before", "expected"),
    [
        (("a.ply", "SPZ"), ("a.ply", "PLY"), ("a.spz", "SPZ")),
        (("a.ply", "COMPRESSED_PLY"), ("a.ply", "PLY"), ("a.compressed.ply", "COMPRESSED_PLY")),
        (("a.compressed.ply", "PLY"), ("a.compressed.ply", "COMPRESSED_PLY"), ("a.ply", "PLY")),
        (("b.GLB", "PLY"), ("a.ply", "PLY"), ("b.GLB", "GLB")),
        (("b", "SPLAT"), ("a.splat", "SPLAT"), ("b.splat", "SPLAT")),
        (("b.old", "SPZ"), ("b.old", "PLY"), ("b.old.spz", "SPZ")),
    ],
)
def test_the_name_and_the_format_follow_each_other(shown, before, expected):
    suffixes = part("actions.files.suffixes")
    endings = part("actions.files.export_splats").ENDINGS
    assert suffixes.settle(suffixes.Choice(*shown), suffixes.Choice(*before), endings) == expected


def test_the_file_browser_asks_before_it_is_open():
    kind = part("actions.files.export_splats").TTTLRM_OT_export_splats
    asked = SimpleNamespace(filepath="statue", file_format="SPZ", _shown=kind._shown)
    assert kind.check(asked, None) and asked.filepath == "statue.spz"
    asked.file_format = "GLB"
    assert kind.check(asked, None) and asked.filepath == "statue.glb"
    assert not kind.check(asked, None)
