# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenes extended with more photos."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from tests.worker.photo_folder import HEIGHT, WIDTH, write_checkpoint, write_photos
from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.pipeline import jobs, steps
from tttlrm_blender.pipeline.scene import Scene
from tttlrm_blender.pipeline.store import open_scene
from tttlrm_blender.progress import Report
from tttlrm_blender.protocol.settings import DRAFT, DecodeSettings, ExtendSettings, ReconstructSettings, RefineSettings
from tttlrm_blender.protocol.start import Start, digest

FIRST, ALL = 4, 6


class Growing:
    """A scene of which some photos come later."""

    def __init__(self, folder: Path) -> None:
        self.photos = write_photos(folder / "scene/photos", ALL)
        self.poses = json.loads((self.photos / "transforms.json").read_text())
        self.later = {path: path.read_bytes() for path in sorted(self.photos.glob("images/*"))[FIRST:]}
        for path in self.later:
            path.unlink()
        self.tell(self.poses["frames"][:FIRST])
        self.scene = open_scene(self.photos)
        settings = ReconstructSettings(checkpoint=str(write_checkpoint(folder / "small.safetensors")), refine=DRAFT)
        self.first = jobs.reconstruct(self.scene, settings, Report())

    def tell(self, frames: list) -> None:
        """Write the poses of some photos."""
        (self.photos / "transforms.json").write_text(json.dumps({**self.poses, "frames": frames}))

    def arrive(self, world: np.ndarray | None = None) -> None:
        """Add the other photos and the poses of all, in another world if one is given."""
        for path, data in self.later.items():
            path.write_bytes(data)
        world = np.eye(4) if world is None else world
        frames = [{**frame, "transform_matrix": _posed(world, frame)} for frame in self.poses["frames"]]
        self.tell(frames)


def _posed(world: np.ndarray, frame: dict) -> list:
    pose = world @ np.array(frame["transform_matrix"], float)
    pose[:3, :3] /= np.cbrt(np.linalg.det(pose[:3, :3]))
    return pose.tolist()


@pytest.fixture
def growing(tmp_path) -> Growing:
    return Growing(tmp_path)


def cameras(scene: Scene) -> np.ndarray:
    return scene.reconstruction().photos.cameras()[1].c2w


def test_new_photos_join_and_the_scene_stays_where_it_is(growing):
    before = cameras(growing.scene)
    growing.arrive()
    result = jobs.extend(growing.scene, ExtendSettings(refine=DRAFT), Report())
    assert result.views == ALL and len(result.cameras.names) == ALL
    assert list(result.seconds) == ["load", "encode", "decode"]
    np.testing.assert_allclose(cameras(growing.scene)[:FIRST], before, atol=1e-9)
    assert len(result.gaussians) > len(growing.first.gaussians)


def test_photos_posed_in_another_world_come_into_that_of_the_scene(growing):
    growing.arrive()
    expected = np.array([frame["transform_matrix"] for frame in growing.poses["frames"]])[:, :3, 3]
    world = np.eye(4)
    world[:3, :3] = 3 * Rotation.from_euler("xyz", [20, 50, -70], degrees=True).as_matrix()
    world[:3, 3] = 5, -2, 7
    growing.arrive(world)
    jobs.extend(growing.scene, ExtendSettings(refine=DRAFT), Report())
    np.testing.assert_allclose(cameras(growing.scene)[:, :3, 3], expected, atol=1e-6)


@pytest.mark.slow
def test_an_extended_scene_comes_back_and_is_extended_refined_and_decoded_again(growing):
    growing.arrive()
    jobs.extend(growing.scene, ExtendSettings(views=1, refine=RefineSettings(steps=3, start="decoded")), Report())
    again = open_scene(growing.photos)
    assert again.state.refined and len(again.reconstruction().photos.files) == ALL
    settings = DecodeSettings(keep=0.5, explore=0.0)
    first, second = (jobs.decode(scene, settings, Report()) for scene in (growing.scene, again))
    np.testing.assert_array_equal(first.gaussians.means, second.gaussians.means)
    assert len(second.gaussians) == (FIRST + 1) * HEIGHT * WIDTH // 2
    assert len(jobs.refine(again, RefineSettings(steps=2), Report()).gaussians)


def test_new_photos_that_no_pose_file_knows_are_estimated_with_the_others(growing, monkeypatch, tmp_path):
    """COLMAP finds no features in noise of 48×32 pixels; its error shows that it was run."""
    monkeypatch.setenv("TTTLRM_CACHE", str(tmp_path / "cache"))
    state = growing.scene.state
    growing.arrive()
    growing.tell(growing.poses["frames"][:FIRST])
    with pytest.raises(TttlrmError, match=r"camera poses .* could not be found"):
        jobs.extend(growing.scene, ExtendSettings(refine=DRAFT), Report())
    assert growing.scene.state is state


