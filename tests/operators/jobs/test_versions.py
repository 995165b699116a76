# SPDX-License-Identifier: GPL-3.0-or-later
"""Object and worker agree, whatever is done in whatever order; nothing that took time to make is lost without a question."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import mkdtemp

import bpy
import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.operators.installed import part, prefer
from tests.operators.photos import save_photo
from tests.operators.worker_python import WORKER_PYTHON
from tttlrm_blender.client import launch_worker

ops = bpy.ops.tttlrm
ECHO = Path(__file__).parents[1] / "echo_worker.py"
DRAFT = np.arange(36, dtype=np.float32).reshape(12, 3)  # what the worker decodes


@dataclass(frozen=True)
class Model:
    """What an object should be."""

    means: np.ndarray  # [N, 3], in the scene's world
    hidden: np.ndarray  # [N] bool
    refined: bool = False
    steps: int = 0
    made: bytes = DRAFT.tobytes()  # by the last job
    offset: int = 0  # of the object's own coordinates from that world, along each axis
    moved: bool = False  # since the last job

    @property
    def shown(self) -> np.ndarray:
        return self.means[~self.hidden]

    @property
    def edited(self) -> bool:
        return self.moved or self.shown.tobytes() != self.made

    def better(self, steps: int) -> Model:
        """After so many steps of refinement. Hidden splats stay as they are, at the end."""
        new = self.shown + np.float32(0.5 * steps)
        means = np.concatenate([new, self.means[self.hidden]])
        before = self.steps if self.refined else 0
        return Model(means, np.arange(len(means)) >= len(new), True, before + steps, new.tobytes(), self.offset)

    def as_given(self) -> Model:
        """After a job that gives back what it was given."""
        means = np.concatenate([self.shown, self.means[self.hidden]])
        return replace(self, means=means, hidden=np.arange(len(means)) >= len(self.shown))

    def draft(self) -> Model:
        """After a new draft."""
        return Model(DRAFT, np.zeros(len(DRAFT), dtype=bool), offset=self.offset)


FIRST = Model(DRAFT, np.zeros(len(DRAFT), dtype=bool))


class Life(RuleBasedStateMachine):
    """What people do with splats. History is a list of what every object should be, by name, after each step."""

    @initialize()
    def reconstruct(self) -> None:
        bpy.ops.wm.read_homefile(use_empty=True)
        self.folder = Path(mkdtemp())
        photos = save_photo(self.folder / "1.png").parent
        assert ops.reconstruct(directory=str(photos)) == {"FINISHED"}
        self.photos, self.name = photos, bpy.context.object.name
        bpy.ops.ed.undo_push(message="first")
        self.history: list[dict[str, Model]] = [{self.name: FIRST}]
        self.now = 0

    def teardown(self) -> None:
        shutil.rmtree(getattr(self, "folder", ""), ignore_errors=True)

    @property
    def models(self) -> dict[str, Model]:
        return self.history[self.now]

    def active(self) -> bpy.types.Object:
        obj = bpy.context.object
        assert obj is not None and obj.name in self.models
        return obj

    def done(self, model: Model, name: str = "") -> None:
        name = name or self.active().name
        self.history = [*self.history[: self.now + 1], self.models | {name: model}]
        self.now += 1
        bpy.ops.ed.undo_push(message="step")

    @rule(steps=st.integers(1, 9))
    def refine(self, steps: int) -> None:
        assert ops.refine(steps=steps) == {"FINISHED"}
        self.done(self.models[self.active().name].better(steps))

    @rule(refine=st.booleans())
    def add_photos(self, refine: bool) -> None:
        before = self.models[self.active().name]
        assert ops.extend(directory=str(self.photos), files=[{"name": "1.png"}], refine=refine) == {"FINISHED"}
        if not (before.refined or before.edited):
            self.done(before.draft())
        else:
            self.done(before.better(1) if refine else before.as_given())

    @rule()
    def refine_in_vain(self) -> None:
        assert ops.refine(steps=1, start="points") == {"FINISHED"}
        self.done(self.models[self.active().name].as_given())

    @rule()
    def new_draft(self) -> None:
        obj, module = self.active(), part("actions.decode")
        before = self.models[obj.name]
        assert bool(module.precious([obj])) == (before.refined or before.edited), "it is asked about what would be lost"
        assert ops.decode() == {"FINISHED"}
        self.done(before.draft())

    @rule(which=st.integers(0, 11), how=st.sampled_from(["delete_splats", "hide_splats"]))
    def edit(self, which: int, how: str) -> None:
        obj = self.active()
        before = self.models[obj.name]
        visible = part("scene.masks").visible(obj)  # what is not shown cannot be selected
        chosen = np.flatnonzero(~before.hidden if visible is None else visible)
        if np.count_nonzero(~before.hidden) < 3 or not len(chosen):
            return
        mask = np.arange(len(before.means)) == chosen[which % len(chosen)]
        part("scene.masks").select(obj, mask)
        assert getattr(ops, how)() == {"FINISHED"}
        if how == "hide_splats":
            self.done(replace(before, hidden=before.hidden | mask))
        else:
            self.done(replace(before, means=before.means[~mask], hidden=before.hidden[~mask]))

    @rule()
    def reveal(self) -> None:
        before = self.models[self.active().name]
        assert ops.reveal_splats(select=False) == {"FINISHED"}
        self.done(replace(before, hidden=np.zeros_like(before.hidden)))

    @rule(distance=st.integers(1, 3))
    def move_for_good(self, distance: int) -> None:
        obj = self.active()
        before = self.models[obj.name]
        obj.location = (distance,) * 3
        assert ops.apply_transform() == {"FINISHED"}
        self.done(replace(before, offset=before.offset + distance, moved=True))

    @rule(share=st.sampled_from([0.3, 0.6, 1.0]), size=st.sampled_from([0.5, 1.0, 3.0]))
    def look(self, share: float, size: float) -> None:
        """Nothing is lost by that, nor is it an edit."""
        obj = self.active()
        obj.tttlrm.share, obj.tttlrm.decode.scale = share, size
        self.done(self.models[obj.name])

    @rule(strict=st.sampled_from([0.0, 0.5]), region=st.booleans(), far=st.integers(3, 40))
    def clean_up(self, strict: float, region: bool, far: int) -> None:
        """Nor by that, nor by dragging the region."""
        obj = self.active()
        assert ops.clean_up(floaters=strict, fog=strict, use_region=region) == {"FINISHED"}
        part("scene.region").store(obj, np.diag([far, far, far, 1]))
        self.done(self.models[obj.name])

    @rule(which=st.integers(0, 11), how=st.sampled_from(["delete_splats", "hide_splats", "separate_splats", "join", "nothing"]))
    def edit_meanwhile(self, which: int, how: str) -> None:
        """While a refinement by one step runs, which moves no splat to another's place."""
        obj, jobs, engine = self.active(), part("jobs.scene_operators"), part("engine")
        before, masks = self.models[obj.name], part("scene.masks")
        visible = masks.visible(obj)
        chosen = np.flatnonzero(~before.hidden if visible is None else visible)
        if np.count_nonzero(~before.hidden) < 3 or not len(chosen) or (how == "join" and visible is not None):
            return  # joining settles what a look leaves out
        mask = np.arange(len(before.means)) == chosen[which % len(chosen)]
        work = jobs.work_on(obj, engine.kinds.REFINE, engine.settings.RefineSettings(steps=1))
        after = before.better(1)
        if how == "join":
            other = obj.copy()
            other.data = obj.data.copy()
            bpy.context.collection.objects.link(other)
            far = part("scene.points").read(other.data, "position") + np.float32(1000)
            part("scene.points").write(other.data, "position", "FLOAT_VECTOR", far)
            other.select_set(True)
            assert ops.join_splats() == {"FINISHED"}
            means, hidden = (np.concatenate(pair) for pair in ((after.means, far - before.offset), (after.hidden, before.hidden)))
            after = replace(after, means=means, hidden=hidden)
        elif how != "nothing":
            masks.select(obj, mask)
            assert getattr(ops, how)() == {"FINISHED"}
            after = replace(
                after, hidden=np.concatenate([mask[~before.hidden], after.hidden[np.count_nonzero(~before.hidden) :]])
            )
            for other in [one for one in bpy.context.selected_objects if one.name not in self.models]:
                bpy.data.objects.remove(other)  # what was separated
        jobs.replace_splats(obj, part("jobs.worker").start(work).result())
        self.done(replace(after, made=after.shown.tobytes()))

    @rule()
    def delete_hidden(self) -> None:
        obj = self.active()
        before, visible = self.models[obj.name], part("scene.masks").visible(obj)
        if visible is None or np.count_nonzero(visible) < 2:
            return
        assert ops.delete_hidden_splats() == {"FINISHED"}
        means = before.means[visible]
        self.done(replace(before, means=means, hidden=np.zeros(len(means), dtype=bool)))

    @precondition(lambda self: len(self.models) < 3)
    @rule()
    def duplicate(self) -> None:
        obj = self.active()
        assert bpy.ops.object.duplicate() == {"FINISHED"}
        self.done(self.models[obj.name], bpy.context.object.name)

    @rule(which=st.integers(0, 2))
    def choose(self, which: int) -> None:
        names = sorted(self.models)
        bpy.ops.object.select_all(action="DESELECT")
        chosen = bpy.data.objects[names[which % len(names)]]
        bpy.context.view_layer.objects.active = chosen
        chosen.select_set(True)
        self.done(self.models[chosen.name])

    @rule()
    def undo(self) -> None:
        if self.now:
            bpy.ops.ed.undo()
            self.now -= 1

    @rule()
    def redo(self) -> None:
        if self.now + 1 < len(self.history):
            bpy.ops.ed.redo()
            self.now += 1

    @invariant()
    def agree(self) -> None:
        """Every object is what it should be, and what the worker makes of it is made of exactly that."""
        if not hasattr(self, "history"):
            return
        jobs, versions, points = part("jobs.scene_operators"), part("scene.versions"), part("scene.points")
        for name, model in self.models.items():
            obj = bpy.data.objects[name]
            np.testing.assert_array_equal(points.read(obj.data, "position"), model.means + model.offset)
            assert (versions.is_refined(obj), obj.tttlrm.steps if model.refined else 0) == (model.refined, model.steps)
        obj, visible = self.active(), part("scene.masks").visible(self.active())
        if visible is not None and not visible.any():
            return  # of nothing there is no mesh
        work = jobs.work_on(obj, part("engine").kinds.MESH, part("engine").settings.MeshSettings())
        work = replace(work, start=versions.start_of(obj))  # whatever is shown
        assert (work.start.refined, work.start.edited) == (self.models[obj.name].refined, self.models[obj.name].edited)
        result = part("jobs.worker").start(work).result()
        np.testing.assert_array_equal(result.mesh.vertices, self.models[obj.name].shown)


