# SPDX-License-Identifier: GPL-3.0-or-later
"""What splat objects have of their own: settings, a crop box, presets, a place in the line, and what they lack elsewhere."""

import math
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import bpy
import pytest
from mathutils import Matrix

from tests.operators.worker_python import WORKER_PYTHON
from tttlrm_blender.client import WorkerProcess, launch_worker

pytestmark = pytest.mark.usefixtures("installed")

MODULE = "bl_ext.user_default.tttlrm"
TOY = Path(__file__).with_name("toy_worker.py")
PRESETS = ("Crisp", "Default", "Everything", "Mesh_Ready", "Small_File")
ops = bpy.ops.tttlrm


@pytest.fixture(scope="module", autouse=True)
def worker(installed) -> Iterator[WorkerProcess]:
    with launch_worker(WORKER_PYTHON, program=(str(TOY),)) as process:
        chosen = bpy.context.preferences.addons[MODULE].preferences
        chosen.host, chosen.port, chosen.token = process.host, process.port, process.token
        yield process


@pytest.fixture(autouse=True)
def empty_scene(worker):
    bpy.ops.wm.read_homefile(use_empty=True)


@pytest.fixture
def waiting() -> Iterator[ModuleType]:
    """The module of that name, with nobody in line."""
    module = part("jobs.waiting")
    module.line.leave()
    yield module
    module.line.leave()


@pytest.fixture
def splats(tmp_path: Path) -> bpy.types.Object:
    return reconstructed(tmp_path / "statue")


def part(name: str) -> ModuleType:
    return import_module(f"{MODULE}.operators.{name}")


def reconstructed(folder: Path) -> bpy.types.Object:
    """The splats of a folder with one photo; 12 of them, around (3 i, 3 i + 1, 3 i + 2)."""
    folder.mkdir()
    image = bpy.data.images.new("1.png", 32, 24)
    image.filepath_raw, image.file_format = str(folder / "1.png"), "PNG"
    image.save()
    assert ops.reconstruct(directory=str(folder)) == {"FINISHED"}
    bpy.context.object.tttlrm.decode.max_splats = 12
    bpy.context.object.parent.matrix_world = Matrix()  # as the toy's cameras have no up, it is turned
    return bpy.context.object


def add(name: str, data: bpy.types.ID | None, matrix: Matrix) -> bpy.types.Object:
    obj = bpy.data.objects.new(name, data)
    bpy.context.collection.objects.link(obj)
    obj.matrix_world = matrix
    return obj


def cube(name: str, matrix: Matrix, height: float = 1.0) -> bpy.types.Object:
    """A mesh of the eight corners of ±1."""
    mesh = bpy.data.meshes.new(name)
    corners = [(x, y, z * height) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]
    mesh.from_pydata(corners, [], [])
    return add(name, mesh, matrix)


class TestCropBox:
    """Any object crops splats, wherever both stand."""

    def test_splats_outside_an_objects_bounding_box_go(self, splats):
        splats.tttlrm.crop = cube("box", Matrix.Translation((4, 5, 6)) @ Matrix.Diagonal((5, 5, 5, 1)))  # around the first three
        assert ops.decode() == {"FINISHED"} and len(splats.data.points) == 3

    def test_a_box_that_is_turned_moved_with_the_splats_crops_the_same(self, splats):
        splats.parent.matrix_world = Matrix.Translation((1, 2, 3)) @ Matrix.Rotation(1.0, 4, "X") @ Matrix.Scale(2, 4)
        box = splats.parent.matrix_world @ Matrix.Translation((4, 5, 6)) @ Matrix.Diagonal((5, 5, 5, 1))
        splats.tttlrm.crop = cube("box", box)
        assert ops.decode() == {"FINISHED"} and len(splats.data.points) == 3

    def test_an_empty_crops_as_the_cube_of_its_size(self, splats):
        splats.tttlrm.crop = add("empty", None, Matrix.Rotation(math.pi / 2, 4, "Z"))
        splats.tttlrm.crop.empty_display_size = 6.0
        assert ops.decode() == {"FINISHED"} and len(splats.data.points) == 2

    def test_scripts_name_a_box(self, splats):
        add("mine", None, Matrix()).empty_display_size = 3.0
        assert ops.decode(crop="mine") == {"FINISHED"} and len(splats.data.points) == 1
        assert splats.tttlrm.crop is None
        with pytest.raises(RuntimeError, match="There is no object “nobody” to crop to"):
            ops.decode(crop="nobody")

    def test_a_flat_box_is_refused(self, splats):
        splats.tttlrm.crop = cube("sheet", Matrix(), height=0)
        with pytest.raises(RuntimeError, match="The object “sheet” is flat"):
            ops.decode()
        assert len(splats.data.points) == 12


