# SPDX-License-Identifier: GPL-3.0-or-later
"""A box with handles around the region of the active splats: drag a side, an edge, a corner, or the ring in the middle."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np
from bpy.app.translations import pgettext_n
from mathutils import Matrix, Vector

from ..narrowing import given, group_of, untyped
from ..scene import region
from ..scene.editable import is_editable
from ..scene.splats import is_splats

WHOLE, HALF = np.diag([2.0, 2.0, 2.0, 1.0]), np.diag([0.5, 0.5, 0.5, 1.0])  # the gizmo's own cube goes from −½ to ½
COLOR, HIGHLIGHT = (0.2, 0.9, 1.0), (1.0, 1.0, 1.0)
LEAST = 1e-3  # of its former length, to which a side can be dragged at once


class TTTLRM_GGT_region(bpy.types.GizmoGroup):
    """Blender shows this while its poll says so."""

    bl_label = "tttLRM Region"
    bl_space_type = "VIEW_3D"
    bl_region_type = "WINDOW"
    bl_options = {"3D", "PERSISTENT", "SHOW_MODAL_ALL"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Blender calls this: for splats that have a region with some depth, and that can be changed."""
        obj = context.object
        if obj is None or context.mode != "OBJECT" or not (is_splats(obj) and is_editable(obj)):
            return False
        return group_of(obj).use_region and obj.visible_get() and bool(np.linalg.det(region.matrix(obj)))

    def setup(self, context: bpy.types.Context) -> None:
        """Blender calls this once for each view."""
        cage = untyped(self.gizmos.new("GIZMO_GT_cage_3d"))
        cage.draw_style, cage.transform = "CIRCLE", {"TRANSLATE", "SCALE"}
        cage.color, cage.color_highlight, cage.alpha, cage.alpha_highlight = COLOR, HIGHLIGHT, 0.8, 1.0
        cage.use_draw_modal, cage.line_width = True, 1.5
        cage.target_set_handler("matrix", get=_get, set=_set)
        ring = untyped(self.gizmos.new("GIZMO_GT_move_3d"))
        ring.draw_style, ring.draw_options = "RING_2D", {"ALIGN_VIEW"}
        ring.color, ring.color_highlight, ring.alpha, ring.alpha_highlight = COLOR, HIGHLIGHT, 0.8, 1.0
        ring.use_draw_modal, ring.line_width, ring.scale_basis = True, 2.0, 0.12
        ring.target_set_handler("offset", get=_get_middle, set=_set_middle)
        self.cage, self.ring = cage, ring
        self.before: np.ndarray | None = None  # the region when a handle was grasped; None while none is

    def draw_prepare(self, context: bpy.types.Context) -> None:
        """Blender calls this before it draws: splats may have moved, and the region with them."""
        obj = given(context.object)
        self.cage.matrix_basis = _basis(obj)
        if self.cage.is_modal or self.ring.is_modal:
            self.before = region.matrix(obj) if self.before is None else self.before
            return
        self.cage.matrix_offset = Matrix(_offset(obj).tolist())
        if self.before is not None and not np.array_equal(self.before, region.matrix(obj)):
            bpy.app.timers.register(_push_undo)
        self.before = None


def _push_undo() -> None:
    """Make what was dragged a step that can be undone, as Blender does not do for gizmos by itself."""
    bpy.ops.ed.undo_push(message=pgettext_n("Region"))


def _turn(obj: bpy.types.Object) -> np.ndarray:
    """The directions of a region's sides in its object's coordinates: [4, 4]. Handles scale along the axes of their own space."""
    turn, sides = np.eye(4), region.matrix(obj)[:3, :3]
    turn[:3, :3] = sides / np.linalg.norm(sides, axis=0)
    return turn


def _basis(obj: bpy.types.Object) -> Matrix:
    return obj.matrix_world @ Matrix(_turn(obj).tolist())


def _offset(obj: bpy.types.Object) -> np.ndarray:
    """From the gizmo's cube to the region along the directions of its sides: [4, 4]."""
    return np.linalg.inv(_turn(obj)) @ region.matrix(obj) @ WHOLE


def _get() -> Any:
    """Blender asks where the handles are: column by column."""
    return _offset(given(bpy.context.object)).T.ravel().tolist()


def _set(value: Any) -> None:
    """Blender tells where a handle was dragged to. Sides cannot be dragged to or past each other."""
    obj = given(bpy.context.object)
    wanted = np.reshape(value, (4, 4)).T
    sides = np.linalg.norm(_offset(obj)[:3, :3], axis=0)
    if (np.diag(wanted)[:3] > LEAST * sides).all():
        region.store(obj, _turn(obj) @ wanted @ HALF)


def _get_middle() -> Any:
    """Blender asks where the middle is in the world."""
    obj = given(bpy.context.object)
    return (obj.matrix_world @ Vector(region.matrix(obj)[:3, 3].tolist())).to_tuple()


def _set_middle(value: Any) -> None:
    """Blender tells where the middle was dragged to."""
    obj = given(bpy.context.object)
    wanted = region.matrix(obj)
    wanted[:3, 3] = obj.matrix_world.inverted_safe() @ Vector(value)
    region.store(obj, wanted)


def register() -> None:
    """Add the handles to 3D views."""
    untyped(bpy.utils).register_class(TTTLRM_GGT_region)


def unregister() -> None:
    """Take them away."""
    untyped(bpy.utils).unregister_class(TTTLRM_GGT_region)
