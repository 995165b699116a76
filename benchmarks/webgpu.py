# SPDX-License-Identifier: GPL-3.0-or-later
"""Time the drawing of random splats, with gradients, by WebGPU with everything on the GPU, and by the processor's kernels.

python -m benchmarks.webgpu [--device NAME] [--splats N] [--size WxH] [--steps N] [--out FILE]

Tells milliseconds of a step, the bytes that cross the bus in it, the share of each program where the GPU has timestamps, and
relative differences of pictures and gradients between the two. Without NAME, the best real GPU draws; llvmpipe is software.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tttlrm_blender.commands.option_forms import size
from tttlrm_blender.gaussians.gaussians import Gaussians
from tttlrm_blender.render.convention import Views
from tttlrm_blender.render.cpu import functions as cpu
from tttlrm_blender.render.webgpu import Array, Device, Passes, Program, Rows, open_device
from tttlrm_blender.render.webgpu.device import TIMESTAMPS
from tttlrm_blender.render.webgpu.functions import MEAN, OPACITY, QUAT, SCALE, rows_of
from tttlrm_blender.render.webgpu.program import bound
from tttlrm_blender.render.webgpu.rasterizer import Rasterizer, view_row

DEGREE = 3


def splats_of(count: int) -> Gaussians[torch.Tensor]:
    """Random splats in front of a camera, smaller the more there are."""
    chance = torch.Generator().manual_seed(0)
    means = torch.rand(count, 3, generator=chance) * 4 + torch.tensor([-2.0, -2.0, 3.0])
    quats = torch.nn.functional.normalize(torch.randn(count, 4, generator=chance), dim=1)
    scales = (torch.rand(count, 3, generator=chance) + 0.2) * 1.3 / count**0.5
    opacities = torch.rand(count, generator=chance) * 0.9 + 0.05
    return Gaussians(means, quats, scales, opacities, torch.randn(count, (DEGREE + 1) ** 2, 3, generator=chance) * 0.2)


class TimedPasses(Passes):
    """Passes of which each program is timed."""

    def __init__(self, gpu: Device) -> None:
        super().__init__(gpu)
        self.gpu, self.names = gpu, []
        self.queries = gpu.handle.create_query_set(type="timestamp", count=512)

    def run(self, program: Program, arguments: list[Array | Rows], groups: tuple[int, int]) -> None:
        """Run a program in a pass of its own."""
        if not all(groups):
            return
        self._close()
        place = 2 * len(self.names)
        writes = {"query_set": self.queries, "beginning_of_pass_write_index": place, "end_of_pass_write_index": place + 1}
        single = self._encoder.begin_compute_pass(timestamp_writes=writes)
        single.set_pipeline(program.pipeline)
        single.set_bind_group(0, bound(self._link, program, arguments))
        single.dispatch_workgroups(*groups)
        single.end()
        self.names.append(program.name)

    def shares(self) -> dict[str, float]:
        """The share of every program in the time of all, after they have run."""
        found = self.gpu.handle.create_buffer(size=16 * len(self.names), usage=0x0200 | 0x0004)  # resolve, copy
        encoder = self.gpu.handle.create_command_encoder()
        encoder.resolve_query_set(self.queries, 0, 2 * len(self.names), found, 0)
        self.gpu.handle.queue.submit([encoder.finish()])
        ticks = np.frombuffer(self.gpu.handle.queue.read_buffer(found), np.uint64).reshape(-1, 2).astype(np.float64)
        spent: dict[str, float] = defaultdict(float)
        for name, (start, stop) in zip(self.names, ticks, strict=True):
            spent[name] += stop - start
        whole = sum(spent.values())
        return {name: round(part / whole, 3) for name, part in sorted(spent.items(), key=lambda item: -item[1])}


class Step:
    """A step on the GPU: a picture, and the gradients of a linear function of it."""

    def __init__(
        self, gpu: Device, splats: Gaussians[torch.Tensor], views: Views, shape: tuple[int, int], weights: np.ndarray
    ) -> None:
        arrays = tuple(splats.arrays().values())
        self.gpu, self.row = gpu, view_row(views, 0, shape)
        self.splats, self.sh = gpu.array(rows_of(arrays)), gpu.array(splats.sh.numpy())
        self.g_splats, self.g_sh = gpu.empty(self.splats.shape), gpu.empty(self.sh.shape)
        self.weights = gpu.array(weights)
        self.raster = Rasterizer(gpu, len(splats), shape, splats.sh.shape[1], (DEGREE + 1) ** 2, splats.antialiased)
        self.raster.view.write(self.row)
        with gpu.passes() as passes:
            self.raster.project(passes, self.splats, self.sh)
        self.raster.reserve_all()

    def make(self, passes: Passes) -> None:
        """Encode one."""
        raster = self.raster
        raster.view.write(self.row)
        passes.clear(self.g_splats)
        passes.clear(self.g_sh)
        raster.draw(passes, self.splats, self.sh)
        raster.backward(passes, self.splats, self.sh, self.weights, self.g_splats, self.g_sh)

    def results(self) -> list[np.ndarray]:
        """Pictures and gradients."""
        rows, images = self.g_splats.read(), self.raster.images.read()
        return [images, rows[:, MEAN], rows[:, QUAT], rows[:, SCALE], rows[:, OPACITY], self.g_sh.read()]


def on_cpu(splats: Gaussians[torch.Tensor], views: Views, shape: tuple[int, int], weights: np.ndarray) -> list[np.ndarray]:
    """The same by the processor."""
    leaves = splats.map(lambda tensor: tensor.clone().requires_grad_())
    drawn = cpu.draw(leaves, views, shape, DEGREE)
    images = torch.cat([drawn.rgb[0].permute(2, 0, 1), drawn.depth, drawn.alpha])
    (images * torch.from_numpy(weights)).sum().backward()
    return [images.detach().numpy(), *(leaf.grad.numpy() for leaf in leaves.arrays().values())]


def measure(gpu: Device, count: int, shape: tuple[int, int], steps: int) -> dict[str, Any]:
    """Figures of one size."""
    lens = np.array([[shape[0], shape[0], shape[0] / 2, shape[1] / 2]], np.float32)
    views, splats = Views(np.eye(3, dtype=np.float32)[None], np.zeros((1, 3), np.float32), lens), splats_of(count)
    weights = np.random.default_rng(0).standard_normal((5, shape[1], shape[0])).astype(np.float32)
    expected = on_cpu(splats, views, shape, weights)
    start = time.perf_counter()
    on_cpu(splats, views, shape, weights)
    cpu_ms = 1000 * (time.perf_counter() - start)
    step = Step(gpu, splats, views, shape, weights)
    with gpu.passes() as passes:
        step.make(passes)
    found = step.results()
    up, start = gpu.traffic.up, time.perf_counter()
    for _ in range(steps):
        with gpu.passes() as passes:
            step.make(passes)
    step.raster.number.read()
    gpu_ms = 1000 * (time.perf_counter() - start) / steps
    crossed = (gpu.traffic.up - up) / steps
    shares: dict[str, float] = {}
    if gpu.has(TIMESTAMPS):
        timed = TimedPasses(gpu)
        with timed:
            step.make(timed)
        step.raster.number.read()
        shares = timed.shares()
    differences = [float(np.linalg.norm(a - b) / np.linalg.norm(b)) for a, b in zip(found, expected, strict=True)]
    return {
        "splats": count,
        "size": shape,
        "pairs": int(step.raster.number.read()[0]),
        "webgpu_ms": round(gpu_ms, 2),
        "cpu_ms": round(cpu_ms, 2),
        "bytes_up_per_step": crossed,
        "largest_difference": max(differences),
        "shares": shares,
    }


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="", metavar="NAME", help="a part of an adapter's name")
    parser.add_argument("--splats", type=int, nargs="+", default=[65_000], metavar="N")
    parser.add_argument("--size", type=size, default=(480, 270), metavar="WxH")
    parser.add_argument("--steps", type=int, default=20, metavar="N")
    parser.add_argument("--out", type=Path, default=Path("out/webgpu.json"))
    args = parser.parse_args()
    gpu = open_device(args.device)
    found = {"device": gpu.name, "features": sorted(gpu.features), "runs": []}
    for count in args.splats:
        found["runs"].append(measure(gpu, count, args.size, args.steps))
        print(json.dumps(found["runs"][-1]), flush=True)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps(found, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
