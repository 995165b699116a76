# SPDX-License-Identifier: GPL-3.0-or-later
"""Splats are refined."""

import bpy
import pytest

from tests.operators.installed import part, reconstructed

ops = bpy.ops.tttlrm


def test_refining_replaces_the_splats(toy, photos):
    splats = reconstructed(photos)
    assert ops.refine(steps=9) == {"FINISHED"}
    assert len(splats.data.points) == 9
    assert str(part("jobs.worker").link.drawing.by) == "Processor", "what draws there, for the panel"
    with pytest.raises(RuntimeError, match="Draft are not refined"):
        ops.refine(steps=0, quality="draft")
