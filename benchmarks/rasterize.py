# SPDX-License-Identifier: GPL-3.0-or-later
"""Time rendering one view of 270×480 with SH degree 3, with and without gradients, and compared with plain torch.

python -m benchmarks.rasterize [--splats 12000 20000 100000] [--runs 20] [--backend cpu]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import torch
from scipy.spatial import cKDTree

from benchmarks.table import Row, best, show
from tttlrm_blender.gaussians.gaussians import Gaussians
from tttlrm_blender.geometry.cameras import Cameras
from tttlrm_blender.render import rasterize

SIZE = (270, 480)
TARGETS = {12_000: (None, 0.1), 100_000: (0.1, 0.25)}  # seconds without and with gradients, on two cores


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--splats", type=int, nargs="+", default=[12_000, 20_000, 100_000])
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--backend", default="auto")
    options = parser.parse_args()
    show(rows(options.splats, options.runs, options.backend))


def rows(counts: list[int], runs: int, backend: str) -> Iterator[Row]:
    """Two scenes of each size, then the plain back end."""
    for layout in (surfaces, volume):
        for count in counts:
            gaussians = layout(count).map(lambda tensor: tensor.to("cuda" if backend == "cuda" else "cpu"))
            drawing = partial(finished, rasterize, gaussians, camera(), SIZE, backend=backend)
            both = partial(finished, differentiate, gaussians, backend)
            targets = TARGETS.get(count, (None, None))
            for what, work, target in zip(("drawing", "and its gradients"), (drawing, both), targets, strict=True):
                yield Row(f"{layout.__name__}, {count:,} splats: {what}", *best(work, runs), at_most=target)
    small = surfaces(300)
    plain, fast = (np.array(best(partial(differentiate, small, name), 3)) for name in ("reference", "cpu"))
    yield Row("300 splats with gradients: plain torch compared with the CPU back end", *plain / fast, unit="times")


def finished(work: Callable[..., object], *arguments: object, **options: object) -> None:
    """Do the work, and wait until the GPU, if any, has finished."""
    work(*arguments, **options)
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def differentiate(gaussians: Gaussians, backend: str) -> None:
    """Render, and propagate the gradient of a loss on the colors back to all five arrays."""
    leaves = gaussians.map(lambda tensor: tensor.detach().requires_grad_())
    rasterize(leaves, camera(), SIZE, backend=backend).rgb.square().mean().backward()


def camera() -> Cameras:
    """One camera at the origin, looking along z."""
    return Cameras(np.eye(4)[None], np.array([[300.0, 300.0, SIZE[0] / 2, SIZE[1] / 2]]), np.array([SIZE]))


def surfaces(count: int) -> Gaussians:
    """Splats on the surfaces of random balls in front of a wall, like those of a reconstruction."""
    random = np.random.default_rng(0)
    balls = random.uniform([-1.2, -2.2, 2, 0.2], [1.2, 2.2, 5, 0.8], (30, 4))
    normals = random.normal(size=(count, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    ball = balls[random.choice(30, count, p=balls[:, 3] ** 2 / (balls[:, 3] ** 2).sum())]
    points = ball[:, :3] + normals * ball[:, 3:]
    wall = random.uniform([-3, -5, 6], [3, 5, 6.2], (count // 3, 3))
    points[: count // 3] = wall
    return splats_at(points, random)


def volume(count: int) -> Gaussians:
    """Splats that fill a box and are large in the image: the hard case."""
    random = np.random.default_rng(0)
    return splats_at(random.uniform([-1.5, -2.5, 2.5], [1.5, 2.5, 5], (count, 3)), random)


def splats_at(points: np.ndarray, random: np.random.Generator) -> Gaussians:
    """Splats about as large as the distance to their neighbors, with random shapes, colors and opacities."""
    distance = cKDTree(points).query(points, k=4)[0][:, 1:].mean(1, keepdims=True)
    count = len(points)
    arrays = (
        points,
        random.normal(size=(count, 4)),
        distance * random.lognormal(-0.5, 0.5, (count, 3)),
        random.uniform(0.05, 0.95, count),
        random.normal(size=(count, 16, 3)) * 0.2,
    )
    return Gaussians(*(torch.from_numpy(array.astype(np.float32)) for array in arrays))


if __name__ == "__main__":
    main()
