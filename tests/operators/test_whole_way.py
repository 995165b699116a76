# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole way with the product's own worker: cameras with photos → splats, mesh and cameras in the same world.

The network's weights are random: what is looked at here is the way, not the picture.
"""

import math
import subprocess
from collections.abc import Iterator
from pathlib import Path

import bpy
import numpy as np
import pytest
from mathutils import Vector

import operators
import operators.jobs.worker
from operators.jobs.chosen_worker import Worker
from tests.operators.worker_python import WORKER_PYTHON

pytestmark = pytest.mark.slow

MAKE_CHECKPOINT = """
import sys
from pathlib import Path
from tttlrm_blender.model.checkpoint import save_checkpoint
from tttlrm_blender.model.config import Config
from tttlrm_blender.model.network import TttLRM
config = Config(dim=64, layers=1, expansion=1, depth_range="near_far", near=0.5, far=3.0, anchored=True)
save_checkpoint(Path(sys.argv[1]), TttLRM(config), {})
"""
SIZE = (64, 48)
VIEWS = 4


@pytest.fixture(scope="module", autouse=True)
def registered() -> Iterator[None]:
    operators.register()
    bpy.ops.wm.read_homefile(use_empty=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(operators.jobs.worker, "chosen_worker", lambda: Worker(python=Path(WORKER_PYTHON)))
        yield
    operators.unregister()


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "random.safetensors"
    subprocess.run([WORKER_PYTHON, "-c", MAKE_CHECKPOINT, str(path)], check=True)
    return path


@pytest.fixture(scope="module")
def cameras(tmp_path_factory) -> list[bpy.types.Object]:
    """Cameras around the origin, each with a photo of noise."""
    return [add_camera(index, tmp_path_factory.mktemp("photos")) for index in range(VIEWS)]


def add_camera(index: int, folder: Path) -> bpy.types.Object:
    image = bpy.data.images.new(f"{index}.png", *SIZE)
    image.pixels.foreach_set(np.random.default_rng(index).random(SIZE[0] * SIZE[1] * 4, dtype=np.float32))
    image.filepath_raw, image.file_format = str(folder / f"{index}.png"), "PNG"
    image.save()
    camera = bpy.data.objects.new(f"camera {index}", bpy.data.cameras.new("camera"))
    bpy.context.collection.objects.link(camera)
    angle = index * 2 * math.pi / VIEWS
    camera.location = (3 * math.cos(angle), 3 * math.sin(angle), 1)
    camera.rotation_euler = (-Vector(camera.location)).to_track_quat("-Z", "Y").to_euler()
    camera.data.background_images.new().image = image
    return camera


def select(objects: list[bpy.types.Object]) -> None:
    bpy.ops.object.select_all(action="DESELECT")
    for obj in objects:
        obj.select_set(True)


@pytest.fixture(scope="module")
def splats(cameras, checkpoint) -> bpy.types.Object:
    select(cameras)
    bpy.context.scene.tttlrm.source.kind = "SELECTED"
    assert bpy.ops.tttlrm.reconstruct(name="noise", checkpoint=str(checkpoint), quality="draft", with_mesh=True) == {"FINISHED"}
    return bpy.context.object


def test_the_new_cameras_stand_where_the_old_ones_stand(splats, cameras):
    found = [obj for obj in bpy.data.collections["noise"].all_objects if obj.type == "CAMERA"]
    assert len(found) == VIEWS
    for old, new in zip(cameras, sorted(found, key=lambda obj: obj.name), strict=True):
        assert np.allclose(old.matrix_world, new.matrix_world, atol=1e-5)
        assert math.isclose(old.data.angle_x, new.data.angle_x, rel_tol=1e-5)


def test_splats_lie_between_the_cameras(splats):
    positions = np.empty(len(splats.data.points) * 3, np.float32)
    splats.data.attributes["position"].data.foreach_get("vector", positions)
    assert len(positions) and np.isfinite(positions).all()
    assert np.abs(positions).max() < 3 * 4


def test_the_scene_is_decoded_again_refined_and_meshed(splats):
    before = len(splats.data.points)
    assert bpy.ops.tttlrm.decode(keep=0.05) == {"FINISHED"}
    assert 0 < len(splats.data.points) < before
    assert bpy.ops.tttlrm.refine(steps=2, start="decoded") == {"FINISHED"}
    assert len(splats.data.points)
    assert bpy.ops.tttlrm.decode() == {"FINISHED"}  # dense again, for a surface
    assert len(splats.data.points) == before
    assert bpy.ops.tttlrm.mesh(resolution=32, texture=512) == {"FINISHED"}
    mesh = bpy.data.objects["noise mesh.001"].data  # the first came with the splats
    assert len(mesh.uv_layers) == 1 and tuple(mesh.materials[0].node_tree.nodes["base_color"].image.size) == (512, 512)


def test_photos_with_cameras_join_where_they_were_taken_though_the_scene_was_moved(splats, tmp_path):
    """The world of the splats is another one now: what is told of the new cameras must be told in it."""
    splats.parent.location, splats.parent.rotation_euler = (5, 0, 1), (0.3, 0.2, 1.0)
    bpy.context.view_layer.update()
    new = add_camera(VIEWS, tmp_path)
    new.location.z = 2.0
    new.matrix_world = splats.matrix_world @ new.matrix_basis
    bpy.context.view_layer.update()
    select([splats, new])
    bpy.context.view_layer.objects.active = splats
    assert bpy.ops.tttlrm.extend(refine=False) == {"FINISHED"}
    bpy.context.view_layer.update()
    found = [obj for obj in bpy.data.collections["noise"].all_objects if obj.type == "CAMERA"]
    assert len(found) == VIEWS + 1
    joined = next(obj for obj in found if obj.data.background_images[0].image == new.data.background_images[0].image)
    assert np.allclose(joined.matrix_world, new.matrix_world, atol=1e-4)
    assert math.isclose(joined.data.angle_x, new.data.angle_x, rel_tol=1e-5)


def test_a_checkpoint_that_is_none_is_told(splats, cameras):
    select(cameras)
    with pytest.raises(RuntimeError, match=r"toy_worker\.py"):
        bpy.ops.tttlrm.reconstruct(checkpoint=str(Path(__file__).with_name("toy_worker.py")))
