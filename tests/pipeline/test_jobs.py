# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs, from photos to splats and surfaces, with a small network."""

import json
import shutil
import threading
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
import torch
from PIL import Image, ImageFilter

from tests.worker.photo_folder import HEIGHT, WIDTH, write_checkpoint, write_photos
from tttlrm_blender.errors import Cancelled, Code, TttlrmError
from tttlrm_blender.gaussians.formats.registry import read_splats
from tttlrm_blender.mesh.mesh import make_mesh
from tttlrm_blender.pipeline import jobs, steps
from tttlrm_blender.pipeline.scene import Scene
from tttlrm_blender.pipeline.steps import network_size
from tttlrm_blender.progress import Report
from tttlrm_blender.protocol.messages import Done
from tttlrm_blender.protocol.results import MeshResult, Refinement
from tttlrm_blender.protocol.settings import (
    DRAFT,
    FORMATS,
    BakeSettings,
    DecodeSettings,
    ExportSettings,
    MeshSettings,
    PosesSettings,
    ReconstructSettings,
    RefineSettings,
    RenderSettings,
)
from tttlrm_blender.protocol.start import Start
from tttlrm_blender.refine.parameters import RATES
from tttlrm_blender.render.metrics import evaluate_views
from tttlrm_blender.render.pictures import draw_views


class Follower(Report):
    """Records reports, and cancels or finishes at a given stage."""

    def __init__(self, cancel_at=None, watched=False, finish_at=None):
        super().__init__()
        self.watched = watched
        self.stages, self.previews, self.notes, self.cancel_at, self.finish_at = [], [], [], cancel_at, finish_at

    def progress(self, stage, fraction):
        if stage not in self.stages:
            self.stages.append(stage)
        if stage == self.cancel_at:
            self.cancel()
        if stage == self.finish_at:
            self.finish()

    def preview(self, make):
        self.previews.append(make())

    def note(self, text):
        self.notes.append(str(text))


@pytest.fixture
def scene(tmp_path):
    return Scene(write_photos(tmp_path / "photos"))


@pytest.fixture
def settings(tmp_path):
    return ReconstructSettings(checkpoint=str(write_checkpoint(tmp_path / "small.safetensors")), refine=DRAFT, hold_out=3)


def test_workers_send_copies_of_photos_that_blender_shows_wrongly(scene, settings):
    exif = Image.Exif()
    exif[0x0112] = 3
    for index in (1, 4):
        path = scene.folder / f"images/{index:02}.png"
        Image.open(path).rotate(180).save(path, exif=exif)
    result = jobs.JOBS["reconstruct"].run(scene, settings, Report())
    assert result.cameras.turns.tolist() == [1, 3, 1, 1, 3, 1]
    assert sorted(result.copies) == ["images/01.png", "images/04.png"]
    assert not jobs.reconstruct(scene, settings, Report()).copies


def test_reconstruct_gives_splats_cameras_and_figures(scene, settings):
    follower = Follower()
    result = jobs.reconstruct(scene, settings, follower)
    assert result.views == 4 and len(result.gaussians) > 1000
    assert result.cameras.names == [f"images/{index:02}.png" for index in range(6)]
    assert result.cameras.originals.tolist() == [[WIDTH, HEIGHT]] * 6
    assert list(result.seconds) == ["load", "encode", "decode"]
    assert 0 < result.figures.psnr < 100 and -1 <= result.figures.ssim <= 1
    assert follower.stages == ["load", "look", "resize", "encode", "decode", "measure", "save"] and not follower.previews
    assert all(array.dtype == np.float32 and np.isfinite(array).all() for array in result.gaussians.arrays().values())


def test_splats_lie_where_the_cameras_of_the_world_look(scene, settings):
    jobs.reconstruct(scene, settings, Report())
    means = scene.splats().means
    assert (means[:, 1] > 0).all(), "the cameras look along +y"
    assert (np.abs(means[:, 0]) < 0.9 + 0.51 * means[:, 1]).all()
    photos = scene.reconstruction().photos.inputs
    drawn = draw_views(scene.splats(), photos.cameras)
    assert drawn.shape == (4, HEIGHT, WIDTH, 3) and drawn.mean() > 0.1