@pytest.fixture
def echo(empty_scene: None) -> Iterator[None]:
    """A worker that tells what it starts from."""
    with launch_worker(WORKER_PYTHON, program=(str(ECHO),)) as worker:
        prefer(host=worker.host, port=worker.port, token=worker.token, fingerprint="", python="")
        yield


def test_edits_are_asked_about_until_a_job_has_made_something_of_them(echo, photos):
    assert ops.reconstruct(directory=str(photos)) == {"FINISHED"}
    obj, precious = bpy.context.object, part("actions.decode").precious
    part("scene.masks").select(obj, np.arange(12) == 3)
    assert ops.delete_splats() == {"FINISHED"} and precious([obj])
    assert ops.refine(steps=1, start="points") == {"FINISHED"}, "which makes nothing better"
    assert precious([obj]) and len(obj.data.points) == 11
    assert ops.extend(directory=str(photos), files=[{"name": "1.png"}], refine=False) == {"FINISHED"}
    assert precious([obj]) and len(obj.data.points) == 11
    assert ops.decode() == {"FINISHED"}
    assert not precious([obj]) and len(obj.data.points) == 12


@pytest.mark.parametrize("kind", ["REFINE", "EXTEND"])
def test_what_is_hidden_or_revealed_while_a_job_runs_is_there_once_afterwards(echo, photos, kind):
    assert ops.reconstruct(directory=str(photos)) == {"FINISHED"}
    obj, masks, jobs, engine = bpy.context.object, part("scene.masks"), part("jobs.scene_operators"), part("engine")
    masks.hide(obj, np.arange(12) < 3)
    wanted = engine.settings.RefineSettings(steps=1) if kind == "REFINE" else engine.settings.ExtendSettings()
    work = jobs.work_on(obj, getattr(engine.kinds, kind), wanted)
    masks.hide(obj, (np.arange(12) == 2) | (np.arange(12) >= 8))  # 0 and 1 are revealed, 8 to 11 are hidden
    better = replace(work.start.gaussians, means=work.start.gaussians.means + np.float32(0.5))
    how = engine.results.Refinement(1, 4, psnr=30.0)
    assert part("scene.versions").take_result(obj, better, how) == 4
    expected = np.concatenate([DRAFT[3:] + np.float32(0.5), DRAFT[:3]])
    np.testing.assert_array_equal(part("scene.points").read(obj.data, "position"), expected)
    assert np.flatnonzero(masks.hidden(obj)).tolist() == [5, 6, 7, 8, 11], "what was hidden meanwhile, and what is hidden still"


