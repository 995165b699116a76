# SPDX-License-Identifier: GPL-3.0-or-later
"""The overlay draws what the engine does."""

from dataclasses import replace

import bpy
import gpu
import numpy as np
import pytest
from gpu_extras.batch import batch_for_shader
from mathutils import Euler, Matrix

from operators.engine import drawing
from operators.scene import masks, points
from operators.scene.drawing import NAME
from operators.scene.splats import add_splats, read_splats, remove_splats, update_splats
from operators.viewport import canvas
from operators.viewport.overlay import Overlay
from operators.viewport.visible import appearances, note_changes
from tests.operators import engine_pictures
from tests.operators.viewport import gpu_process
from tests.operators.viewport.seen import AWAY, CAMERA, KEPT, SIZE, random_splats
from tttlrm_blender.gaussians.gaussians import Gaussians, merge
from tttlrm_blender.gaussians.transform import apply_matrix
from tttlrm_blender.geometry.cameras import Cameras

pytestmark = pytest.mark.usefixtures("older_blender")

MATRICES = {
    "moved": AWAY,
    "turned": AWAY @ Euler((0.3, -1.2, 2.0)).to_matrix().to_4x4(),
    "mirrored": AWAY @ Euler((0.3, -1.2, 2.0)).to_matrix().to_4x4() @ Matrix.Diagonal((-1, 1, 1, 1)),
    "stretched": AWAY @ Euler((0.3, -1.2, 2.0)).to_matrix().to_4x4() @ Matrix.Diagonal((1, 0.4, 1.7, 1)),
}
BESIDE = Matrix.Translation((-0.5, 0.2, 0.5))  # where a second appearance is, seen from the first


@pytest.fixture(scope="module")
def references(tmp_path_factory):
    """What the plain rasterizer draws, by name: splats moved by each matrix, two clouds at once, degree 1, and some of them."""
    splats = {name: apply_matrix(random_splats(), np.array(matrix)) for name, matrix in MATRICES.items()}
    splats["twice"] = merge([splats["turned"], apply_matrix(random_splats(), np.array(BESIDE @ MATRICES["turned"]))])
    splats["antialiased"] = apply_matrix(fine_splats(antialiased=True), np.array(MATRICES["turned"]))
    splats["classic"] = apply_matrix(fine_splats(antialiased=False), np.array(MATRICES["turned"]))
    splats["plain"] = apply_matrix(random_splats(degree=1), np.array(AWAY))
    splats["kept"] = apply_matrix(random_splats()[KEPT], np.array(AWAY))
    return engine_pictures.draw({name: (one, CAMERA) for name, one in splats.items()}, tmp_path_factory.mktemp("references"))


@pytest.fixture(autouse=True)
def empty_scene():
    bpy.ops.wm.read_factory_settings(use_empty=True)
    gpu_process.begin()


@pytest.fixture(autouse=True, scope="module")
def the_end():
    yield
    canvas.forget()


def fine_splats(antialiased):
    """Splats about as large as a pixel, of which the filter leaves a fraction."""
    splats = random_splats(400)
    return replace(splats, scales=splats.scales / 5, antialiased=antialiased)


def draw(**options):
    return gpu_process.draw_overlay(gpu_process.eye_of(CAMERA), SIZE, **options)


def psnr(picture, reference):
    return -10 * np.log10(np.square(picture - reference).mean())


@pytest.mark.parametrize("name", MATRICES)
def test_the_picture_is_the_rasterizers_under_any_transform(references, name):
    add_splats("cloud", random_splats()).matrix_world = MATRICES[name]
    picture, _ = draw()
    assert psnr(picture, references[name]) > 40


def test_antialiased_splats_are_drawn_so_and_others_are_not(references):
    for name, other in (("antialiased", "classic"), ("classic", "antialiased")):
        obj = add_splats("cloud", fine_splats(antialiased=name == "antialiased"))
        obj.matrix_world = MATRICES["turned"]
        picture, _ = draw()
        assert psnr(picture, references[name]) > 40 > 30 > psnr(picture, references[other])
        obj.hide_set(True)


def test_joined_splats_are_drawn_each_in_its_own_way(references):
    objects = [add_splats("cloud", fine_splats(antialiased)) for antialiased in (True, False)]
    for obj in objects:
        obj.matrix_world = AWAY
    separate, _ = draw()
    tables = [points.read_all(points.cloud_of(obj)) for obj in objects]
    points.replace(objects[0].data, points.cloud_like(objects[0].data, points.stacked(tables)))
    remove_splats(objects[1])
    assert separate.any() and psnr(draw()[0], separate) > 60


