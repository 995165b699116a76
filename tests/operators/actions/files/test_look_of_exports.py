# SPDX-License-Identifier: GPL-3.0-or-later
"""What Blender exports looks, from a camera, as the original does from the inversely moved camera."""

from pathlib import Path

import bpy
import numpy as np
import pytest
from mathutils import Matrix
from scipy.spatial.transform import Rotation

from tests.operators import engine_pictures
from tttlrm_blender.gaussians.formats.registry import read_splats, write_splats
from tttlrm_blender.gaussians.gaussians import Gaussians
from tttlrm_blender.geometry.cameras import Cameras
from tttlrm_blender.geometry.quaternions import normalize

SUFFIXES = (".ply", ".glb")
BACKGROUND = (0.2, 0.4, 0.6)
SIZE = (160, 120)


def scene() -> Gaussians:
    """Splats of all shapes whose colors depend much on the view."""
    random = np.random.default_rng(0)
    arrays = (
        random.normal(size=(3000, 3)) * 0.7,
        normalize(random.normal(size=(3000, 4))),
        np.exp(random.normal(-3, 0.7, (3000, 3))),
        random.uniform(0.2, 0.95, 3000),
        random.normal(size=(3000, 16, 3)) * np.array([0.8, *[0.25] * 15])[:, None],
    )
    return Gaussians(*(array.astype(np.float32) for array in arrays))


def moved(source: Path, target: Path, matrix: np.ndarray) -> Gaussians:
    """Splats of a file that went into Blender, were given a matrix there and exported to another file."""
    bpy.ops.wm.read_homefile(use_empty=True)
    bpy.ops.tttlrm.import_splats(filepath=str(source), up_axis="Z")
    bpy.context.object.matrix_world = Matrix(matrix)
    bpy.ops.tttlrm.export_splats(filepath=str(target), up_axis="Z")
    return read_splats(target)


def camera(c2w: np.ndarray) -> Cameras:
    return Cameras(c2w[None], np.array([[150.0, 150.0, SIZE[0] / 2, SIZE[1] / 2]]), np.array([SIZE]))


def placed(mirrored: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A matrix for the splats, and cameras that should see the same: of the splats before, and after."""
    turn, scale = Rotation.from_euler("xyz", [0.4, -1.1, 2.0]).as_matrix(), 1.7
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = scale * turn @ np.diag([-1 if mirrored else 1, 1, 1]), (1, -2, 0.5)
    inverse = np.eye(4)
    inverse[:3, :3] = Rotation.from_euler("y", 0.3).as_matrix()
    inverse[:3, 3] = inverse[:3, :3] @ [0.1, 0.2, -4]
    c2w = matrix @ inverse
    c2w[:3, :3] /= scale
    if mirrored:  # the camera that the mirror shows is left-handed: turned back, it sees the picture from right to left
        c2w[:3, 0] *= -1
    return matrix, inverse, c2w


@pytest.fixture(scope="module")
def pictures(installed, tmp_path_factory) -> dict[str, np.ndarray]:
    """What is seen in all cases, [H, W, 3], by case and what it is."""
    folder, views = tmp_path_factory.mktemp("exports"), {}
    write_splats(folder / "a.ply", scene())
    for mirrored in (False, True):
        matrix, inverse, c2w = placed(mirrored)
        views[f"{mirrored}/before"], views[f"{mirrored}/other"] = (scene(), camera(inverse)), (scene(), camera(c2w))
        for suffix in SUFFIXES:
            after = moved(folder / "a.ply", folder / f"{mirrored}{suffix}", matrix)
            views[f"{mirrored}/after{suffix}"] = after, camera(c2w)
    drawn = engine_pictures.draw(views, folder, "cpu")
    return {name: each[..., :3] + (1 - each[..., 3:]) * BACKGROUND for name, each in drawn.items()}


def psnr(first: np.ndarray, second: np.ndarray) -> float:
    return float(-10 * np.log10(((first - second) ** 2).mean()))


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("mirrored", [False, True], ids=["turned", "mirrored"])
def test_rotated_scaled_and_mirrored_objects(pictures, mirrored, suffix):
    before, after, other = (pictures[f"{mirrored}/{name}"] for name in ("before", f"after{suffix}", "other"))
    figure = psnr(after[:, ::-1] if mirrored else after, before)
    print(f"{figure:.1f} dB")
    assert figure >= 50
    assert psnr(after, other) < 30, "another camera sees another picture"
