# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings go from one object to others."""

import bpy
import pytest

from tests.operators.installed import toy_splats

pytestmark = pytest.mark.usefixtures("toy")

ops = bpy.ops.tttlrm


def test_settings_are_copied_to_the_other_selected_splats(tmp_path):
    first, second = (toy_splats(tmp_path / name) for name in ("a", "b"))
    second.tttlrm.decode.near, second.tttlrm.mesh.voxel, second.tttlrm.refine.steps = 0.5, 0.25, 3
    second.tttlrm.crop = first.parent
    assert not ops.copy_settings.poll()
    first.select_set(True)
    assert ops.copy_settings() == {"FINISHED"}
    assert (first.tttlrm.decode.near, first.tttlrm.mesh.voxel, first.tttlrm.refine.steps) == (0.5, 0.25, 3)
    assert first.tttlrm.crop == first.parent and first.tttlrm.session != second.tttlrm.session


def test_linked_duplicates_share_their_splats_after_settings_were_copied_to_both(tmp_path):
    twin, source = (toy_splats(tmp_path / name) for name in ("a", "b"))
    other = twin.copy()
    bpy.context.collection.objects.link(other)
    source.tttlrm.decode.scale, source.tttlrm.share = 2, 0.5
    twin.select_set(True)
    other.select_set(True)
    assert ops.copy_settings() == {"FINISHED"}
    assert twin.data != other.data or twin.tttlrm.decode.scale == other.tttlrm.decode.scale == 2
    assert twin.data == other.data
