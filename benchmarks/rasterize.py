# SPDX-License-Identifier: GPL-3.0-or-later
"""Time of drawing one view at 270×480 with SH degree 3, forward and with gradients, against the targets and the reference.

python benchmarks/rasterize.py [--splats 12000 20000 100000] [--repeat 20] [--backend cpu]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
import torch
from scipy.spatial import cKDTree

from tttlrm_blender.gaussians.gaussians import Gaussians
from tttlrm_blender.geometry.cameras import Cameras
from tttlrm_blender.render import rasterize

SIZE = (270, 480)
TARGETS = {12_000: (None, 0.1), 100_000: (0.1, 0.25)}  # seconds forward, forward and backward, on two cores


def main() -> None:
    """Print one line per scene."""
    options = parse()
    print(f"{torch.get_num_threads()} threads, backend {options.backend}, best of {options.repeat}")
    for layout in (surfaces, volume):
        for count in options.splats:
            gaussians = layout(count).map(lambda tensor: tensor.to("cuda" if options.backend == "cuda" else "cpu"))
            measure(f"{layout.__name__} {count}", gaussians, options, TARGETS.get(count, (None, None)))
    compare_with_reference()


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--splats", type=int, nargs="+", default=[12_000, 20_000, 100_000])
    parser.add_argument("--repeat", type=int, default=20)
    parser.add_argument("--backend", default="auto")
    return parser.parse_args()


def measure(name: str, gaussians: Gaussians, options: argparse.Namespace, targets: tuple[float | None, float | None]) -> None:
    """Time one scene and print it beside its targets."""
    picture = rasterize(gaussians, camera(), SIZE, backend=options.backend)
    radii = picture.radii[picture.radii > 0].float()
    print(f"{name}: {len(radii)} drawn, mean radius {radii.mean():.1f} px, alpha {picture.alpha.mean():.2f}")
    forward = best(lambda: rasterize(gaussians, camera(), SIZE, backend=options.backend), options.repeat)
    both = best(lambda: differentiate(gaussians, options.backend), options.repeat)
    for what, (wall, processor), target in zip(("forward", "with gradients"), (forward, both), targets, strict=True):
        ratio = f", {wall / target:.2f} of the target" if target else ""
        print(f"  {what:14} {wall * 1e3:6.1f} ms, {processor * 1e3:6.1f} ms of processor time{ratio}")


def compare_with_reference() -> None:
    """Print how much faster the CPU back end is than plain torch, on a scene small enough for both."""
    gaussians = surfaces(300)
    slow, fast = (best(lambda name=name: differentiate(gaussians, name), 3)[1] for name in ("reference", "cpu"))
    print(f"300 splats: reference {slow * 1e3:.0f} ms of processor time, cpu {fast * 1e3:.1f} ms, {slow / fast:.0f} times faster")


def differentiate(gaussians: Gaussians, backend: str) -> None:
    """Draw, and bring the gradient of a loss on the colours back to all five arrays."""
    leaves = gaussians.map(lambda tensor: tensor.detach().requires_grad_())
    rasterize(leaves, camera(), SIZE, backend=backend).rgb.square().mean().backward()


def best(run: Callable[[], object], repeat: int) -> tuple[float, float]:
    """The shortest wall and processor time of some calls in seconds: what else runs on the machine only ever adds to them."""
    times = []
    for _ in range(repeat):
        start = time.perf_counter(), time.process_time()
        run()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        times.append((time.perf_counter() - start[0], time.process_time() - start[1]))
    return min(wall for wall, _ in times), min(processor for _, processor in times)


def camera() -> Cameras:
    """One camera at the origin, looking along z."""
    return Cameras(np.eye(4)[None], np.array([[300.0, 300.0, SIZE[0] / 2, SIZE[1] / 2]]), np.array([SIZE]))


def surfaces(count: int) -> Gaussians:
    """Splats on the surfaces of random balls before a wall, as reconstruction leaves them."""
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
    """Splats all over a box, large on the picture: the hard case."""
    random = np.random.default_rng(0)
    return splats_at(random.uniform([-1.5, -2.5, 2.5], [1.5, 2.5, 5], (count, 3)), random)


def splats_at(points: np.ndarray, random: np.random.Generator) -> Gaussians:
    """Splats about as large as the distance to their neighbours, of random shape, colour and opacity."""
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
