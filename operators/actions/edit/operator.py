# SPDX-License-Identifier: GPL-3.0-or-later
"""Base class of operators that edit splats: the objects they edit, and their reports."""

from collections.abc import Iterable, Iterator

import bpy
import numpy as np

from ...engine import errors, transform
from ...mixins import Operator, Outcome
from ...narrowing import given
from ...scene import masks, points
from ...scene.editable import is_editable
from ...scene.splats import is_splats
from ...translations import explained


def chosen(context: bpy.types.Context) -> list[bpy.types.Object]:
    """Return the active and selected splat objects that can be edited, each once; the active one comes last."""
    candidates = [obj for obj in context.selected_objects if obj != context.object] + [context.object]
    splats = [obj for obj in candidates if obj is not None and is_splats(obj)]
    return [obj for obj in splats if is_editable(obj) and is_editable(obj.data)]


def edited(context: bpy.types.Context) -> list[bpy.types.Object]:
    """Return those that are `chosen`, one per point cloud."""
    return list({points.cloud_of(obj): obj for obj in chosen(context)}.values())


class EditOperator(Operator):
    """An operator that changes splats in `edit`, which returns a report and may raise `TttlrmError`."""

    bl_options = {"REGISTER", "UNDO"}

    def edit(self, context: bpy.types.Context) -> str:
        """Edit the splats; return a sentence for the report."""
        raise NotImplementedError

    def warn_of_stretching(self, matrices: Iterable[np.ndarray]) -> None:
        """Warn if splats were transformed by matrices [4, 4] that their colors cannot follow."""
        if not all(transform.is_similarity(matrix) for matrix in matrices):
            self.report({"WARNING"}, "The scale is not uniform: shapes follow it, but view-dependent colors do not")

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Blender calls this."""
        if context.mode != "OBJECT":
            cls.poll_message_set("Splats can only be edited in Object Mode: switch to it first")
            return False
        if not edited(context):
            linked = is_splats(context.object)
            cls.poll_message_set(
                "The splats are linked from another file: make them local" if linked else "Select an object with splats"
            )
            return False
        return True

    def execute(self, context: bpy.types.Context) -> Outcome:
        """Blender calls this."""
        given(context.view_layer).update()
        try:
            self.report({"INFO"}, self.edit(context))
        except errors.TttlrmError as error:
            self.report({"ERROR"}, explained(error))
            return {"CANCELLED"}
        return {"FINISHED"}


def selections(context: bpy.types.Context) -> Iterator[tuple[bpy.types.Object, np.ndarray]]:
    """Yield the edited objects with selected splats, and their masks. Raises `TttlrmError` if no splats are selected."""
    found = [(obj, mask) for obj in edited(context) if (mask := masks.selected(obj)) is not None]
    if not found:
        hint = "Select splats with one of the Select tools."
        raise errors.TttlrmError("No splats are selected.", hint=hint, code=errors.Code.NOTHING_SELECTED)
    yield from found


def keep(obj: bpy.types.Object, mask: np.ndarray) -> None:
    """Delete all splats of an object except those of a mask [N]."""
    points.replace(
        points.cloud_of(obj), points.cloud_like(points.cloud_of(obj), points.rows(points.read_all(points.cloud_of(obj)), mask))
    )


def places(
    obj: bpy.types.Object,
) -> np.ndarray:  # [N, 3] float32
    """Return the centers of an object's splats in world coordinates."""
    matrix = np.array(obj.matrix_world, dtype=np.float32)
    return points.read(points.cloud_of(obj), "position").reshape(-1, 3) @ matrix[:3, :3].T + matrix[:3, 3]