def test_held_out_photos_are_never_inputs(scene, settings):
    jobs.reconstruct(scene, settings, Report())
    scene_photos = scene.reconstruction().photos
    assert scene_photos.held_out.names == ["images/00.png", "images/03.png"]
    assert not set(scene_photos.held_out.names) & {photo.name for photo in scene_photos.files}
    assert scene_photos.inputs.names == [photo.name for photo in scene_photos.files]


def test_blurred_and_broken_inputs_are_set_aside_but_no_held_out_photos(scene, settings):
    chance = np.random.default_rng(0)
    for index, path in enumerate(sorted(scene.folder.glob("images/*"))):
        image = Image.fromarray(chance.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8))
        image.filter(ImageFilter.GaussianBlur(3 if index in (0, 1) else 0)).save(path)
    (scene.folder / "images/02.png").write_bytes((scene.folder / "images/02.png").read_bytes()[:-2000])
    follower = Follower()
    scene_photos = steps.load(scene, 2, settings, follower)
    assert scene_photos.inputs.names == ["images/04.png", "images/05.png"]
    assert scene_photos.held_out.names == ["images/00.png", "images/03.png"]
    assert len(follower.notes) == 2 and "02.png" in follower.notes[0] and follower.notes[1].endswith("left out: 01.png.")


def test_decode_needs_no_photos_and_no_pass(scene, settings, monkeypatch):
    first = jobs.reconstruct(scene, settings, Report())
    shutil.rmtree(scene.folder)
    monkeypatch.setattr("tttlrm_blender.model.network.TttLRM.scan", None)
    again = jobs.decode(scene, DecodeSettings(), Report())
    for name, array in again.gaussians.arrays().items():
        np.testing.assert_array_equal(array, first.gaussians.arrays()[name])
    fewer = jobs.decode(scene, DecodeSettings(keep=0.1, explore=0.0, views=2, scale=2.0), Report())
    assert len(fewer.gaussians) == round(0.1 * 2 * HEIGHT * WIDTH)
    assert len(jobs.decode(scene, DecodeSettings(max_splats=100), Report()).gaussians) == 100


def test_decoded_splats_are_cropped_and_bounded_in_the_world_of_the_cameras(scene, settings):
    """The cameras stand at y = 0 and look along +y."""
    jobs.reconstruct(scene, settings, Report())
    limit = float(np.median(scene.splats().means[:, 1]))
    beyond = (1, 0, 0, 0, 0, 1, 0, -limit - 1, 0, 0, 1, 0, 0, 0, 0, 1)  # |x|, |y − limit − 1| and |z| up to 1
    jobs.decode(scene, DecodeSettings(crop=tuple(map(float, beyond))), Report())
    assert (scene.splats().means[:, 1] >= limit - 1e-5).all() and (np.abs(scene.splats().means[:, 0]) <= 1).all()
    jobs.decode(scene, DecodeSettings(far=limit, size_limit=0.01), Report())
    assert (scene.splats().means[:, 1] <= limit).all() and scene.splats().scales.max() <= 0.01 * limit
    kept = scene.splats()
    with pytest.raises(TttlrmError, match="leave no splats"):
        jobs.decode(scene, DecodeSettings(near=1e6), Report())
    assert scene.splats() is kept


def test_autoregressive_scan_gives_other_splats(scene, settings):
    full = jobs.reconstruct(scene, settings, Report())
    folder, checkpoint = scene.folder, settings.checkpoint
    chunked = jobs.reconstruct(
        Scene(folder), ReconstructSettings(checkpoint=checkpoint, hold_out=3, scan="ar", refine=DRAFT), Report()
    )
    assert len(chunked.gaussians) == len(full.gaussians)
    assert not np.allclose(chunked.gaussians.means, full.gaussians.means)


def test_refinement_brings_the_photos_closer(scene, settings):
    jobs.reconstruct(scene, settings, Report())
    inputs = scene.reconstruction().photos.inputs
    before = evaluate_views(scene.splats(), inputs)["psnr"]
    result = jobs.refine(scene, RefineSettings(steps=40, start="decoded"), Report())
    assert evaluate_views(scene.splats(), inputs)["psnr"] > before + 4
    np.testing.assert_array_equal(result.gaussians.means, scene.splats().means)


