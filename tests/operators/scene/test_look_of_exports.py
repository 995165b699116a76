# SPDX-License-Identifier: GPL-3.0-or-later
"""What Blender exports looks, from a camera, as the original does from the inversely moved camera."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from tttlrm_blender.gaussians.formats.registry import read_splats, write_splats
from tttlrm_blender.gaussians.gaussians import Gaussians
from tttlrm_blender.geometry.cameras import Cameras
from tttlrm_blender.geometry.quaternions import normalize

if find_spec("bpy") is None or find_spec("torch") is None:
    pytest.skip("the bpy module, or torch to draw with, is not installed", allow_module_level=True)

HOUSE = Path(__file__).parents[3]
SIZE = (160, 120)


def scene() -> Gaussians:
    """Splats of all shapes whose colours depend much on the view."""
    random = np.random.default_rng(0)
    arrays = (
        random.normal(size=(3000, 3)) * 0.7,
        normalize(random.normal(size=(3000, 4))),
        np.exp(random.normal(-3, 0.7, (3000, 3))),
        random.uniform(0.2, 0.95, 3000),
        random.normal(size=(3000, 16, 3)) * np.array([0.8, *[0.25] * 15])[:, None],
    )
    return Gaussians(*(array.astype(np.float32) for array in arrays))


def exported(source: Path, target: Path, matrix: np.ndarray) -> Gaussians:
    command = [sys.executable, str(Path(__file__).with_name("export_moved.py")), str(source), str(target)]
    environment = os.environ | {"PYTHONPATH": str(HOUSE)}
    run = subprocess.run([*command, json.dumps(matrix.tolist())], capture_output=True, text=True, env=environment)
    assert run.returncode == 0, run.stdout + run.stderr
    return read_splats(target)


def picture(splats: Gaussians, c2w: np.ndarray) -> np.ndarray:
    import torch

    from tttlrm_blender.render.rasterize import rasterize

    lens = [150.0, 150.0, SIZE[0] / 2, SIZE[1] / 2]
    camera = Cameras(c2w[None], np.array([lens]), np.array([SIZE]))
    with torch.no_grad():
        return rasterize(splats.map(torch.as_tensor), camera, SIZE, (0.2, 0.4, 0.6)).rgb[0].numpy()


def psnr(first: np.ndarray, second: np.ndarray) -> float:
    return float(-10 * np.log10(((first - second) ** 2).mean()))


@pytest.mark.blender
@pytest.mark.parametrize("suffix", [".ply", ".glb"])
@pytest.mark.parametrize("mirrored", [False, True], ids=["turned", "mirrored"])
def test_rotated_scaled_and_mirrored_objects(tmp_path, mirrored, suffix):
    turn, scale = Rotation.from_euler("xyz", [0.4, -1.1, 2.0]).as_matrix(), 1.7
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = scale * turn @ np.diag([-1 if mirrored else 1, 1, 1]), (1, -2, 0.5)
    write_splats(tmp_path / "a.ply", scene())
    moved = exported(tmp_path / "a.ply", tmp_path / f"b{suffix}", matrix)
    inverse = np.eye(4)
    inverse[:3, :3] = Rotation.from_euler("y", 0.3).as_matrix()
    inverse[:3, 3] = inverse[:3, :3] @ [0.1, 0.2, -4]
    c2w = matrix @ inverse
    c2w[:3, :3] /= scale
    if mirrored:  # the camera that the mirror shows is left-handed: turned back, it sees the picture from right to left
        c2w[:3, 0] *= -1
    after, before = picture(moved, c2w), picture(scene(), inverse)
    figure = psnr(after[:, ::-1] if mirrored else after, before)
    print(f"{figure:.1f} dB")
    assert figure >= 50
    assert psnr(after, picture(scene(), c2w)) < 30, "another camera sees another picture"
