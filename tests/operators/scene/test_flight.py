# SPDX-License-Identifier: GPL-3.0-or-later
"""The frame of a camera fits into the view, beside the sidebar."""

import math

import bpy
import pytest

from operators.scene.flight import FILLED, fitted, fly_to_camera, views_now


@pytest.mark.parametrize(("width", "height"), [(1000, 600), (600, 1000)])
@pytest.mark.parametrize("fit", ["HORIZONTAL", "VERTICAL"])
@pytest.mark.parametrize(("across", "up"), [(400, 300), (300, 400)])
@pytest.mark.parametrize("covered", [0, 200])
def test_the_frame_fits_beside_the_sidebar(width, height, fit, across, up, covered):
    scene = bpy.context.scene
    scene.camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    scene.camera.data.sensor_fit = fit
    scene.render.resolution_x, scene.render.resolution_y = across, up
    zoom, shift = fitted(scene, (width, height), covered)
    factor = (math.sqrt(2) + zoom / 50) ** 2 / 4
    frame_up = factor * (height if fit == "VERTICAL" else width * up / across)
    frame_across = frame_up * across / up
    assert max(frame_across / (width - covered), frame_up / height) == pytest.approx(FILLED)
    assert 2 * factor * shift * width == pytest.approx(covered / 2)
    scene.camera = None


def test_without_windows_no_view_flies():
    assert views_now() == {}
    fly_to_camera({})
