# SPDX-License-Identifier: GPL-3.0-or-later
"""Separating splats into an object of their own."""

import bpy
import numpy as np

from tests.operators.actions.edit.objects import add, empty, first, select, shown

ops = bpy.ops.tttlrm


def test_separating_carries_everything_over():
    carrier = empty("carrier")
    obj = add(location=(1, 2, 3), rotation_euler=(0.1, 0.2, 0.3), parent=carrier)
    obj.tttlrm.session, obj.tttlrm.decode.scale = "kept-scene", 1.5
    material = bpy.data.materials.new("mine")
    obj.data.materials.append(material)
    before = shown(obj)
    select(obj, first(20))
    assert ops.separate_splats() == {"FINISHED"}
    (new,) = (other for other in bpy.context.selected_objects if other != obj)
    assert (new.parent, new.tttlrm.session, new.tttlrm.decode.scale) == (carrier, "kept-scene", 1.5)
    assert list(new.data.materials) == [material] and new.users_collection == obj.users_collection
    assert len(new.modifiers) == len(obj.modifiers)
    for part, rows in ((new, slice(0, 20)), (obj, slice(20, None))):
        np.testing.assert_allclose(shown(part).means, before.means[rows], atol=1e-6)
