# SPDX-License-Identifier: GPL-3.0-or-later
"""python -m tests.operators.viewport.reference_pictures IN.npz OUT.npz: the plain rasteriser's pictures, in a process with torch.

IN has for each name the arrays of splats, name/means and so on, and the cameras c2w, intrinsics and sizes that see all of them.
OUT has [H, W, 4] for each name: colours over black, and alpha.
"""

import sys

import numpy as np
import torch

from tttlrm_blender.gaussians.gaussians import Gaussians
from tttlrm_blender.geometry.cameras import Cameras
from tttlrm_blender.render import rasterize


def main(given: str, wanted: str) -> None:
    """Draw all."""
    arrays = np.load(given)
    cameras = Cameras(*(arrays[part] for part in ("c2w", "intrinsics", "sizes")))
    pictures = {}
    for name in sorted({key.partition("/")[0] for key in arrays if "/" in key}):
        parts = (torch.as_tensor(arrays[f"{name}/{part}"]) for part in ("means", "quats", "scales", "opacities", "sh"))
        drawn = rasterize(Gaussians(*parts), cameras, tuple(cameras.sizes[0]), backend="reference")
        pictures[name] = torch.cat([drawn.rgb[0], drawn.alpha[0][..., None]], -1).numpy()
    np.savez(wanted, **pictures)


if __name__ == "__main__":
    main(*sys.argv[1:])
