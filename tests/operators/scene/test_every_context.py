# SPDX-License-Identifier: GPL-3.0-or-later
"""Every operator in every state that a scene may be in: done, refused by its poll, or told in a sentence."""

from collections.abc import Callable
from pathlib import Path

import bpy
import pytest

from operators import CLASSES
from operators.scene.splats import is_splats
from tests.operators.photos import save_photo
from tests.operators.scene.statue import save_statue

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("registered", "toy_workers")]
ops = bpy.ops.tttlrm
LEFT_OUT = {"setup_worker", "check_worker", "start_worker", "stop_worker", "cancel", "decode_preset"}
NAMES = [kind.bl_idname.partition(".")[2] for kind in CLASSES if issubclass(kind, bpy.types.Operator)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Photos, splats, and a file with a reconstruction that is open."""
    save_statue(tmp_path, splats=20)
    assert ops.reconstruct(directory=str(tmp_path / "statue"), name="statue") == {"FINISHED"}
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "statue.blend"))
    return tmp_path


def arguments(name: str, folder: Path) -> dict:
    """What operators that ask for files are given."""
    return {
        "reconstruct": {"directory": "//statue"},
        "extend": {"directory": "//statue"},
        "choose_folder": {"directory": "//statue"},
        "drop": {"directory": "//statue", "files": [{"name": "1.png"}, {"name": "2.png"}]},
        "import_splats": {"filepath": "//a.ply"},
        "export_splats": {"filepath": f"//{len(list(folder.iterdir()))}.ply"},
        "export_cameras": {"filepath": "//transforms.json"},
        "refine": {"steps": 3},
        "decode": {"max_splats": 5},
        "set_scale": {"first": (0, 0, 0), "second": (1, 0, 0)},
    }.get(name, {})


def as_saved(folder: Path) -> None:
    pass


def nothing(folder: Path) -> None:
    bpy.ops.wm.read_homefile(use_empty=True)


def nothing_active(folder: Path) -> None:
    bpy.context.view_layer.objects.active = None


def the_carrier_is_gone(folder: Path) -> None:
    bpy.data.objects.remove(bpy.context.object.parent)


def only_the_splats(folder: Path) -> None:
    for obj in [obj for obj in bpy.data.objects if not is_splats(obj)]:
        bpy.data.objects.remove(obj)


def without_collections(folder: Path) -> None:
    splats = bpy.context.object
    bpy.context.scene.collection.objects.link(splats)
    splats.users_collection[0].objects.unlink(splats)
    bpy.context.view_layer.objects.active = splats


def hidden(folder: Path) -> None:
    bpy.context.object.hide_set(True)


def excluded(folder: Path) -> None:
    bpy.context.view_layer.layer_collection.children[0].exclude = True


def without_splats(folder: Path) -> None:
    ops.select_all()
    ops.delete_splats()


def scaled_to_zero(folder: Path) -> None:
    bpy.context.object.parent.scale = (0, 0, 0)


def mirrored(folder: Path) -> None:
    bpy.context.object.parent.scale = (-1, 1, 1)


def cameras_scaled_to_zero(folder: Path) -> None:
    for obj in bpy.data.objects:
        if obj.type == "CAMERA":
            obj.scale = (0, 0, 0)
            bpy.context.scene.camera = obj
            obj.select_set(True)


def photos_gone(folder: Path) -> None:
    for photo in (folder / "statue").iterdir():
        photo.unlink()


def being_edited(folder: Path) -> None:
    bpy.ops.object.mode_set(mode="EDIT")


def another_is_edited(folder: Path) -> None:
    splats = bpy.context.object
    bpy.ops.mesh.primitive_cube_add()
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.context.view_layer.objects.active = splats


def a_mesh_is_edited(folder: Path) -> None:
    bpy.ops.mesh.primitive_cube_add()
    bpy.ops.object.mode_set(mode="EDIT")


def linked(folder: Path) -> None:
    bpy.ops.wm.read_homefile(use_empty=True)
    with bpy.data.libraries.load(str(folder / "statue.blend"), link=True) as (_, wanted):
        wanted.collections = ["statue"]
    bpy.context.scene.collection.children.link(wanted.collections[0])
    bpy.ops.wm.save_as_mainfile(filepath=str(folder / "open.blend"))
    _activate()


def overridden(folder: Path) -> None:
    linked(folder)
    bpy.data.collections["statue"].override_hierarchy_create(bpy.context.scene, bpy.context.view_layer)
    bpy.context.scene.collection.children.unlink(bpy.data.collections["statue", "//statue.blend"])
    _activate()


def linked_scene(folder: Path) -> None:
    bpy.ops.wm.read_homefile(use_empty=True)
    with bpy.data.libraries.load(str(folder / "statue.blend"), link=True) as (_, wanted):
        wanted.scenes = ["Scene"]
    bpy.context.window.scene = wanted.scenes[0]


def another_scene(folder: Path) -> None:
    bpy.context.window.scene = bpy.data.scenes.new("another")


def _activate() -> None:
    bpy.context.view_layer.update()
    splats = next(obj for obj in bpy.context.view_layer.objects if is_splats(obj))
    splats.select_set(True)
    bpy.context.view_layer.objects.active = splats


STATES: list[Callable[[Path], None]] = [
    as_saved,
    nothing,
    nothing_active,
    the_carrier_is_gone,
    only_the_splats,
    without_collections,
    hidden,
    excluded,
    without_splats,
    scaled_to_zero,
    mirrored,
    cameras_scaled_to_zero,
    photos_gone,
    being_edited,
    another_is_edited,
    a_mesh_is_edited,
    linked,
    overridden,
    linked_scene,
    another_scene,
]


@pytest.mark.parametrize("state", STATES)
def test_every_operator_ends_in_a_result_or_a_sentence(state, folder):
    bad = {}
    for name in NAMES:
        if name in LEFT_OUT:
            continue
        bpy.ops.wm.open_mainfile(filepath=str(folder / "statue.blend"))
        for photo in ("1.png", "2.png", "3.png"):
            save_photo(folder / "statue" / photo)
        state(folder)
        operator = getattr(ops, name)
        try:
            if operator.poll():
                operator(**arguments(name, folder))
        except RuntimeError as error:
            if not str(error).startswith("Error: ") or "Traceback" in str(error) or "Error: Error" in str(error):
                bad[name] = str(error)[-300:]
        if name not in {"choose_folder"}:
            bpy.ops.wm.save_as_mainfile(filepath=str(folder / "after.blend"), copy=True)
    assert bad == {}