def test_photos_set_aside_are_named(tmp_path, settings):
    scene = Scene(write_photos(tmp_path / "more", 9))
    wanted = replace(settings, hold_out=0, refine=RefineSettings(steps=2, start="decoded"))
    refinement = jobs.reconstruct(scene, wanted, Report()).refinement
    names = [photo.name for photo in scene.reconstruction().photos.files]
    assert refinement.set_aside == 1 and refinement.judges == [names[len(names) // 2]]
    scene.change(refined=True)
    assert jobs.refine(scene, RefineSettings(steps=2), Report()).refinement.judges == []


def test_refined_splats_are_measured_photo_by_photo(scene, settings):
    wanted = replace(settings, hold_out=0, refine=RefineSettings(steps=20, start="decoded"))
    result = jobs.reconstruct(scene, wanted, Report(), by_photo=True)
    inputs = scene.reconstruction().photos.inputs
    assert list(result.photos.psnr) == inputs.names and result.photos.set_aside == []
    assert np.mean(list(result.photos.psnr.values())) == pytest.approx(evaluate_views(scene.splats(), inputs)["psnr"], abs=0.01)
    assert result.report()["photos"] == {"psnr": result.photos.psnr, "set_aside": []}
    again = jobs.refine(scene, RefineSettings(steps=1), Report())
    assert list(again.photos.psnr) == inputs.names
    assert jobs.reconstruct(scene, replace(wanted, refine=DRAFT), Report(), by_photo=True).photos is None


def test_figures_name_the_photos_set_aside(scene, settings):
    jobs.reconstruct(scene, settings, Report())
    judged = Refinement(steps=1, set_aside=1, judges=["a.png"])
    assert steps.measure_photos(scene.splats(), scene.reconstruction(), Report(), judged).set_aside == ["a.png"]


def test_a_surface_and_pictures_of_it_all(scene, settings):
    jobs.reconstruct(scene, settings, Report())
    jobs.refine(scene, RefineSettings(steps=40, start="decoded"), Report())
    surface = jobs.mesh(scene, MeshSettings(resolution=32, texture=512), Report()).mesh
    assert len(surface.faces) > 10
    assert surface.glb[:4].tobytes() == b"glTF"
    assert surface.uv.shape == (len(surface.faces), 3, 2)
    assert surface.texture.tobytes() in surface.glb.tobytes()
    plain = jobs.mesh(scene, MeshSettings(resolution=32, texture=0), Report()).mesh
    np.testing.assert_array_equal(plain.colors, surface.colors)
    assert plain.uv is None and plain.texture is None and plain.lod1 is None and plain.collider is None
    levels = jobs.mesh(scene, MeshSettings(resolution=32, texture=256, lods=True, collider=True), Report())
    sent = Done.of(levels).result(MeshResult).mesh
    assert len(sent.faces) > len(sent.lod1.faces) > len(sent.lod2.faces) > 0 and len(sent.collider.faces) >= 4
    assert sent.lod1.glb[:4].tobytes() == sent.lod2.glb[:4].tobytes() == b"glTF"
    drawn = jobs.render(scene, RenderSettings(views=(1, 2), width=24, height=16), Report())
    assert list(drawn.pictures) == ["images/01.png", "images/02.png"]
    assert all(image.shape == (16, 24, 3) and image.dtype == np.uint8 for image in drawn.pictures.values())
    with pytest.raises(TttlrmError, match="no photo number 6"):
        jobs.render(scene, RenderSettings(views=(6,)), Report())


def test_photos_are_baked_onto_a_mesh_with_coordinates(scene, settings):
    """In two tiles; the scene does not change."""
    jobs.reconstruct(scene, settings, Report())
    pose = scene.reconstruction().photos.inputs.cameras.c2w[0]
    wall = np.float32([[-1, -1, 4], [-1, 1, 4], [1, 1, 4], [1, -1, 4]])  # before the first camera, toward it
    vertices = np.float32(wall @ pose[:3, :3].T + pose[:3, 3])
    faces = np.int32([[0, 1, 2], [0, 2, 3]])
    uv = np.float32([[[0, 0], [1, 0], [1, 1]], [[1, 0], [2, 1], [1, 1]]])
    file = scene.folder / "plane.npz"
    np.savez(file, vertices=vertices, faces=faces, uv=uv)
    before = scene.state
    wanted = BakeSettings(str(file), str(file), texture=64, image="png", occlusion=True)
    textures = jobs.bake(scene, wanted, Report()).textures
    names = [f"{name}.{tile}" for tile in (1001, 1002) for name in ("base_color", "normal_map", "occlusion")]
    assert list(textures) == names and scene.state is before
    pictures = [np.asarray(Image.open(BytesIO(file.tobytes()))) for file in textures.values()]
    assert [picture.shape[:2] for picture in pictures] == [(64, 64)] * 6 and pictures[0].std() > 5
    np.savez(file, vertices=vertices, faces=faces)
    with pytest.raises(TttlrmError, match="has no texture coordinates"):
        jobs.bake(scene, wanted, Report())


def test_splats_are_not_lost_without_a_mesh(scene, settings):
    """Nor is a mesh lost without a texture."""
    follower = Follower()
    result = jobs.reconstruct(scene, replace(settings, mesh=MeshSettings(voxel=1000)), follower)
    assert len(result.gaussians) == len(scene.splats()) and result.mesh is None and scene.state.mesh is None
    assert len(follower.notes) == 1 and follower.notes[0].startswith("There is no mesh: A voxel size of 1000 does not suit")
    surface = jobs.mesh(scene, MeshSettings(resolution=32, texture=4), follower).mesh
    assert len(surface.faces) == len(scene.state.mesh.faces) and surface.texture is None
    assert "only vertex colors" in follower.notes[1] and "larger texture" in follower.notes[1]


def test_a_texture_has_the_colors_of_splats_without_photos(scene, settings):
    """Their small versions are still in memory."""
    jobs.reconstruct(scene, settings, Report())
    (scene.folder / "images/01.png").unlink()
    follower = Follower()
    assert jobs.mesh(scene, MeshSettings(resolution=32, texture=256), follower).mesh.texture is not None
    assert len(follower.notes) == 1 and "colors of the splats" in follower.notes[0] and "01.png" in follower.notes[0]


@pytest.mark.parametrize("stage", ["load", "encode", "decode", "refine", "measure"])
def test_a_cancelled_job_leaves_the_scene_as_it_was(scene, settings, stage):
    jobs.reconstruct(scene, settings, Report())
    reconstruction, splats = scene.state.reconstruction, scene.state.gaussians
    again = replace(settings, refine=RefineSettings(steps=5, start="decoded"))
    with pytest.raises(Cancelled):
        jobs.reconstruct(scene, again, Follower(cancel_at=stage))
    assert scene.state.reconstruction is reconstruction and scene.state.gaussians is splats


@pytest.mark.parametrize("stage", ["load", "encode"])
def test_a_job_that_is_to_finish_before_there_are_splats_is_stopped(scene, settings, stage):
    with pytest.raises(Cancelled):
        jobs.reconstruct(scene, settings, Follower(finish_at=stage))
    assert scene.state.reconstruction is None


def test_a_job_that_is_to_finish_while_it_refines_keeps_the_splats_so_far(scene, settings):
    wanted = replace(settings, refine=RefineSettings(steps=10**6, start="decoded"), mesh=MeshSettings())
    follower = Follower(finish_at="refine")
    result = jobs.reconstruct(scene, wanted, follower)
    assert result.refinement.finished and result.refinement.steps < 10 and result.mesh is None
    assert scene.state.refined == result.refinement.improved
    assert len(scene.splats()) == len(result.gaussians) and result.figures
    assert follower.notes == ["Ended early: the splats so far are kept."]


def test_a_job_that_is_to_finish_before_it_refines_keeps_the_draft(scene, settings):
    follower = Follower(finish_at="depth")
    result = jobs.reconstruct(scene, replace(settings, refine=RefineSettings(steps=5)), follower)
    assert result.refinement is None and not scene.state.refined and "refinement" not in result.report()
    assert result.report()["drawing"] == {"by": "Processor", "not_by": {}}, "which is named for tests"
    draft = jobs.reconstruct(Scene(scene.folder), settings, Report())
    np.testing.assert_array_equal(result.gaussians.means, draft.gaussians.means)


def no_points(photos, report, fine):
    report("points", 0.5)
    raise TttlrmError("There are no points.", code=Code.SFM_FAILED)


def endless_search(photos, report, fine):
    while True:
        report("points", 0.5)


@pytest.mark.parametrize(("stage", "find"), [("points", endless_search), ("depth", no_points)])
def test_a_job_that_is_to_finish_while_depth_is_measured_keeps_what_there_was(scene, settings, monkeypatch, stage, find):
    monkeypatch.setenv("TTTLRM_CACHE", str(scene.folder.parent / "cache"))
    monkeypatch.setattr("tttlrm_blender.pipeline.ahead.sparse_points", find)
    follower = Follower(finish_at=stage)
    result = jobs.reconstruct(scene, replace(settings, refine=RefineSettings(steps=5)), follower)
    assert stage in follower.stages and result.refinement is None and not scene.state.refined
    splats = scene.state.gaussians
    with pytest.raises(Cancelled):
        jobs.refine(scene, RefineSettings(steps=5), Follower(finish_at=stage))
    assert scene.state.gaussians is splats


@pytest.mark.parametrize("refined", [False, True])
def test_splats_are_as_refined_as_before_when_refining_them_is_ended_before_it_gains(scene, settings, refined, monkeypatch):
    jobs.reconstruct(scene, settings, Report())
    scene.change(refined=refined)
    for name in RATES:
        monkeypatch.setitem(RATES, name, 10.0)  # the only step spoils them
    result = jobs.refine(scene, RefineSettings(steps=10**6, start="decoded"), Follower(finish_at="refine"))
    assert result.refinement.finished and not result.refinement.improved
    assert scene.state.refined == refined, "a draft is no start for the low rates of a run's end"


def test_points_are_looked_for_while_the_network_reads_the_photos(scene, settings, monkeypatch):
    looked, asked = threading.Event(), []

    def find(photos, report, fine):
        report("points", 0.5)
        looked.set()
        asked.append([photo.name for photo in photos])
        raise TttlrmError("There are none.")

    def encode(*arguments):
        assert looked.wait(60)
        return read(*arguments)

    read = steps.encode_photos
    monkeypatch.setattr("tttlrm_blender.pipeline.ahead.sparse_points", find)
    monkeypatch.setattr(steps, "encode_photos", encode)
    follower = Follower()
    jobs.reconstruct(scene, replace(settings, refine=RefineSettings(steps=3)), follower)
    assert len(asked) == 1, "what is found, or that nothing is, is handed over"
    assert follower.notes == ["Refining without sparse points: There are none."]
    jobs.reconstruct(scene, settings, follower)
    assert len(asked) == 1, "no refinement, no points"


def test_no_points_are_looked_for_in_one_photo(tmp_path, settings):
    scene, follower = Scene(write_photos(tmp_path / "two", 2)), Follower()
    result = jobs.reconstruct(scene, replace(settings, hold_out=2, refine=RefineSettings(steps=3)), follower)
    assert result.views == 1 and len(result.gaussians) and not follower.notes


def test_the_search_for_points_ends_with_a_job_that_is_stopped(scene, settings, monkeypatch):
    ended = threading.Event()

    def find(photos, report, fine):
        try:
            while True:
                report("points", 0.5)
        finally:
            ended.set()

    monkeypatch.setattr("tttlrm_blender.pipeline.ahead.sparse_points", find)
    with pytest.raises(Cancelled):
        jobs.reconstruct(scene, replace(settings, refine=RefineSettings(steps=3)), Follower(cancel_at="points"))
    assert ended.is_set()


def test_splats_that_are_read_again_count_once_they_are_measured(scene, settings):
    jobs.reconstruct(scene, settings, Report())
    splats = scene.state.gaussians
    with pytest.raises(Cancelled):
        jobs.decode(scene, DecodeSettings(keep=0.1), Follower(cancel_at="measure"))
    assert scene.state.gaussians is splats


def test_a_scene_must_be_reconstructed_first(scene):
    for job, settings in ((jobs.decode, DecodeSettings()), (jobs.refine, RefineSettings(steps=1)), (jobs.mesh, MeshSettings())):
        with pytest.raises(TttlrmError, match="has not been reconstructed"):
            job(scene, settings, Report())


def test_an_error_for_a_checkpoint_of_another_shape(scene, settings, tmp_path):
    torch.save({"model": {"tokenizer.1.weight": torch.zeros(32, 768)}}, tmp_path / "other.pt")
    with pytest.raises(TttlrmError, match=r"other\.pt is not a tttLRM checkpoint"):
        jobs.reconstruct(scene, ReconstructSettings(checkpoint=str(tmp_path / "other.pt")), Report())
    assert scene.state.reconstruction is None


@pytest.mark.parametrize(("given", "patch", "most", "expected"), [
    ((270, 480), 8, 65536, (192, 336)),
    ((256, 256), 8, 65536, (256, 256)),
    ((960, 536), 8, 536 * 960, (960, 536)),
    ((5, 900), 8, 65536, (8, 896)),
])  # fmt: skip
def test_the_network_sees_whole_patches_within_its_bounds(given, patch, most, expected):
    assert network_size(*given, patch, most) == expected


def test_poses_alone(scene):
    cameras = jobs.poses(scene, PosesSettings(), Report()).cameras
    assert cameras.names == [f"images/{index:02}.png" for index in range(6)]
    assert cameras.sizes[0].tolist() == [WIDTH, HEIGHT]
    steps_between = np.diff(cameras.c2w[:, 0, 3])
    np.testing.assert_allclose(steps_between, 0.3, atol=1e-9)
    assert scene.state.reconstruction is None


def test_a_scene_becomes_files(scene, settings, tmp_path):
    jobs.reconstruct(scene, replace(settings, mesh=MeshSettings(resolution=32, texture=512)), Report())
    for suffix in (choice.identifier for choice in FORMATS if choice.identifier not in ("glb", "json")):
        (tmp_path / f"splats.{suffix}").write_bytes(exported(scene, suffix))
        assert len(read_splats(tmp_path / f"splats.{suffix}")) == len(scene.splats())
    assert exported(scene, "glb")[:4] == b"glTF" and b"KHR_gaussian_splatting" not in exported(scene, "glb")
    assert json.loads(exported(scene, "json"))["names"] == scene.reconstruction().photos.cameras()[0]


def test_what_a_scene_does_not_have_cannot_be_exported(scene, settings):
    with pytest.raises(TttlrmError, match="has not been reconstructed"):
        exported(scene, "ply")
    jobs.reconstruct(scene, settings, Report())
    with pytest.raises(TttlrmError, match="no mesh yet"):
        exported(scene, "glb")


def exported(scene: Scene, suffix: str) -> bytes:
    return jobs.export(scene, ExportSettings(suffix), Report()).file.tobytes()


TRIANGLE = make_mesh(np.eye(3, dtype=np.float32), np.array([[0, 1, 2]]), np.zeros((3, 3), np.float32))


def test_a_job_starts_from_the_splats_that_it_is_given(scene, settings, monkeypatch):
    jobs.reconstruct(scene, settings, Report())
    last, given = scene.state.gaussians, []
    monkeypatch.setattr(steps, "refine", lambda splats, *others: given.append((len(splats), others[4])) or splats)
    monkeypatch.setattr(jobs, "fuse", lambda splats, *others: given.append(len(splats)) or TRIANGLE)
    scene.start = Start(last[:7], refined=True)
    with pytest.raises(Cancelled):  # as nothing is heard of a refinement
        jobs.refine(scene, RefineSettings(steps=1), Report())
    jobs.mesh(scene, MeshSettings(), Report())
    assert given == [(7, True), 7] and scene.state.gaussians is last