class TestWaiting:
    """Sliders that move, and many objects at once."""

    def test_the_line_waits_for_rest_and_knows_everybody_once(self, waiting):
        line = waiting.Line()
        line.join(1, due=10.0)
        line.join(2, due=10.1)
        line.join(1, due=10.3)
        assert len(line) == 2 and line.next(10.0) is None
        assert line.next(10.2) == 2 and line.next(10.2) is None
        assert line.next(10.3) == 1 and len(line) == 0

    def test_nothing_fires_without_a_window(self, splats, waiting):
        splats.tttlrm.live = True
        splats.tttlrm.decode.max_splats = 5
        assert len(waiting.line) == 0

    def test_only_live_objects_with_a_scene_follow_their_sliders(self, splats, waiting, monkeypatch):
        monkeypatch.setattr(waiting, "bpy", WithWindow())
        splats.tttlrm.decode.max_splats = 5
        bpy.context.scene.tttlrm.decode.max_splats = 5
        assert len(waiting.line) == 0
        splats.tttlrm.live = True
        splats.tttlrm.decode.max_splats = 6
        splats.tttlrm.crop = splats.parent
        assert len(waiting.line) == 1
        splats.tttlrm.session = ""
        waiting.line.leave()
        splats.tttlrm.decode.max_splats = 7
        assert len(waiting.line) == 0

    def test_live_splats_follow_their_box(self, splats, waiting, monkeypatch):
        box = splats.tttlrm.crop = cube("box", Matrix())
        other = cube("other", Matrix())
        splats.tttlrm.live = True
        monkeypatch.setattr(waiting, "bpy", WithWindow())
        bpy.context.view_layer.update()
        waiting.line.leave()
        other.location.x += 1
        bpy.context.view_layer.update()
        assert len(waiting.line) == 0
        box.location.x += 1
        bpy.context.view_layer.update()
        assert waiting.line.next(math.inf) == splats.session_uid

    def test_the_newest_settings_win_and_a_running_job_is_waited_for(self, splats, waiting, monkeypatch):
        for count in (3, 4, 5):
            splats.tttlrm.decode.max_splats = count
            waiting.line.join(splats.session_uid, due=count)
        monkeypatch.setattr(part("jobs.activity"), "current", object())
        waiting.step(100.0)
        assert len(splats.data.points) == 12
        monkeypatch.setattr(part("jobs.activity"), "current", None)
        waiting.step(100.0)
        assert len(splats.data.points) == 5 and len(waiting.line) == 0

    def test_deleted_objects_leave_the_line(self, splats, waiting):
        waiting.line.join(splats.session_uid, due=0)
        bpy.data.objects.remove(splats)
        waiting.step(1.0)
        assert len(waiting.line) == 0

    def test_nobody_waits_through_undo_or_in_another_file(self, splats, waiting):
        bpy.ops.ed.undo_push(message="before")
        bpy.ops.ed.undo_push(message="after")
        waiting.line.join(splats.session_uid, due=0)
        bpy.ops.ed.undo()
        assert len(waiting.line) == 0
        waiting.line.join(1, due=0)
        bpy.ops.wm.read_homefile(use_empty=True)
        assert len(waiting.line) == 0

    def test_all_selected_are_decoded_and_one_without_a_scene_stops_no_other(self, tmp_path):
        made = [reconstructed(tmp_path / name) for name in ("a", "b", "c")]
        for count, obj in enumerate(made, 3):
            obj.select_set(True)
            obj.tttlrm.decode.max_splats = count
        made[1].tttlrm.session = "elsewhere"
        assert ops.decode_selected() == {"FINISHED"}
        assert [len(obj.data.points) for obj in made] == [3, 12, 5]
        assert [bool(part("jobs.troubles").of(obj)) for obj in made] == [False, True, False]


class WithWindow:
    """`bpy` as it is with a window, but for timers."""

    types, context, data, ops = bpy.types, bpy.context, bpy.data, bpy.ops

    class app:
        background = False

        class timers:
            is_registered = staticmethod(lambda function: True)


