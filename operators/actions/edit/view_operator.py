# SPDX-License-Identifier: GPL-3.0-or-later
"""Base class of operators that select splats in the image of a view."""

import bpy
import numpy as np
from bpy.props import FloatVectorProperty, IntVectorProperty
from mathutils import Matrix

from ...engine import errors, select, transform
from ...mixins import Outcome
from ...narrowing import given, untyped
from ...scene import conversion
from ...translations import shown
from ...viewport.gesture import Gesture
from .operator import places
from .select_operator import SelectOperator

HIDDEN = {"HIDDEN", "SKIP_SAVE"}


class ViewOperator(SelectOperator):
    """An operator that selects in the 3D viewport in which it is started, or else in the view of the scene's camera.

    The view is stored in the properties, so that redo works after the view has changed. Pixels count from the lower left.
    """

    view: FloatVectorProperty(name="View", description="Matrix from world to clip space, row by row", size=16, options=HIDDEN)
    size: IntVectorProperty(name="Size", description="Size of the image, in pixels", size=2, options=HIDDEN)
    help: str  # text in the status bar
    _gesture: Gesture | None = None

    def edit(self, context: bpy.types.Context) -> str:
        """Store the view if the caller has not given one, then select."""
        if not self.properties.is_property_set("view"):
            self._look(context)
        return super().edit(context)

    @property
    def gesture(self) -> Gesture:
        """The outline and help text shown while the operator runs."""
        return given(self._gesture)

    def pixels(self, obj: bpy.types.Object) -> np.ndarray:
        """Return the pixels [N, 2] of an object's splats."""
        return select.to_pixels(places(obj), np.array(self.view).reshape(4, 4), tuple(self.size))

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Outcome:
        """Blender calls this: in a 3D viewport, wait for the mouse."""
        if context.area is None or context.area.type != "VIEW_3D":
            return self.execute(context)
        given(context.view_layer).update()
        self._look(context)
        self._gesture = Gesture(context, shown(self.help))
        given(context.window_manager).modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def cancel(self, context: bpy.types.Context) -> None:
        """Blender calls this when the window is closed."""
        self.gesture.end()

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> Outcome:
        """Blender calls this with every event of the window."""
        if event.type in {"ESC", "RIGHTMOUSE"}:
            return self.leave(context, event)
        return self.drag(context, event)

    def drag(self, context: bpy.types.Context, event: bpy.types.Event) -> Outcome:
        """Handle an event of mouse or keyboard."""
        raise NotImplementedError

    def leave(self, context: bpy.types.Context, event: bpy.types.Event) -> Outcome:
        """Cancel."""
        self.gesture.end()
        return {"CANCELLED"}

    def _look(self, context: bpy.types.Context) -> None:
        if context.area is not None and context.area.type == "VIEW_3D":
            region = next(region for region in context.area.regions if region.type == "WINDOW")
            matrix, self.size = untyped(context.space_data).region_3d.perspective_matrix, (region.width, region.height)
        else:
            matrix, self.size = _camera_view(context)
        self.view = [value for row in matrix for value in row]


def mode_of(event: bpy.types.Event) -> str:
    """Return the mode for the pressed modifier keys, as in Blender's own selection tools."""
    return "ADD" if event.shift else "SUB" if event.ctrl else "SET"


def _camera_view(context: bpy.types.Context) -> tuple[object, tuple[int, int]]:
    camera, render = given(context.scene).camera, given(context.scene).render
    if camera is None:
        raise errors.TttlrmError(
            "There is no view to select in.",
            hint="Run this in a 3D Viewport, or add a camera to the scene.",
            code=errors.Code.NO_VIEW,
        )
    size = (render.resolution_x * render.resolution_percentage // 100, render.resolution_y * render.resolution_percentage // 100)
    aspect = {"scale_x": render.pixel_aspect_x, "scale_y": render.pixel_aspect_y}
    lens = camera.calc_matrix_camera(context.evaluated_depsgraph_get(), x=size[0], y=size[1], **aspect)
    axes = conversion.camera_axes(np.array(camera.matrix_world), camera.name)
    return lens @ Matrix(transform.inverse(axes).tolist()), size