def refined_half(obj: bpy.types.Object) -> tuple:
    """A refinement that was begun, and what `take_result` gets of it."""
    jobs, engine = part("jobs.scene_operators"), part("engine")
    given = jobs.work_on(obj, engine.kinds.REFINE, engine.settings.RefineSettings(steps=1)).start.gaussians
    better = replace(given, means=given.means + np.float32(0.5))
    return better, engine.results.Refinement(1, 4, psnr=30.0)


def test_what_was_hidden_is_there_afterwards_also_if_that_is_undone_while_a_job_runs(echo, photos):
    assert ops.reconstruct(directory=str(photos)) == {"FINISHED"}
    obj = bpy.context.object
    name = obj.name
    bpy.ops.ed.undo_push(message="reconstructed")
    part("scene.masks").hide(obj, np.arange(12) < 3)
    bpy.ops.ed.undo_push(message="hidden")
    result = refined_half(obj)
    bpy.ops.ed.undo()
    obj = bpy.data.objects[name]
    assert part("scene.masks").hidden(obj) is None
    part("scene.versions").take_result(obj, *result)
    expected = np.concatenate([DRAFT[3:] + np.float32(0.5), DRAFT[:3]])
    np.testing.assert_array_equal(part("scene.points").read(obj.data, "position"), expected)


