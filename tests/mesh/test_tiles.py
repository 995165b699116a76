# SPDX-License-Identifier: GPL-3.0-or-later
"""Images of meshes whose texture coordinates lie anywhere."""

from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
import trimesh
from PIL import Image

from tttlrm_blender.mesh.mesh import make_mesh
from tttlrm_blender.mesh.occlusion import Sky
from tttlrm_blender.mesh.pictures import SplatPictures
from tttlrm_blender.mesh.tiles import bake_tiles
from tttlrm_blender.progress import Report
from tttlrm_blender.protocol.settings import BakeSettings

from .conftest import CENTER, RADIUS

SETTINGS = BakeSettings(texture=32, image="png")


class Counted(SplatPictures):
    """Pictures that count how often their light is measured."""

    measured = 0

    def in_even_light(self, points, listen=None):
        type(self).measured += 1
        return self


@pytest.fixture
def ball():
    sphere = trimesh.creation.icosphere(1)
    return make_mesh(RADIUS * sphere.vertices + CENTER, sphere.faces, np.ones_like(sphere.vertices))


@pytest.fixture
def uv(ball) -> np.ndarray:
    """Faces in rows and columns of small triangles."""
    place = np.stack(np.divmod(np.arange(len(ball.faces)), 10), axis=1)[:, None] / 10
    return (place + np.float32([[0.01, 0.01], [0.09, 0.01], [0.01, 0.09]])).astype(np.float32)


@pytest.mark.parametrize("shift", [[-1, 0], [-7, -3], [12, 0], [0, 150]])
def test_coordinates_outside_of_all_tiles_are_those_of_the_first(sphere_maps, ball, uv, shift):
    inside, outside = (
        bake_tiles(ball, each, SETTINGS, SplatPictures(sphere_maps), Report()) for each in (uv, uv + np.float32(shift))
    )
    assert list(inside) == list(outside) == ["base_color"]
    colors, others = (np.asarray(Image.open(BytesIO(each["base_color"].tobytes())), int) for each in (inside, outside))
    assert np.abs(colors - others).mean() < 3 and colors.std() > 20


def test_light_and_sky_are_measured_once_for_all_tiles(sphere_maps, ball, uv, monkeypatch):
    skies, over = [], Sky.over
    monkeypatch.setattr(Sky, "over", staticmethod(lambda mesh, listen: skies.append(over(mesh, listen)) or skies[-1]))
    uv[::2] += 1
    textures = bake_tiles(ball, uv, replace(SETTINGS, occlusion=True), Counted(sphere_maps), Report())
    assert list(textures) == ["base_color.1001", "occlusion.1001", "base_color.1012", "occlusion.1012"]
    assert Counted.measured == len(skies) == 1
