# SPDX-License-Identifier: GPL-3.0-or-later
"""Cropping to a volume."""

import bpy
import numpy as np

from tests.operators.actions.edit.objects import add, empty, only, some_splats

ops = bpy.ops.tttlrm


def test_cropping_deletes_what_is_outside():
    obj = add()
    volume = empty(empty_display_type="CUBE", rotation_euler=(0, 0, 0.5))
    only(obj, volume)
    assert ops.crop_splats() == {"FINISHED"}
    turned = some_splats().means @ np.array(volume.matrix_world)[:3, :3]
    assert len(obj.data.points) == (np.abs(turned) <= 1).all(axis=1).sum()
