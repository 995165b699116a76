# SPDX-License-Identifier: GPL-3.0-or-later
"""Data from other files: what is done is saved, or refused before any work."""

from pathlib import Path

import bpy
import pytest

from operators.scene.splats import is_splats
from tests.operators.scene.statue import save_statue

pytestmark = pytest.mark.usefixtures("registered", "toy_workers")
ops = bpy.ops.tttlrm


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A file with a reconstruction of three photos, and splats that stand alone."""
    save_statue(tmp_path, splats=4)
    assert ops.reconstruct(directory=str(tmp_path / "statue"), name="statue") == {"FINISHED"}
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "library.blend"))
    bpy.ops.wm.read_homefile(use_empty=True)
    return tmp_path / "library.blend"


def linked(library: Path, way: str) -> bpy.types.Object:
    """The splats of the library as a file can have them: linked, overridden, or local with linked points."""
    with bpy.data.libraries.load(str(library), link=True) as (_, wanted):
        wanted.collections = ["statue"]
    collection = wanted.collections[0]
    bpy.context.scene.collection.children.link(collection)
    if way == "overridden":
        collection.override_hierarchy_create(bpy.context.scene, bpy.context.view_layer)
        bpy.context.scene.collection.children.unlink(collection)
    bpy.context.view_layer.update()
    splats = next(obj for obj in bpy.context.scene.objects if is_splats(obj))
    if way == "points":
        splats = splats.copy()
        bpy.context.scene.collection.objects.link(splats)
        bpy.context.view_layer.update()
    bpy.context.view_layer.objects.active = splats
    return splats


def reopened(tmp_path: Path) -> bpy.types.Object:
    """The active object after saving and opening the file."""
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "open.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "open.blend"))
    return bpy.context.object


@pytest.mark.parametrize("way", ["linked", "overridden"])
def test_linked_splats_are_not_replaced(way, library):
    from operators.jobs import decode_queue

    splats = linked(library, way)
    for operator in (ops.decode, ops.refine, ops.extend, ops.decode_selected, ops.delete_splats, ops.apply_transform):
        assert not operator.poll()
    before = splats.data
    decode_queue.decode(splats)
    assert splats.data == before
    other = bpy.data.objects.new("own", splats.data.copy())
    bpy.context.collection.objects.link(other)
    for obj in (splats, other):
        obj.select_set(True)
    bpy.context.view_layer.objects.active = other
    assert not ops.copy_settings.poll() and not ops.join_splats.poll()


def test_local_splats_with_linked_points_are_replaced_for_good(library, tmp_path):
    linked(library, "points")
    assert ops.decode(max_splats=5) == {"FINISHED"}
    splats = reopened(tmp_path)
    assert len(splats.data.points) == 5 and splats.data.library is None


@pytest.mark.parametrize("way", ["linked", "overridden", "points"])
def test_meshes_of_linked_splats_are_saved(way, library, tmp_path):
    linked(library, way)
    assert ops.mesh() == {"FINISHED"}
    reopened(tmp_path)
    mesh = next(obj for obj in bpy.context.scene.objects if obj.type == "MESH")
    assert mesh.library is None and len(mesh.data.polygons) == 1


@pytest.mark.parametrize("way", ["linked", "overridden"])
def test_a_linked_collection_that_is_active_takes_nothing(way, library, tmp_path):
    splats = linked(library, way)
    layer = next(each for each in bpy.context.view_layer.layer_collection.children if each.collection.name == "statue")
    bpy.context.view_layer.active_layer_collection = layer
    assert splats.users_collection[0] == bpy.context.collection
    assert ops.import_splats(filepath=str(tmp_path / "a.ply")) == {"FINISHED"}
    assert ops.reconstruct(directory=str(tmp_path / "statue"), name="again") == {"FINISHED"}
    reopened(tmp_path)
    own = [obj for obj in bpy.context.scene.objects if is_splats(obj) and obj.library is None and not obj.override_library]
    assert len(own) == 2


def test_the_parts_of_linked_splats_are_told_apart(library):
    """A copy of them belongs to this file, but what moves it does not."""
    splats = linked(library, "points")
    splats.data = splats.data.copy()
    splats.select_set(True)
    with pytest.raises(RuntimeError, match="The parent of the splats, “statue”, is linked"):
        ops.set_scale(first=(0, 0, 0), second=(1, 0, 0), distance=2)


def test_a_linked_scene_takes_nothing(library):
    with bpy.data.libraries.load(str(library), link=True) as (_, wanted):
        wanted.scenes = ["Scene"]
    own, bpy.context.window.scene = bpy.context.scene, wanted.scenes[0]
    bpy.context.view_layer.objects.active = next(obj for obj in bpy.context.scene.objects if is_splats(obj))
    for operator in (ops.reconstruct, ops.reconstruct_again, ops.import_splats, ops.mesh, ops.drop):
        with pytest.raises(RuntimeError, match="The scene is linked from another file"):
            operator()
    bpy.context.window.scene = own
    assert ops.reconstruct.poll() and ops.import_splats.poll()


def test_a_result_goes_into_the_scene_in_which_its_job_was_started(library, tmp_path, monkeypatch):
    from operators.jobs import worker

    started, first, second = worker.start, bpy.context.scene, bpy.data.scenes.new("second")

    def start(work: worker.Work) -> worker.Run:
        bpy.context.window.scene = second
        return started(work)

    monkeypatch.setattr(worker, "start", start)
    assert ops.reconstruct(directory=str(tmp_path / "statue"), name="A", with_mesh=True) == {"FINISHED"}
    assert bpy.context.scene == second and not second.objects
    assert {obj.type for obj in first.objects} == {"EMPTY", "POINTCLOUD", "MESH", "CAMERA"}


def test_new_objects_use_no_linked_nodes_or_materials(library, tmp_path):
    with bpy.data.libraries.load(str(library), link=True) as (available, wanted):
        wanted.node_groups, wanted.materials = available.node_groups, available.materials
    assert ops.reconstruct(directory=str(tmp_path / "statue"), name="A", with_mesh=True) == {"FINISHED"}
    bpy.context.object.select_set(True)
    assert ops.select_all() == ops.hide_splats() == {"FINISHED"}
    used = [modifier.node_group for obj in bpy.context.scene.objects for modifier in obj.modifiers]
    used += [slot.material for obj in bpy.context.scene.objects for slot in obj.material_slots]
    assert used and all(block.library is None for block in used)
