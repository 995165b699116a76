# SPDX-License-Identifier: GPL-3.0-or-later
"""What people do with the installed extension, except looking at it."""

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import bpy
import numpy as np
import pytest

from tests.operators.worker_python import TOY, WORKER_PYTHON
from tttlrm_blender.client import WorkerProcess, launch_worker
from tttlrm_blender.worker.certificate import fingerprint, own_certificate

pytestmark = pytest.mark.usefixtures("installed")

MODULE = "bl_ext.user_default.tttlrm"
ops = bpy.ops.tttlrm


@pytest.fixture(scope="module")
def worker(installed) -> Iterator[WorkerProcess]:
    with launch_worker(WORKER_PYTHON, program=(str(TOY),)) as process:
        yield process


@pytest.fixture
def toy(worker: WorkerProcess) -> WorkerProcess:
    """The preferences name the toy worker."""
    prefer(host=worker.host, port=worker.port, token=worker.token, fingerprint="", python="")
    return worker


@pytest.fixture(autouse=True)
def empty_scene(installed):
    bpy.ops.wm.read_homefile(use_empty=True)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "statue"
    folder.mkdir()
    for name in ("1.png", "2.png"):
        image = bpy.data.images.new(name, 32, 24)
        image.filepath_raw, image.file_format = str(folder / name), "PNG"
        image.save()
        bpy.data.images.remove(image)
    return folder


def prefer(**values) -> None:
    for name, value in values.items():
        setattr(bpy.context.preferences.addons[MODULE].preferences, name, value)


def reconstructed(photos: Path, **options) -> bpy.types.Object:
    assert ops.reconstruct(directory=str(photos), **options) == {"FINISHED"}
    return bpy.context.object


def link_to_worker():
    return import_module(f"{MODULE}.operators.jobs.worker").link


def test_the_zip_brings_what_blenders_python_needs():
    packages = Path(bpy.utils.user_resource("EXTENSIONS")) / ".local/lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}"
    assert (packages / "site-packages/websockets/sync/client.py").exists()


def test_the_zip_brings_the_pages_that_f1_opens():
    docs = Path(url2pathname(urlsplit(import_module(f"{MODULE}.operators.interface.manual").ADDRESS).path))
    assert '<h2 id="decode">' in (docs / "settings.html").read_text("utf-8")


def test_a_folder_becomes_a_collection(toy, photos):
    splats = reconstructed(photos, with_mesh=True, views=2)
    collection = bpy.data.collections["statue"]
    assert splats.type == "POINTCLOUD" and len(splats.data.points) == 12 and splats.select_get()
    kinds = sorted(obj.type for obj in collection.all_objects)
    assert kinds == ["CAMERA", "CAMERA", "EMPTY", "MESH", "POINTCLOUD"]
    cameras = sorted((obj for obj in collection.all_objects if obj.type == "CAMERA"), key=lambda obj: obj.name)
    assert [Path(obj.data.background_images[0].image.filepath) for obj in cameras] == [photos / "1.png", photos / "2.png"]


def test_splats_remember_their_scene_and_settings(toy, photos):
    bpy.context.scene.tttlrm.decode.scale = 2.0
    splats = reconstructed(photos, refine_steps=3)
    assert splats.tttlrm.session
    assert splats.tttlrm.decode.scale == 2.0
    assert splats.tttlrm.refine.steps == 3


def test_decoding_again_uses_the_objects_settings_and_the_callers(toy, photos):
    splats = reconstructed(photos)
    place = splats.parent
    splats.tttlrm.decode.max_splats = 7
    assert ops.decode() == {"FINISHED"}
    assert len(splats.data.points) == 7 and splats.parent == place
    assert ops.decode(max_splats=5) == {"FINISHED"}
    assert len(splats.data.points) == 5 and splats.tttlrm.decode.max_splats == 7


def shown(folder: Path, name: str) -> bpy.types.Object:
    """An image empty, selected."""
    empty = bpy.data.objects.new(name, None)
    empty.empty_display_type = "IMAGE"
    empty.data = bpy.data.images.load(str(folder / name))
    bpy.context.collection.objects.link(empty)
    empty.select_set(True)
    return empty


def cameras_named() -> list[str]:
    return sorted(obj.data["tttlrm_photo"] for obj in bpy.data.objects if obj.type == "CAMERA")


