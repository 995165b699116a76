# SPDX-License-Identifier: GPL-3.0-or-later
"""Distortion agrees with COLMAP's."""

import json
import subprocess
import sys

import numpy as np

from tttlrm_blender.photos.distortion import PARAMETERS, Distortion

LENSES = [
    Distortion("OPENCV", (0.1, -0.05, 0.002, -0.003)),
    Distortion("FULL_OPENCV", (0.1, -0.05, 0.002, -0.003, 0.01, 0.05, -0.02, 0.004)),
    Distortion("OPENCV_FISHEYE", (0.1, -0.02, 0.003, 0.001)),
    Distortion("FOV", (0.8,)),
    Distortion("THIN_PRISM_FISHEYE", (0.1, 0.02, 0.003, 0.001, 0.01, 0.02, 0.002, 0.003)),
    Distortion("RAD_TAN_THIN_PRISM_FISHEYE", (0.1, 0.02, 0.003, 0.001, 2e-4, 1e-4, 0.002, 0.003, 0.004, 0.001, 0.005, 0.002)),
    Distortion("DIVISION", (-0.1,)),
    Distortion("EUCM", (0.6, 1.1)),
]
PROGRAM = """
import json, sys, pycolmap
job = json.load(sys.stdin)
for model, values in job["lenses"]:
    camera = pycolmap.Camera(model=model, width=1, height=1, params=[1, 1, 0, 0, *values])
    print(json.dumps([camera.img_from_cam([x, y, 1.0]).tolist() for x, y in job["rays"]]))
"""


def test_distortion_agrees_with_colmap() -> None:
    """The same rays through pycolmap, in a process of its own."""
    assert {lens.model for lens in LENSES} == set(PARAMETERS)
    rays = np.concatenate([np.zeros((1, 2)), np.random.default_rng(0).uniform(-0.6, 0.6, (20, 2))])
    job = json.dumps({"lenses": [(lens.model, lens.values) for lens in LENSES], "rays": rays.tolist()})
    done = subprocess.run([sys.executable, "-c", PROGRAM], input=job, capture_output=True, text=True, check=True)
    for lens, line in zip(LENSES, done.stdout.splitlines(), strict=True):
        np.testing.assert_allclose(lens(rays), json.loads(line), atol=1e-9, err_msg=lens.model)


def test_a_plain_lens_does_not_distort() -> None:
    rays = np.random.default_rng(0).uniform(-2, 2, (3, 4, 2))
    assert not Distortion().bends and np.array_equal(Distortion()(rays), rays)
    assert all(lens.bends for lens in LENSES)
    assert Distortion("OPENCV_FISHEYE").bends


def test_points_where_a_model_is_undefined_are_nan() -> None:
    assert np.isnan(Distortion("DIVISION", (0.3,))(np.array([2.0, 0.0]))).all()