def test_an_error_without_new_photos_or_a_scene(growing, tmp_path):
    state = growing.scene.state
    with pytest.raises(TttlrmError, match="no usable new photos"):
        jobs.extend(growing.scene, ExtendSettings(refine=DRAFT), Report())
    assert growing.scene.state is state
    with pytest.raises(TttlrmError, match="has not been reconstructed"):
        jobs.extend(Scene(tmp_path), ExtendSettings(refine=DRAFT), Report())


def test_photos_that_share_no_camera_with_the_scene_are_refused(growing):
    growing.arrive()
    growing.tell(growing.poses["frames"][FIRST:])
    with pytest.raises(TttlrmError, match="cannot be aligned with those of the scene"):
        jobs.extend(growing.scene, ExtendSettings(refine=DRAFT), Report())


@pytest.fixture
def refinements(monkeypatch) -> list[tuple[int, str, bool]]:
    """How many splats refinements were given, with which start, and whether these were refined before."""
    given, refine = [], steps.refine

    def remembered(splats, photos, settings, report, points, refined, *others):
        given.append((len(splats), settings.start, refined))
        return refine(splats, photos, settings, report, points, refined, *others)

    monkeypatch.setattr(steps, "refine", remembered)
    return given


def test_refined_splats_are_refined_on_with_new_photos(growing, refinements):
    jobs.refine(growing.scene, RefineSettings(steps=2, start="decoded"), Report())
    before = len(growing.scene.splats())
    growing.arrive()
    result = jobs.extend(growing.scene, ExtendSettings(refine=RefineSettings(steps=2)), Report())
    assert refinements[1] == (before, "both", True)
    assert result.refinement.set_aside == 0 and growing.scene.state.refined


def test_decoded_splats_are_not_taken_for_refined_ones(growing, refinements):
    growing.arrive()
    jobs.extend(growing.scene, ExtendSettings(refine=RefineSettings(steps=2, start="decoded")), Report())
    ((count, start, refined),) = refinements
    assert count > len(growing.first.gaussians) and (start, refined) == ("decoded", False)


def on_fewer(growing, refined: bool, edited: bool) -> Start:
    """The first half of the scene's splats, as an object sends them."""
    splats = growing.scene.splats()
    growing.scene.start = Start(splats[: len(splats) // 2], refined, edited)
    return growing.scene.start


@pytest.mark.parametrize("refined", [False, True])
def test_splats_that_somebody_made_better_stay_where_new_photos_are_not_to_be_learned_from(growing, refined):
    start = on_fewer(growing, refined, not refined)
    growing.arrive()
    result = jobs.extend(growing.scene, ExtendSettings(refine=DRAFT), Report())
    assert result.views == ALL and digest(result.gaussians) == digest(start.gaussians)
    assert growing.scene.state.refined == refined


@pytest.mark.parametrize("refined", [False, True])
def test_new_photos_are_learned_from_in_the_splats_of_the_object(growing, refinements, refined):
    start = on_fewer(growing, refined, True)
    growing.arrive()
    jobs.extend(growing.scene, ExtendSettings(refine=RefineSettings(steps=2)), Report())
    assert refinements == [(len(start.gaussians), "both", refined)]


def test_a_refinement_from_something_else_that_is_no_better_leaves_refined_splats(growing, monkeypatch):
    start = on_fewer(growing, True, False)
    growing.arrive()
    wanted = RefineSettings(steps=2, start="decoded")
    monkeypatch.setattr(steps, "refine_splats", lambda draft, *others, **named: draft)
    result = jobs.extend(growing.scene, ExtendSettings(refine=wanted), Report())
    assert digest(result.gaussians) == digest(start.gaussians) and growing.scene.state.refined


@pytest.mark.parametrize("start", ["decoded", "points"])
def test_a_refinement_from_something_else_is_compared_with_the_splats_of_the_object(growing, start):
    """Which are better than the draft, and than what a few steps make of it."""
    jobs.refine(growing.scene, RefineSettings(steps=60, start="decoded"), Report())
    before = growing.scene.splats()
    growing.scene.start = Start(before, refined=True)
    growing.arrive()
    result = jobs.extend(growing.scene, ExtendSettings(refine=RefineSettings(steps=2, start=start)), Report())
    assert digest(result.gaussians) == digest(before)
    assert not result.refinement.improved and not result.refinement.continued and result.refinement.set_aside == 0