def test_what_lies_beside_the_view_is_no_fog_over_it():
    """Linearized out there, splats larger than their distance would lie over all of the view."""
    wide = Gaussians(*(np.array([row], dtype=np.float32) for row in ((3, 0, 1.5), (1, 0, 0, 0), (2, 2, 2), 1, [[1, 1, 1]])))
    add_splats("beside", wide)
    picture, _ = draw()
    assert picture.max() == 0


def test_few_coefficients_are_enough(references):
    add_splats("cloud", random_splats(degree=1)).matrix_world = AWAY
    picture, _ = draw()
    assert psnr(picture, references["plain"]) > 40


def test_the_overlay_is_the_picture_in_the_light_that_blender_expects(references):
    """Blender shows what lies over the scene with the exponent 1 / 2.2."""
    add_splats("cloud", random_splats()).matrix_world = AWAY
    picture, over = draw()
    solid = picture[..., 3] > 0.5
    shown = (over[solid, :3] / over[solid, 3:]) ** (1 / 2.2) * over[solid, 3:]
    np.testing.assert_allclose(shown, picture[solid, :3], atol=2e-3)
    np.testing.assert_allclose(over[..., 3], picture[..., 3], atol=1e-6)


def test_a_view_without_perspective_is_one_from_far_away():
    add_splats("cloud", random_splats()).matrix_world = MATRICES["turned"]
    scale, away = 20.0, 5000.0  # pixels for a unit
    flat = gpu_process.eye_of(CAMERA)
    flat.projection[:] = np.diag([2 * scale / SIZE[0], 2 * scale / SIZE[1], -2 / 100, 1])
    far = Cameras(CAMERA.c2w.copy(), np.array([[scale * away, scale * away, SIZE[0] / 2, SIZE[1] / 2]]), CAMERA.sizes)
    far.c2w[0, 2, 3] = 3 - away  # the cloud is at 3
    pictures = [gpu_process.draw_overlay(eye, SIZE)[0] for eye in (flat, gpu_process.eye_of(far, far=2 * away))]
    assert pictures[0].any() and psnr(*pictures) > 40


@pytest.mark.parametrize("kind", ["duplicate", "instance"])
def test_instances_and_linked_duplicates_mingle_with_the_rest(references, kind):
    obj = add_splats("cloud", random_splats())
    obj.matrix_world = MATRICES["turned"]
    if kind == "duplicate":
        other = bpy.data.objects.new("other", obj.data)
        other.matrix_world = BESIDE @ MATRICES["turned"]
    else:
        collection = bpy.data.collections.new("thing")
        bpy.context.scene.collection.children.link(collection)
        bpy.context.collection.objects.unlink(obj)
        collection.objects.link(obj)
        other = bpy.data.objects.new("other", None)
        other.instance_type, other.instance_collection, other.matrix_world = "COLLECTION", collection, BESIDE
    bpy.context.scene.collection.objects.link(other)
    picture, _ = draw()
    assert psnr(picture, references["twice"]) > 40


def test_what_is_in_front_hides_splats(references):
    add_splats("cloud", random_splats()).matrix_world = AWAY

    def wall():
        """A plane one unit away that reaches from the middle to the left."""
        shader = gpu.shader.from_builtin("UNIFORM_COLOR")
        eye = gpu_process.eye_of(CAMERA)
        gpu.matrix.load_matrix(Matrix(eye.view))
        gpu.matrix.load_projection_matrix(Matrix(eye.projection))
        gpu.state.depth_test_set("LESS")
        gpu.state.depth_mask_set(True)
        shader.uniform_float("color", (0, 0, 0, 0))
        corners = [(0, -9, 1), (0, 9, 1), (-9, -9, 1), (-9, 9, 1)]
        batch_for_shader(shader, "TRI_STRIP", {"pos": corners}).draw(shader)
        gpu.state.depth_mask_set(False)
        gpu.state.depth_test_set("NONE")

    picture, _ = draw(scene=wall)
    middle = round(CAMERA.intrinsics[0][2])
    assert not picture[:, :middle].any()
    assert psnr(picture[:, middle:], references["moved"][:, middle:]) > 40


@pytest.mark.parametrize("kind", ["object", "duplicate"])
def test_hidden_splats_are_left_out_until_they_are_revealed(references, kind):
    obj = add_splats("cloud", random_splats())
    obj.matrix_world = AWAY
    if kind == "duplicate":
        other = bpy.data.objects.new("other", obj.data)
        other.matrix_world = AWAY
        bpy.context.scene.collection.objects.link(other)
        obj.hide_set(True)
    masks.hide(obj, ~KEPT)
    assert psnr(draw()[0], references["kept"]) > 40
    masks.hide(obj, np.zeros_like(KEPT))
    assert psnr(draw()[0], references["moved"]) > 40