def test_photos_are_added_in_place_under_names_of_their_own(toy, photos):
    splats = reconstructed(photos, name="Bust")
    splats.parent.location, material = (1, 2, 3), bpy.data.materials.new("mine")
    splats.data.materials.append(material)
    shown(photos, "1.png")
    assert ops.extend() == {"FINISHED"}
    assert bpy.context.object == splats and splats.select_get() and len(splats.data.points) == 13
    assert splats.data.materials[0] == material
    assert cameras_named() == ["1.png", "1_2.png", "2.png"]
    new = next(obj for obj in bpy.data.objects if obj.type == "CAMERA" and obj.data["tttlrm_photo"] == "1_2.png")
    assert new.parent == splats.parent and new.users_collection[0].name == "Bust cameras"
    assert Path(new.data.background_images[0].image.filepath) == photos / "1.png"


def test_photos_are_added_from_files_and_folders(toy, photos):
    splats = reconstructed(photos)
    assert ops.extend(directory=str(photos), files=[{"name": "2.png"}]) == {"FINISHED"}
    assert ops.extend(directory=str(photos)) == {"FINISHED"}
    assert cameras_named() == ["1.png", "1_2.png", "2.png", "2_2.png", "2_3.png"]
    assert len(splats.data.points) == 14


def test_what_cannot_be_added_is_told_and_the_scene_is_kept(toy, photos, tmp_path):
    splats = reconstructed(photos)
    with pytest.raises(RuntimeError, match=r"There are no new photos\. Select image empties"):
        ops.extend()
    with pytest.raises(RuntimeError, match="There are no photos in"):
        ops.extend(directory=str(tmp_path / "nowhere"))
    with pytest.raises(RuntimeError, match=r"nowhere\.png cannot be read"):
        ops.extend(directory=str(photos), files=[{"name": "nowhere.png"}])
    assert ops.decode(max_splats=3) == {"FINISHED"} and len(splats.data.points) == 3


def drop(folder: Path, *names: str) -> set[str]:
    return ops.drop(directory=str(folder), files=[{"name": name} for name in names])


def test_dropped_photos_are_reconstructed(toy, photos):
    assert drop(photos, "1.png", "2.png") == {"FINISHED"}
    assert cameras_named() == ["images/1.png", "images/2.png"]
    assert bpy.context.object.users_collection[0].name == "statue"


def test_a_dropped_pose_file_stands_for_the_photos_beside_it(toy, photos):
    (photos / "transforms.json").write_text("{}")
    assert drop(photos, "transforms.json") == {"FINISHED"}
    assert cameras_named() == ["1.png", "2.png"]
    assert bpy.context.object.tttlrm.files.split("\n") == ["1.png", "2.png", "transforms.json"]


def test_a_dropped_video_is_sent(toy, photos):
    (photos / "film.mp4").write_bytes(b"film")
    assert drop(photos, "film.mp4") == {"FINISHED"}
    assert bpy.context.object.tttlrm.files == "film.mp4"


def test_what_is_dropped_in_vain_is_told(toy, tmp_path):
    (tmp_path / "table.json").write_text("{}")
    with pytest.raises(RuntimeError, match=r"^Error: There are no photos in"):
        drop(tmp_path, "table.json")


def test_refining_replaces_the_splats(toy, photos):
    splats = reconstructed(photos)
    assert ops.refine(steps=9) == {"FINISHED"}
    assert len(splats.data.points) == 9
    with pytest.raises(RuntimeError, match="Set steps, passes or seconds"):
        ops.refine(steps=0)


def test_a_mesh_stands_where_the_splats_stand(toy, photos):
    splats = reconstructed(photos)
    splats.parent.location = (1, 2, 3)
    bpy.context.view_layer.update()
    assert ops.mesh() == {"FINISHED"}
    bpy.context.view_layer.update()
    mesh = next(obj for obj in bpy.data.objects if obj.type == "MESH")
    assert len(mesh.data.polygons) == 1
    assert np.allclose(mesh.matrix_world, splats.matrix_world)
    assert mesh.users_collection == splats.users_collection
    assert mesh.visible_get() and not splats.visible_get()


def test_selected_image_empties_are_photos(toy, photos):
    for name in ("1.png", "2.png"):
        shown(photos, name)
    assert ops.reconstruct(name="Bust") == {"FINISHED"}
    assert len([obj for obj in bpy.data.collections["Bust"].all_objects if obj.type == "CAMERA"]) == 2


