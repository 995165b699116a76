# SPDX-License-Identifier: GPL-3.0-or-later
"""Splats and the photo of the camera that a view looks through."""

from pathlib import Path

import bpy
import gpu
import numpy as np
import pytest
from PIL import Image

from operators.scene.cameras import add_cameras, camera_of, look_through
from operators.scene.splats import add_splats
from operators.viewport import canvas, comparison
from operators.viewport.comparison import Comparison
from operators.viewport.overlay import Overlay
from operators.viewport.sight import Box, sight_through
from operators.viewport.visible import appearances
from tests.operators.viewport import gpu_process
from tests.operators.viewport.seen import AWAY, CAMERA, SIZE, random_splats
from tttlrm_blender.protocol.results import CameraTable

pytestmark = pytest.mark.usefixtures("registered")

EYE = gpu_process.eye_of(CAMERA)
WHOLE = (0, 0, *SIZE)


@pytest.fixture(autouse=True)
def empty_scene():
    bpy.ops.wm.read_factory_settings(use_empty=True)
    gpu_process.begin()


@pytest.fixture(autouse=True, scope="module")
def the_end():
    yield
    comparison.forget()
    canvas.forget()


@pytest.fixture
def photo() -> np.ndarray:
    """[H, W, 3] uint8."""
    return np.random.default_rng(1).integers(0, 256, (SIZE[1], SIZE[0], 3), dtype=np.uint8)


@pytest.fixture
def camera(photo, tmp_path: Path) -> bpy.types.Object:
    """One with the photo, in a scene that renders what it sees."""
    Image.fromarray(photo).save(tmp_path / "1.png")
    table = CameraTable(["1.png"], CAMERA.c2w, CAMERA.intrinsics, CAMERA.sizes)
    (made,) = add_cameras(table, {"1.png": tmp_path / "1.png"}, bpy.context.collection)
    look_through(bpy.context.scene, made, SIZE)
    return made


def sight(camera: bpy.types.Object, projection: np.ndarray = EYE.projection, size: tuple[int, int] = SIZE):
    return sight_through(bpy.context.scene, camera, size, projection)


def corners(box: Box) -> tuple[float, float, float, float]:
    return box.left, box.bottom, box.right, box.top


def drawn(compared: Comparison, aside: bool = False, depth: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """The picture of the splats [H, W, 4], and what is seen in the end [H, W, 3], as sRGB from 0 to 1."""
    overlay, target = Overlay(), gpu.types.GPUOffScreen(*SIZE, format="RGBA32F")
    while True:
        with target.bind():
            gpu.state.active_framebuffer_get().clear(color=(0.0, 0.0, 0.0, 0.0), depth=depth)
            seen = appearances(bpy.context.evaluated_depsgraph_get(), None, all_of_them=aside)
            overlay.draw(0, seen, EYE, aside, alone=compared.difference)
            compared.draw(overlay.views[0].canvas.picture, overlay.views[0].canvas.depths)
        overlay.background.wait()
        if not overlay.news():
            break
    overlay.background.close()
    made = overlay.views[0].canvas.picture
    picture = gpu_process.read(gpu.types.GPUFrameBuffer(color_slots=made), SIZE) if made else np.zeros((*SIZE[::-1], 4))
    return picture, gpu_process.read(target, SIZE)[..., :3] ** (1 / 2.2)


def test_a_photo_fills_the_frame_of_its_camera(camera):
    found = sight(camera)
    np.testing.assert_allclose(corners(found.photo), WHOLE, atol=1e-3)
    np.testing.assert_allclose(corners(found.shown), WHOLE, atol=1e-3)


@pytest.mark.parametrize("shift", [0.0, 0.3])
def test_a_photo_stays_in_the_frame_when_the_view_is_zoomed_and_moved(camera, shift):
    zoomed = EYE.projection.copy()
    zoomed[:2] *= 0.5
    zoomed[0, 2] -= shift
    found = sight(camera, zoomed, (2 * SIZE[0], 2 * SIZE[1]))
    left, bottom = 32 + shift * SIZE[0], 24
    np.testing.assert_allclose(corners(found.photo), (left, bottom, left + 64, bottom + 48), atol=1e-3)
    np.testing.assert_allclose(corners(found.shown), corners(found.photo), atol=1e-3)


@pytest.mark.parametrize(("render", "shown"), [((64, 24), (0, 12, 64, 36)), ((64, 96), WHOLE), ((128, 96), WHOLE)])
def test_of_a_photo_of_another_shape_than_the_render_the_frame_shows_its_part(camera, render, shown):
    """The lens sees the same as before: the photo keeps its place, and is cut where the render ends."""
    bpy.context.scene.render.resolution_x, bpy.context.scene.render.resolution_y = render
    found = sight(camera)
    np.testing.assert_allclose(corners(found.photo), WHOLE, atol=1e-3)
    np.testing.assert_allclose(corners(found.shown), shown, atol=1e-3)


def test_there_is_nothing_to_see_without_a_photo(camera):
    camera_of(camera).background_images.clear()
    assert sight(camera) is None


@pytest.mark.parametrize("split", [0.0, 0.5, 1.0])
def test_the_photo_is_to_the_right_of_the_line(camera, photo, split, older_blender):
    add_splats("cloud", random_splats()).matrix_world = AWAY
    picture, seen = drawn(Comparison(sight(camera), False, split, 4.0))
    column = round(split * SIZE[0])
    left, right = seen[:, : max(column - 3, 0)], seen[:, column + 3 :]
    np.testing.assert_allclose(right, photo[:, column + 3 :] / 255, atol=0.01)
    np.testing.assert_allclose(left, np.clip(picture[:, : left.shape[1], :3], 0, 1), atol=0.01)
    assert picture[..., 3].any()


@pytest.mark.parametrize("aside", [False, True])
def test_differences_are_those_of_the_colors_as_they_are_seen(camera, photo, aside, older_blender):
    """Splats that Blender draws by itself are drawn aside."""
    add_splats("cloud", random_splats()).matrix_world = AWAY
    picture, seen = drawn(Comparison(sight(camera), True, 0.5, 2.0), aside)
    np.testing.assert_allclose(seen, np.clip(2 * np.abs(picture[..., :3] - photo / 255), 0, 1), atol=0.02)


def test_splats_that_blender_draws_are_compared_as_well(camera, photo):
    add_splats("cloud", random_splats()).matrix_world = AWAY
    picture, seen = drawn(Comparison(sight(camera), True, 0.5, 1.0), aside=True)
    assert picture[..., 3].max() > 0.5
    np.testing.assert_allclose(seen, np.clip(np.abs(picture[..., :3] - photo / 255), 0, 1), atol=0.02)


def test_what_is_nearer_is_not_in_the_difference(camera, older_blender):
    add_splats("splats", random_splats(60), bpy.context.collection)
    far, near = (drawn(Comparison(sight(camera), True, 0.5, 1.0), depth=depth)[1] for depth in (1.0, 0.0))
    assert far.any() and np.array_equal(far, near)


def test_there_is_nothing_to_see_of_a_photo_whose_file_is_gone(camera, tmp_path):
    (tmp_path / "1.png").unlink()
    bpy.data.images["1.png"].reload()
    assert sight(camera) is None
