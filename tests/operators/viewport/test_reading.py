# SPDX-License-Identifier: GPL-3.0-or-later
"""What may happen while the overlay reads splats, which takes several drawings."""

from types import SimpleNamespace

import bpy
import gpu
import numpy as np
import pytest

from operators.scene import masks, points, preview, radiance
from operators.scene.splats import add_splats, remove_splats, update_splats
from operators.viewport import canvas, handlers, overlay, reading
from operators.viewport.visible import appearances
from tests.operators.viewport import gpu_process
from tests.operators.viewport.seen import AWAY, CAMERA, KEPT, SIZE, random_splats

EYE = gpu_process.eye_of(CAMERA)
ATTRIBUTES = 19  # of splats of degree 3


@pytest.fixture(scope="module", autouse=True)
def listening():
    handlers.register()
    yield
    handlers.unregister()
    canvas.forget()


@pytest.fixture(autouse=True)
def splats(monkeypatch, older_blender):
    """Splats in a scene, and readings that take one attribute at a time."""
    monkeypatch.setattr(reading, "AT_ONCE", 0.0)
    bpy.ops.wm.read_homefile(use_empty=True)
    gpu_process.begin()
    obj = add_splats("cloud", random_splats())
    obj.matrix_world = AWAY
    return obj


def clouds():
    return {one.key: one.cloud for one in appearances(bpy.context.evaluated_depsgraph_get(), None)}


def test_a_reading_goes_on_attribute_by_attribute_and_gives_all(splats):
    begun, steps = reading.Reading(reading.plan(clouds())), 1
    while not begun.go_on(clouds()):
        steps += 1
    (read,) = begun.clouds()
    assert steps == ATTRIBUTES
    names = [*reading.SHAPES, *radiance.SH]
    for name, values in zip(names, (read.means, read.quats, read.scales, read.base, *read.coefficients), strict=True):
        assert np.array_equal(values, points.read(splats.data, name)), name


def edit():
    cloud = bpy.data.objects["cloud"].data
    points.write(cloud, "radiance:base", cloud.attributes["radiance:base"].data_type, points.read(cloud, "radiance:base") * 0.5)
    cloud.update_tag()


def replace_by_as_many():
    update_splats(bpy.data.objects["cloud"], random_splats(seed=1))


def open_another_file():
    bpy.ops.wm.read_homefile(use_empty=True)
    add_splats("other", random_splats(seed=2)).matrix_world = AWAY


def undo():
    """What was there when the reading began was itself an edit."""
    bpy.ops.ed.undo()


HAPPENINGS = {
    "edited": edit,
    "replaced by as many": replace_by_as_many,
    "replaced by more": lambda: update_splats(bpy.data.objects["cloud"], random_splats(300)),
    "some hidden": lambda: masks.hide(bpy.data.objects["cloud"], ~KEPT),
    "hidden": lambda: bpy.data.objects["cloud"].hide_set(True),
    "removed": lambda: remove_splats(bpy.data.objects["cloud"]),
    "undone": undo,
    "another file": open_another_file,
}


@pytest.mark.parametrize("drawings", [1, 2, 10, ATTRIBUTES, ATTRIBUTES + 1])
@pytest.mark.parametrize("happening", HAPPENINGS)
def test_what_happens_meanwhile_is_seen(happening, drawings):
    bpy.ops.ed.undo_push(message="before")
    edit()
    bpy.ops.ed.undo_push(message="edited")
    shown, target = overlay.Overlay(), gpu.types.GPUOffScreen(*SIZE, format="RGBA32F")
    for _ in range(drawings):
        gpu_process.draw_once(shown, target, EYE)
    HAPPENINGS[happening]()
    gpu_process.draw_until_done(shown, target, EYE)
    shown.background.close()
    _, afresh = gpu_process.draw_overlay(EYE, SIZE)
    assert np.array_equal(gpu_process.read(target, SIZE), afresh)
    assert afresh.any() != (happening in {"hidden", "removed"})


def test_what_is_hidden_for_a_while_is_read_to_the_end(splats):
    shown, target = overlay.Overlay(), gpu.types.GPUOffScreen(*SIZE, format="RGBA32F")
    for hidden in (False, True, False):
        splats.hide_set(hidden)
        for _ in range(3):
            gpu_process.draw_once(shown, target, EYE)
    gpu_process.draw_until_done(shown, target, EYE)
    shown.background.close()
    assert gpu_process.read(target, SIZE).any()


def test_previews_that_come_faster_than_they_are_read_are_drawn(monkeypatch):
    shown, target, drawn = overlay.Overlay(), gpu.types.GPUOffScreen(*SIZE, format="RGBA32F"), []
    monkeypatch.setattr(preview, "readers", [lambda: shown.reading])
    offered = preview.Preview()
    for count in range(200, 300):  # one with every drawing, each of which reads one attribute
        offered.offer(random_splats(count, degree=1))
        gpu_process.draw_once(shown, target, EYE)
        order = shown.views[0].order
        drawn.append(len(order.packing.packed.means) if order else 0)
    shown.background.close()
    assert len(set(drawn)) > 3 and drawn == sorted(drawn), "newer ones, again and again"


def test_previews_wait_for_the_scene_that_a_window_shows(monkeypatch):
    for scene, waits in ((bpy.context.scene, True), (bpy.data.scenes.new("other"), False)):
        key = (scene.session_uid, scene.view_layers[0].name)
        monkeypatch.setattr(handlers, "_overlays", {key: SimpleNamespace(reading=True)})
        assert handlers.reading() == waits


def test_clouds_of_as_many_splats_have_other_keys(splats):
    seen = set()
    for seed in range(20):
        update_splats(splats, random_splats(seed=seed))
        keys = set(clouds())
        assert not keys & seen
        seen |= keys
