# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenes on disk survive restarts and interruptions."""

import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors import safe_open

from tests.worker.photo_folder import CONFIG, write_photos
from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.mesh.fuse import fuse
from tttlrm_blender.mesh.glb import glb_bytes
from tttlrm_blender.mesh.mesh import mesh_arrays, texture_of
from tttlrm_blender.model.checkpoint import save_checkpoint
from tttlrm_blender.model.network import TttLRM
from tttlrm_blender.photos.images import read_image
from tttlrm_blender.pipeline import jobs, store
from tttlrm_blender.pipeline.scene import Scene
from tttlrm_blender.pipeline.store import SCENE, open_scene
from tttlrm_blender.progress import Report
from tttlrm_blender.protocol.settings import DRAFT, DecodeSettings, MeshSettings, ReconstructSettings, RefineSettings

pytestmark = pytest.mark.slow

MATCHING = replace(CONFIG, hypotheses=8)


@pytest.fixture(params=[CONFIG, MATCHING], ids=["plain", "matching"])
def settings(request, tmp_path) -> ReconstructSettings:
    """For reconstructing with small networks, chunk by chunk with elastic weights, whose memory has every part."""
    torch.manual_seed(0)
    save_checkpoint(tmp_path / "small.safetensors", TttLRM(request.param), {})
    return ReconstructSettings(checkpoint=str(tmp_path / "small.safetensors"), hold_out=3, scan="ar", elastic=True, refine=DRAFT)


@pytest.fixture
def scene(tmp_path) -> Scene:
    return open_scene(write_photos(tmp_path / "scene/photos"))


class Noting(Report):
    def __init__(self):
        super().__init__()
        self.notes: list[str] = []

    def note(self, text):
        self.notes.append(str(text))


def same(first, second) -> bool:
    equal = (np.array_equal(a, b) for a, b in zip(first.arrays().values(), second.arrays().values(), strict=True))
    return first.antialiased == second.antialiased and all(equal)


def shown_on_disk(scene) -> dict[str, np.ndarray]:
    with safe_open(scene.folder.parent / SCENE, "np") as file:
        return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)


def test_a_scene_comes_back_as_it_was(scene, settings):
    jobs.reconstruct(
        scene, replace(settings, refine=RefineSettings(steps=3), mesh=MeshSettings(resolution=32, texture=512)), Report()
    )
    scene.change(refined=True)
    again = open_scene(scene.folder)
    assert same(again.splats(), scene.splats()) and again.state.refined
    (kept, was), on_disk = (mesh_arrays(each.state.mesh) for each in (again, scene)), shown_on_disk(scene)
    for name, kind in {"vertices": "f4", "faces": "i4", "colors": "f4", "uv": "f4", "texture": "u1"}.items():
        assert kept[name].dtype == was[name].dtype == on_disk[f"mesh.{name}"].dtype == np.dtype(kind)
        assert np.array_equal(kept[name], was[name]) and np.array_equal(was[name], on_disk[f"mesh.{name}"])
    assert glb_bytes(again.state.mesh) == glb_bytes(scene.state.mesh)
    names, cameras = again.reconstruction().photos.cameras()
    assert names == scene.reconstruction().photos.cameras()[0]
    np.testing.assert_array_equal(cameras.c2w, scene.reconstruction().photos.cameras()[1].c2w)
    for photos in ("inputs", "held_out"):
        first, second = (getattr(each.reconstruction().photos, photos) for each in (scene, again))
        np.testing.assert_array_equal(first.images, second.images)


def test_a_scene_that_came_back_decodes_the_same(scene, settings):
    jobs.reconstruct(scene, settings, Report())
    again, other = open_scene(scene.folder), DecodeSettings(keep=0.2, views=2)
    jobs.decode(scene, other, Report())
    jobs.decode(again, other, Report())
    assert same(again.splats(), scene.splats())
    assert same(open_scene(scene.folder).splats(), scene.splats()), "what it became was kept"


def test_a_scene_may_be_moved_with_its_folder(scene, settings, tmp_path):
    jobs.reconstruct(scene, settings, Report())
    shutil.move(scene.folder.parent, tmp_path / "elsewhere")
    again = open_scene(tmp_path / "elsewhere/photos")
    result = jobs.refine(again, RefineSettings(steps=2), Report())
    assert result.refinement.steps == 2 and again.state.refined == result.refinement.improved