@pytest.mark.parametrize("join", [ops.join_splats, bpy.ops.object.join])
def test_splats_that_are_joined_while_a_job_runs_are_there_afterwards(echo, photos, join):
    assert ops.reconstruct(directory=str(photos)) == {"FINISHED"}
    obj, points = bpy.context.object, part("scene.points")
    other = obj.copy()
    other.data = obj.data.copy()
    bpy.context.collection.objects.link(other)
    points.write(other.data, "position", "FLOAT_VECTOR", DRAFT + 100)
    refined_half(other)  # a job that was stopped
    result = refined_half(obj)
    other.select_set(True)
    if not join.poll():
        pytest.skip("this Blender does not join point clouds")
    assert join() == {"FINISHED"}
    part("scene.versions").take_result(obj, *result)
    expected = np.concatenate([DRAFT + np.float32(0.5), DRAFT + 100])
    np.testing.assert_array_equal(points.read(obj.data, "position"), expected)


@pytest.mark.parametrize("how", ["delete_splats", "separate_splats", "hide_splats"])
@pytest.mark.parametrize("applied", [False, True])
def test_what_is_taken_away_while_a_job_runs_arrives_hidden(echo, photos, how, applied):
    assert ops.reconstruct(directory=str(photos)) == {"FINISHED"}
    obj, masks = bpy.context.object, part("scene.masks")
    better, refinement = refined_half(obj)
    if applied:
        obj.location, obj.rotation_euler, obj.scale = (1, 2, 3), (0.3, 0, 0), (1.7,) * 3
        assert ops.apply_transform() == {"FINISHED"}
    masks.select(obj, np.arange(12) == 4)
    assert getattr(ops, how)() == {"FINISHED"}
    assert part("scene.versions").take_result(obj, better, refinement) == 1
    assert len(obj.data.points) == 12 and np.flatnonzero(masks.hidden(obj)).tolist() == [4]


def test_splats_that_are_moved_one_by_one_while_a_job_runs_stay_and_the_result_there_is_hidden(echo, photos):
    assert ops.reconstruct(directory=str(photos)) == {"FINISHED"}
    obj, masks, points = bpy.context.object, part("scene.masks"), part("scene.points")
    result = refined_half(obj)
    moved = DRAFT + 50 * (np.arange(12) == 4)[:, None]
    points.write(obj.data, "position", "FLOAT_VECTOR", moved)
    part("scene.versions").take_result(obj, *result)
    np.testing.assert_array_equal(points.read(obj.data, "position"), [*(DRAFT + np.float32(0.5)), moved[4]])
    assert np.flatnonzero(masks.hidden(obj)).tolist() == [4]


def test_a_draft_leaves_what_was_joined_while_it_was_decoded(echo, photos):
    assert ops.reconstruct(directory=str(photos)) == {"FINISHED"}
    obj, points, jobs, engine = bpy.context.object, part("scene.points"), part("jobs.scene_operators"), part("engine")
    work = jobs.work_on(obj, engine.kinds.DECODE, engine.settings.DecodeSettings())
    other = obj.copy()
    other.data = obj.data.copy()
    bpy.context.collection.objects.link(other)
    points.write(other.data, "position", "FLOAT_VECTOR", DRAFT + 100)
    other.select_set(True)
    assert ops.join_splats() == {"FINISHED"}
    assert jobs.replace_splats(obj, part("jobs.worker").start(work).result()) == (12, 0)
    np.testing.assert_array_equal(points.read(obj.data, "position"), np.concatenate([DRAFT, DRAFT + 100]))