def test_splats_that_are_far_below_a_pixel_are_not_drawn():
    obj = add_splats("cloud", random_splats())
    obj.matrix_world = AWAY
    assert draw()[0].any()
    obj.matrix_world = AWAY @ Matrix.Scale(1e-4, 4)
    assert not draw()[0].any()


def seen():
    return appearances(bpy.context.evaluated_depsgraph_get(), None)


def test_hidden_objects_and_those_that_blender_draws_are_left_out():
    obj = add_splats("cloud", random_splats(5))
    assert len(seen()) == 1
    obj.modifiers[NAME].show_viewport = True
    assert not seen()
    obj.modifiers[NAME].show_viewport = False
    obj.hide_set(True)
    assert not seen()


def test_nothing_is_drawn_for_nothing():
    add_splats("cloud", random_splats(0))
    picture, over = draw()
    assert not picture.any() and not over.any()


def test_renders_show_the_modifier_and_the_viewport_neither_it_nor_balls():
    obj = add_splats("cloud", random_splats(5))
    assert obj.modifiers[NAME].show_render and not obj.modifiers[NAME].show_viewport
    radii = np.ones(5, dtype=np.float32)
    obj.data.attributes["radius"].data.foreach_get("value", radii)
    assert not radii.any()


def test_changed_clouds_have_other_keys():
    obj = add_splats("cloud", random_splats(5))
    keys = {one.key for one in seen()}
    graph = bpy.context.evaluated_depsgraph_get()
    bpy.app.handlers.depsgraph_update_post.append(note := lambda scene, graph: note_changes(graph.updates))
    obj.location.x = 1
    graph.update()
    assert {one.key for one in seen()} == keys
    obj.data.attributes["position"].data[0].vector = (9, 9, 9)
    obj.data.update_tag()
    graph.update()
    assert not {one.key for one in seen()} & keys
    bpy.app.handlers.depsgraph_update_post.remove(note)
    keys |= {one.key for one in seen()}
    update_splats(obj, random_splats(6))
    assert not {one.key for one in seen()} & keys
    assert len(read_splats(obj)) == 6


def test_what_a_closed_region_showed_is_let_go_of():
    overlay, eye = Overlay(), drawing.Eye(np.eye(4), np.eye(4))
    for region in (1, 2):
        overlay.draw(region, [], eye)
    assert set(overlay.views) == {2}
    overlay.background.close()


def test_splats_are_drawn_anew_only_if_that_changes_anything(monkeypatch):
    obj = add_splats("cloud", random_splats())
    obj.matrix_world = MATRICES["turned"]
    overlay, target, eye = Overlay(), gpu.types.GPUOffScreen(*SIZE, format="RGBA32F"), gpu_process.eye_of(CAMERA)
    drawn, draw_splats = [], canvas._draw_splats
    monkeypatch.setattr(canvas, "_draw_splats", lambda *what: drawn.append(draw_splats(*what)))
    gpu_process.draw_until_done(overlay, target, eye)
    before = gpu_process.read(target, SIZE)
    drawn.clear()
    gpu_process.draw_once(overlay, target, eye)
    assert not drawn and before.any() and np.array_equal(gpu_process.read(target, SIZE), before)
    obj.matrix_world = MATRICES["moved"]
    gpu_process.draw_until_done(overlay, target, eye)
    assert drawn and not np.array_equal(gpu_process.read(target, SIZE), before)
    drawn.clear()
    gpu_process.draw_once(overlay, target, eye, lambda: gpu.state.active_framebuffer_get().clear(depth=0.0))
    assert drawn and not gpu_process.read(target, SIZE).any()
    overlay.background.close()


def test_splats_are_sorted_for_where_a_view_is_flying_to():
    add_splats("cloud", random_splats()).matrix_world = AWAY
    here = gpu_process.eye_of(CAMERA)
    there = replace(here, view=here.view @ np.array(Matrix.Rotation(2.0, 4, "X")))

    def order(eye: drawing.Eye, later: drawing.Eye | None = None) -> np.ndarray:
        overlay, target = Overlay(), gpu.types.GPUOffScreen(*SIZE, format="RGBA32F")
        while overlay.news() or 0 not in overlay.views:
            with target.bind():
                overlay.draw(0, appearances(bpy.context.evaluated_depsgraph_get(), None), eye, later=later)
            overlay.background.wait()
        overlay.background.close()
        return overlay.views[0].order.texels

    assert np.array_equal(order(here, there), order(there)) and not np.array_equal(order(here), order(there))
