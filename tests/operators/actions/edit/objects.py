# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects with splats in the installed extension: made, selected, and what is seen of them."""

import bpy
import numpy as np

from tests.operators.installed import part
from tttlrm_blender.gaussians.gaussians import Gaussians
from tttlrm_blender.gaussians.harmonics import colors

COUNT = 60


def some_splats(count: int = COUNT, degree: int = 1, seed: int = 0) -> Gaussians:
    random = np.random.default_rng(seed)
    quats = random.normal(size=(count, 4))
    quats /= np.linalg.norm(quats, axis=1, keepdims=True)
    scales, opacities = random.uniform(0.01, 0.2, (count, 3)), random.uniform(size=count)
    arrays = random.normal(size=(count, 3)), quats, scales, opacities, random.normal(size=(count, (degree + 1) ** 2, 3)) * 0.3
    return Gaussians(*(array.astype(np.float32) for array in arrays))


def add(splats: Gaussians | None = None, name: str = "thing", **place) -> bpy.types.Object:
    """A new object with splats, active and alone selected."""
    obj = part("scene.splats").add_splats(name, splats or some_splats())
    for key, value in place.items():
        setattr(obj, key, value)
    only(obj)
    return obj


def empty(name: str = "empty", parent: bpy.types.Object | None = None, **place) -> bpy.types.Object:
    obj = bpy.data.objects.new(name, None)
    bpy.context.collection.objects.link(obj)
    obj.parent = parent
    for key, value in place.items():
        setattr(obj, key, value)
    return obj


def only(*objects: bpy.types.Object) -> None:
    """Select some objects alone; the first is active."""
    bpy.context.view_layer.update()
    for obj in bpy.context.view_layer.objects:
        obj.select_set(obj in objects)
    bpy.context.view_layer.objects.active = objects[0]
    bpy.context.view_layer.update()


def selected(obj: bpy.types.Object) -> np.ndarray:
    mask = part("scene.masks").selected(obj)
    return np.zeros(len(obj.data.points), dtype=bool) if mask is None else mask


def select(obj: bpy.types.Object, mask: np.ndarray) -> None:
    part("scene.masks").select(obj, mask)


def first(count: int, of: int = COUNT) -> np.ndarray:
    return np.arange(of) < count


def shown(obj: bpy.types.Object) -> Gaussians:
    """The visible splats in world coordinates."""
    return part("scene.splats").read_splats(obj)


def drawn(obj: bpy.types.Object) -> int:
    """How many splats the viewport's modifiers leave to be drawn."""
    return len(obj.evaluated_get(bpy.context.evaluated_depsgraph_get()).data.points)


def assert_same_look(left: Gaussians, right: Gaussians, tolerance: float = 1e-4) -> None:
    """Centers, shapes and colors from a direction; quaternions may have either sign and axes may be swapped."""
    from tttlrm_blender.geometry.quaternions import to_matrices

    def covariances(splats):
        axes = to_matrices(splats.quats.astype(np.float64)) * splats.scales[:, None, :]
        return axes @ axes.transpose(0, 2, 1)

    direction = np.array([[0.6, 0.0, 0.8]])
    np.testing.assert_allclose(right.means, left.means, atol=tolerance)
    np.testing.assert_allclose(covariances(right), covariances(left), atol=tolerance)
    np.testing.assert_allclose(colors(right.sh, direction), colors(left.sh, direction), atol=tolerance)


def camera_over(width: int = 200, height: int = 100) -> None:
    """A camera 5 above the origin that sees two units to the left and right, one up and down."""
    camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    camera.data.type, camera.data.ortho_scale, camera.location = "ORTHO", 4.0, (0, 0, 5)
    bpy.context.collection.objects.link(camera)
    scene = bpy.context.scene
    scene.camera, scene.render.resolution_x, scene.render.resolution_y = camera, width, height
    bpy.context.view_layer.update()


def tilted_room(**place) -> tuple[bpy.types.Object, bpy.types.Object, bpy.types.Object]:
    """Splats on a floor and of a thing on it, under an empty that tilts them, with a camera. Gives empty, splats and camera."""
    random = np.random.default_rng(0)
    splats = some_splats(3000)
    floor = random.uniform([-2, -2, -0.01], [2, 2, 0.01], (2000, 3))
    splats.means[:] = np.concatenate([floor, random.normal([0, 0, 0.6], 0.15, (1000, 3))])
    splats.opacities[:] = 1
    whole = empty("whole", rotation_euler=(2.5, 0.4, 0), location=(1, 2, 3), **place)
    obj = add(splats, parent=whole)
    camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    bpy.context.collection.objects.link(camera)
    camera.location, camera.rotation_euler, camera.parent = (0, -3, 1.5), (1.3, 0, 0), whole
    bpy.context.view_layer.update()
    return whole, obj, camera
