# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine's pictures of splats, drawn in a process with torch."""

import subprocess
import sys
from pathlib import Path

import numpy as np

from tests.operators.worker_python import WORKER_PYTHON
from tttlrm_blender.gaussians.gaussians import Gaussians
from tttlrm_blender.geometry.cameras import Cameras

SPLATS, CAMERA = ("means", "quats", "scales", "opacities", "sh", "antialiased"), ("c2w", "intrinsics", "sizes")


def draw(views: dict[str, tuple[Gaussians, Cameras]], folder: Path, backend: str = "reference") -> dict[str, np.ndarray]:
    """What the first of some cameras sees of splats, by name: [H, W, 4] each, colors over black, and alpha."""
    parts = {f"{name}/{part}": getattr(one, part) for name, view in views.items() for one in view for part in _parts(one)}
    np.savez(folder / "in.npz", **parts)
    program = [WORKER_PYTHON, "-m", "tests.operators.engine_pictures"]
    subprocess.run([*program, folder / "in.npz", folder / "out.npz", backend], check=True)
    return dict(np.load(folder / "out.npz"))


def _parts(one: Gaussians | Cameras) -> tuple[str, ...]:
    return CAMERA if isinstance(one, Cameras) else SPLATS


def main(given: str, wanted: str, backend: str) -> None:
    """Draw all."""
    import torch

    from tttlrm_blender.render import rasterize

    arrays = np.load(given)
    pictures = {}
    for name in sorted({key.rpartition("/")[0] for key in arrays}):
        *splats, antialiased = (torch.as_tensor(arrays[f"{name}/{part}"]) for part in SPLATS)
        cameras = Cameras(*(arrays[f"{name}/{part}"] for part in CAMERA))
        drawn = rasterize(Gaussians(*splats, bool(antialiased)), cameras, tuple(cameras.sizes[0]), backend=backend)
        pictures[name] = torch.cat([drawn.rgb[0], drawn.alpha[0][..., None]], -1).numpy()
    np.savez(wanted, **pictures)


if __name__ == "__main__":
    main(*sys.argv[1:])