def test_without_photos_a_sentence_says_what_to_do(toy, tmp_path):
    with pytest.raises(RuntimeError, match=r"No photos are selected\. Select image empties"):
        ops.reconstruct()
    with pytest.raises(RuntimeError, match="There are no photos in"):
        ops.reconstruct(directory=str(tmp_path))
    with pytest.raises(RuntimeError, match="There are no photos in"):
        ops.reconstruct(directory=str(tmp_path / "nowhere"))
    assert not bpy.data.objects


def test_a_failed_job_leaves_the_scene_alone(toy, photos):
    splats = reconstructed(photos)
    (photos / "broken.json").write_text("{}")
    before = sorted(obj.name for obj in bpy.data.objects)
    with pytest.raises(RuntimeError, match=r"The photo 2\.png is cut off\. Copy it again\."):
        ops.reconstruct(directory=str(photos))
    assert sorted(obj.name for obj in bpy.data.objects) == before
    assert ops.decode(max_splats=3) == {"FINISHED"} and len(splats.data.points) == 3


def test_a_wrong_token_is_told(toy, photos):
    prefer(token="wrong-wrong-wrong-wrong")
    with pytest.raises(RuntimeError, match="token"):
        ops.reconstruct(directory=str(photos))


def test_a_worker_with_tls_is_known_by_its_fingerprint(photos, tmp_path):
    certificate = own_certificate(tmp_path)
    with launch_worker(WORKER_PYTHON, program=(str(TOY), "--certificate", str(certificate))) as worker:
        prefer(host=worker.host, port=worker.port, token=worker.token, fingerprint="ab" * 32, python="")
        with pytest.raises(RuntimeError, match="another certificate than the one expected"):
            ops.reconstruct(directory=str(photos))
        prefer(fingerprint=fingerprint(certificate))
        assert len(reconstructed(photos).data.points) == 12
        ops.stop_worker()


def test_a_worker_elsewhere_needs_leave_to_go_online(toy, photos):
    prefer(host="192.0.2.1")
    bpy.context.preferences.system.use_online_access = False
    with pytest.raises(RuntimeError, match="Blender may not go online"):
        ops.reconstruct(directory=str(photos))


def test_a_python_that_does_not_exist_is_told(photos):
    prefer(token="", python="/nowhere/python")
    with pytest.raises(RuntimeError, match="/nowhere/python"):
        ops.start_worker()


def test_the_worker_is_checked_where_it_was_started_from_here(toy, tmp_path, capfd):
    with pytest.raises(RuntimeError, match="Type “tttlrm doctor” on that machine"):
        ops.check_worker()
    prefer(token="", python=str(tmp_path / "nowhere"))
    with pytest.raises(RuntimeError, match="nowhere cannot run the worker: No such file"):
        ops.check_worker()
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho a warning\necho tttLRM 1.0\necho 'self-test     failed: no room'\nexit 1\n")
    python.chmod(0o755)
    prefer(python=str(python))
    assert ops.check_worker() == {"FINISHED"}
    assert "self-test     failed: no room" in capfd.readouterr().out


def test_a_killed_worker_is_told_and_the_next_job_has_a_new_one(installed, photos, monkeypatch):
    prefer(token="", python=WORKER_PYTHON)
    launcher = import_module(f"{MODULE}.tttlrm_blender.client.launch")
    monkeypatch.setattr(launcher.launch_worker, "__defaults__", (None, None, 120.0, (str(TOY),), None))
    (photos / "deadly.json").write_text("{}")
    with pytest.raises(RuntimeError, match="The worker stopped unexpectedly"):
        ops.reconstruct(directory=str(photos))
    assert not bpy.data.objects
    (photos / "deadly.json").unlink()
    reconstructed(photos)
    process = link_to_worker()._process.process
    assert ops.stop_worker() == {"FINISHED"}
    assert process.poll() is not None
    assert ops.start_worker() == {"FINISHED"}
    assert link_to_worker().connected
    ops.stop_worker()


def test_disabling_takes_everything_out_and_enabling_puts_it_back():
    bpy.ops.preferences.addon_disable(module=MODULE)
    assert not hasattr(bpy.types.Scene, "tttlrm") and not hasattr(bpy.types, "TTTLRM_OT_reconstruct")
    bpy.ops.preferences.addon_enable(module=MODULE)
    assert hasattr(bpy.types.Scene, "tttlrm") and hasattr(bpy.types, "TTTLRM_OT_reconstruct")