def test_a_draft_replaces_what_an_undo_brings_back_while_it_is_decoded(echo, photos):
    assert ops.reconstruct(directory=str(photos)) == {"FINISHED"}
    obj, points, jobs, engine = bpy.context.object, part("scene.points"), part("jobs.scene_operators"), part("engine")
    name = obj.name
    part("scene.versions").take_result(obj, *refined_half(obj))
    bpy.ops.ed.undo_push(message="refined")
    part("scene.masks").select(obj, np.arange(12) < 4)
    assert ops.delete_splats() == {"FINISHED"}
    bpy.ops.ed.undo_push(message="deleted")
    work = jobs.work_on(obj, engine.kinds.DECODE, engine.settings.DecodeSettings())
    bpy.ops.ed.undo()
    obj = bpy.data.objects[name]
    assert len(obj.data.points) == 12
    assert jobs.replace_splats(obj, part("jobs.worker").start(work).result()) == (12, 0)
    np.testing.assert_array_equal(points.read(obj.data, "position"), DRAFT)


def test_coincident_splats_are_replaced_also_if_their_transform_is_applied_while_a_job_runs(echo, photos):
    assert ops.reconstruct(directory=str(photos)) == {"FINISHED"}
    obj, points, base = bpy.context.object, part("scene.points"), part("scene.radiance").BASE
    places, colors = DRAFT.repeat(3, 0)[:12], np.linspace(0.1, 0.9, 48, dtype=np.float32).reshape(12, 4)
    points.write(obj.data, "position", "FLOAT_VECTOR", places)
    points.write(obj.data, base, obj.data.attributes[base].data_type, colors)
    result = refined_half(obj)
    for _ in range(2):
        obj.location, obj.rotation_euler, obj.scale = (1, 2, 3), (0.3, 0, 0), (1.7,) * 3
        assert ops.apply_transform() == {"FINISHED"}
    part("scene.masks").select(obj, np.arange(12) == 4)
    assert ops.delete_splats() == {"FINISHED"}
    part("scene.versions").take_result(obj, *result)
    assert len(obj.data.points) == 12, "none of those that were handed over stay beside it"


def test_where_none_of_the_handed_splats_are_left_the_result_is_shown_beside_hidden_ones(echo, photos):
    assert ops.reconstruct(directory=str(photos)) == {"FINISHED"}
    obj, masks, points = bpy.context.object, part("scene.masks"), part("scene.points")
    result = refined_half(obj)
    points.write(obj.data, "position", "FLOAT_VECTOR", DRAFT + 100)  # as an undo that goes far back
    assert part("scene.versions").take_result(obj, *result) == 0
    np.testing.assert_array_equal(points.read(obj.data, "position"), np.concatenate([DRAFT + np.float32(0.5), DRAFT + 100]))
    assert masks.hidden(obj).tolist() == [False] * 12 + [True] * 12


def test_a_refinement_of_splats_that_are_gone_is_an_object_of_its_own(echo, photos, monkeypatch):
    assert ops.reconstruct(directory=str(photos)) == {"FINISHED"}
    obj, versions = bpy.context.object, part("scene.versions")
    name, session, carrier = obj.name, obj.tttlrm.session, obj.parent
    taken = part("jobs.activity").Activity.take

    def deleted_meanwhile(self, message):
        if name in bpy.data.objects:
            bpy.data.objects.remove(bpy.data.objects[name])
        taken(self, message)

    monkeypatch.setattr(part("jobs.activity").Activity, "take", deleted_meanwhile)
    assert ops.refine(steps=1) == {"FINISHED"}
    new = bpy.data.objects[name]
    assert (new.tttlrm.session, new.parent) == (session, carrier)
    assert versions.is_refined(new)
    np.testing.assert_array_equal(part("scene.points").read(new.data, "position"), DRAFT + np.float32(0.5))


@pytest.mark.slow
def test_object_and_worker_agree_whatever_is_done(echo):
    Life.TestCase.settings = settings(
        max_examples=200,
        stateful_step_count=12,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    Life.TestCase("runTest").runTest()