class TestPresetsAndCopies:
    """Settings that go from one object to another."""

    @pytest.mark.parametrize("name", PRESETS)
    def test_what_comes_with_the_extension_is_found_and_set(self, splats, name):
        file = bpy.utils.preset_find(name, "tttlrm/decode")
        splats.tttlrm.decode.explore = splats.tttlrm.decode.scale = 0.77
        assert bpy.ops.script.execute_preset(filepath=file, menu_idname="TTTLRM_PT_decode_presets") == {"FINISHED"}
        assert splats.tttlrm.decode.explore != pytest.approx(0.77) and splats.tttlrm.decode.scale == 1.0

    def test_the_default_preset_is_the_engines_default(self, splats):
        properties = part("properties")
        kind = properties.settings.DecodeSettings
        default = {name: pytest.approx(getattr(kind(), name)) for name in properties.described(kind)}
        for name in default:
            setattr(splats.tttlrm.decode, name, 0.5 if isinstance(getattr(kind(), name), float) else 2)
        file = bpy.utils.preset_find("Default", "tttlrm/decode")
        bpy.ops.script.execute_preset(filepath=file, menu_idname="TTTLRM_PT_decode_presets")
        assert {name: getattr(splats.tttlrm.decode, name) for name in default} == default

    def test_a_preset_of_ones_own_comes_back(self, splats):
        splats.tttlrm.decode.size_limit, splats.tttlrm.decode.max_splats = 0.25, 9
        assert ops.decode_preset(name="my own") == {"FINISHED"}
        splats.tttlrm.decode.size_limit = splats.tttlrm.decode.max_splats = 0
        file = bpy.utils.preset_find("my_own", "tttlrm/decode")
        bpy.ops.script.execute_preset(filepath=file, menu_idname="TTTLRM_PT_decode_presets")
        assert (splats.tttlrm.decode.size_limit, splats.tttlrm.decode.max_splats) == (0.25, 9)
        assert ops.decode_preset(name="my own", remove_name=True) == {"FINISHED"}
        assert bpy.utils.preset_find("my_own", "tttlrm/decode") is None

    def test_settings_are_copied_to_the_other_selected_splats(self, tmp_path):
        first, second = (reconstructed(tmp_path / name) for name in ("a", "b"))
        second.tttlrm.decode.near, second.tttlrm.mesh.voxel, second.tttlrm.refine.steps = 0.5, 0.25, 3
        second.tttlrm.crop = first.parent
        assert not ops.copy_settings.poll()
        first.select_set(True)
        assert ops.copy_settings() == {"FINISHED"}
        assert (first.tttlrm.decode.near, first.tttlrm.mesh.voxel, first.tttlrm.refine.steps) == (0.5, 0.25, 3)
        assert first.tttlrm.crop == first.parent and first.tttlrm.session != second.tttlrm.session


class TestElsewhere:
    """Files that are opened where no worker knows their scenes."""

    def test_settings_and_scene_are_saved_and_what_is_missing_is_told(self, splats, tmp_path):
        group, name, file = splats.tttlrm, splats.name, str(tmp_path / "saved.blend")
        group.decode.floaters, group.mesh.faces, group.live = 0.5, 700, True
        group.crop, group.session = splats.parent, "a scene of another computer"
        bpy.ops.wm.save_as_mainfile(filepath=file)
        bpy.ops.wm.open_mainfile(filepath=file)
        splats = bpy.data.objects[name]
        group = splats.tttlrm
        assert (group.decode.floaters, group.mesh.faces, group.live) == (0.5, 700, True)
        assert group.crop == splats.parent and group.session == "a scene of another computer"
        assert part("jobs.troubles").of(splats) is None
        with pytest.raises(RuntimeError, match="does not know this scene"):
            ops.decode()
        trouble = part("jobs.troubles").of(splats)
        assert trouble.code == "no_scene" and "does not keep this scene" in part("jobs.troubles").text(trouble)
        assert len(splats.data.points) == 12
        assert ops.export_splats(filepath=str(tmp_path / "a.ply")) == {"FINISHED"}

    def test_reconstructing_again_takes_the_photos_of_the_cameras_beside_the_splats(self, splats):
        splats.tttlrm.session = "gone"
        camera = next(obj for obj in bpy.data.objects if obj.type == "CAMERA")
        other = camera.copy()  # one photo would be too few
        camera.users_collection[0].objects.link(other)
        assert ops.reconstruct_again() == {"FINISHED"}
        assert bpy.context.object != splats and bpy.context.object.tttlrm.session not in ("", "gone")
        assert ops.decode(max_splats=4) == {"FINISHED"} and len(bpy.context.object.data.points) == 4

    def test_a_success_forgets_the_trouble(self, splats):
        session, splats.tttlrm.session = splats.tttlrm.session, "gone"
        with pytest.raises(RuntimeError):
            ops.mesh()
        assert part("jobs.troubles").of(splats)
        part("jobs.troubles")._failures[session] = part("jobs.troubles")._failures.pop("gone")
        splats.tttlrm.session = session
        assert ops.mesh() == {"FINISHED"} and part("jobs.troubles").of(splats) is None