@pytest.mark.parametrize("spoil", [Path.unlink, lambda path: Image.new("RGB", (24, 16)).save(path)], ids=["gone", "another size"])
def test_scenes_work_without_their_photos(scene, settings, spoil):
    """Splats and meshes need no photos; only refinement fails, with a hint."""
    jobs.reconstruct(scene, settings, Report())
    for photo in (scene.folder / "images").iterdir():
        spoil(photo)
    again, follower, wanted = open_scene(scene.folder), Noting(), MeshSettings(resolution=32, texture=512)
    decoded = jobs.decode(again, DecodeSettings(), follower)
    assert decoded.figures is None and "Held-out photos cannot be measured" in follower.notes.pop()
    painted = jobs.mesh(again, wanted, follower).mesh.texture
    assert "made from the splats alone" in follower.notes[0] and "01.png" in follower.notes[0]
    expected = fuse(again.splats(), again.reconstruction().photos.input_cameras(), wanted, Report())
    np.testing.assert_array_equal(painted, texture_of(expected))
    with pytest.raises(TttlrmError, match=r"01\.png") as caught:
        jobs.refine(again, RefineSettings(steps=1), Report())
    assert caught.value.code == "photos_gone" and "Reconstruct the scene again" in caught.value.hint
    assert again.state.mesh is not None and same(open_scene(scene.folder).splats(), again.splats())


def test_decoding_reads_no_photos_but_those_held_out(scene, settings, monkeypatch):
    jobs.reconstruct(scene, settings, Report())
    read: list[str] = []
    monkeypatch.setattr(
        "tttlrm_blender.photos.load.read_image", lambda path, *rest: read.append(path.name) or read_image(path, *rest)
    )
    jobs.decode(open_scene(scene.folder), DecodeSettings(), Report())
    assert read == ["00.png", "03.png"]


def test_a_new_folder_has_an_empty_scene(scene):
    with pytest.raises(TttlrmError, match="has not been reconstructed"):
        scene.splats()


def test_an_interruption_keeps_the_previous_state(scene, settings, monkeypatch):
    jobs.reconstruct(scene, settings, Report())
    before = scene.state
    files = {path.name for path in scene.folder.parent.iterdir()}

    def cut_off(*_):
        raise OSError(5, "Input/output error")

    for kind in ("_memory_arrays", "_shown_arrays"):
        with monkeypatch.context() as patch:
            patch.setattr(store, kind, cut_off)
            with pytest.raises(OSError, match="Input/output"):
                jobs.reconstruct(scene, settings, Report())
        assert scene.state is before and {path.name for path in scene.folder.parent.iterdir()} == files
        assert same(open_scene(scene.folder).splats(), before.gaussians)
    jobs.reconstruct(scene, settings, Report())
    assert len({path.name for path in scene.folder.parent.iterdir()}) == len(files), "what was left over is gone"


@pytest.mark.skipif(sys.platform == "win32", reason="limits on open files are of POSIX")
def test_a_scene_that_cannot_be_read_now_is_not_lost(scene, settings):
    import resource

    jobs.reconstruct(scene, settings, Report())
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, limits[1]))
    try:
        with pytest.raises(TttlrmError, match="Too many open files") as caught:
            open_scene(scene.folder)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert caught.value.code == "cannot_read" and SCENE in caught.value.sentence
    assert same(open_scene(scene.folder).splats(), scene.splats())


@pytest.mark.parametrize("damage", ["cut", "edition", "no memory", "no arrays"])
def test_a_damaged_scene_must_be_reconstructed_again(scene, settings, damage, caplog, monkeypatch):
    jobs.reconstruct(scene, settings, Report())
    folder = scene.folder.parent
    match damage:
        case "cut":
            (folder / SCENE).write_bytes((folder / SCENE).read_bytes()[:500])
        case "edition":
            monkeypatch.setattr(store, "EDITION", 10**6)
        case "no memory":
            next(folder.glob("memory-*")).unlink()
        case "no arrays":
            (folder / SCENE).write_bytes(next(folder.glob("memory-*")).read_bytes())
    again = open_scene(scene.folder)
    assert again.state.reconstruction is None and "has to be reconstructed again" in caplog.text
    monkeypatch.undo()
    jobs.reconstruct(again, settings, Report())
    assert len(open_scene(scene.folder).splats())
