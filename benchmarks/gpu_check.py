# SPDX-License-Identifier: GPL-3.0-or-later
"""Check a machine with a GPU: WebGPU compared with the CPU rasterizer; with CUDA also gsplat, bfloat16 with float32, two ranks
with one, the plane sweep with the CPU's; a training step of each stage; time and memory at the released size with random
weights. Needs no internet connection; results are JSON.

python -m benchmarks.gpu_check [--quick] [--only CHECK …] [--out out/gpu_check.json]

Run it from a checkout; the engine need not be installed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tttlrm_blender.gaussians.gaussians import Gaussians
from tttlrm_blender.geometry.cameras import Cameras
from tttlrm_blender.model.config import Config
from tttlrm_blender.model.memory import encode, read_splats
from tttlrm_blender.model.network import Rule, TttLRM
from tttlrm_blender.model.sequence_parallel import sequence_parallel, views_of_rank
from tttlrm_blender.render import hardware
from tttlrm_blender.render.rasterize import rasterize
from tttlrm_blender.render.webgpu import device
from tttlrm_blender.stereo.sweep import match, split_range
from tttlrm_blender.train.loader import make_step_data
from tttlrm_blender.train.plan import NETWORKS, STAGES, Plan
from tttlrm_blender.train.trainer import Trainer, fresh_model

from . import webgpu

ROOT = Path(__file__).resolve().parents[1]
RELEASED = {"8 views 536x960": (8, 536, 960), "16 views 536x960": (16, 536, 960), "64 views 536x960": (64, 536, 960)}
SIZES = RELEASED | {"100 views 256x256": (100, 256, 256)}  # views, height, width
SMALL = Config(dim=256, layers=6, expansion=2)


def views(count: int, height: int, width: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Random images [V, H, W, 3], poses on a spiral [V, 4, 4] with pairwise different distances, and intrinsics [V, 4]."""
    chance = np.random.default_rng(0)
    c2w = np.tile(np.eye(4), (count, 1, 1))
    radii = np.linspace(0.5, 0.9, count)
    c2w[:, :2, 3] = np.stack([np.cos(np.arange(count)), np.sin(np.arange(count))], 1) * radii[:, None]
    intrinsics = np.tile([width, width, width / 2, height / 2], (count, 1))
    return chance.random((count, height, width, 3), dtype=np.float32), c2w, intrinsics


def splats(count: int) -> Gaussians:
    """Random splats in front of a camera, on the CPU."""
    chance = torch.Generator().manual_seed(0)
    means = torch.rand(count, 3, generator=chance) * torch.tensor([4.0, 4.0, 4.0]) + torch.tensor([-2.0, -2.0, 3.0])
    quats = torch.nn.functional.normalize(torch.randn(count, 4, generator=chance), dim=1)
    scales = torch.rand(count, 3, generator=chance) * 0.03 + 0.005
    opacities = torch.rand(count, generator=chance) * 0.9 + 0.05
    return Gaussians(means, quats, scales, opacities, torch.randn(count, 16, 3, generator=chance) * 0.2)


def relative(found: torch.Tensor, expected: torch.Tensor) -> float:
    """‖found − expected‖ / ‖expected‖."""
    return float((found.cpu().double() - expected.cpu().double()).norm() / expected.cpu().double().norm())


def seconds(work: Callable[[], Any], repeats: int = 5) -> float:
    """Median seconds of some work on the GPU, after a first run."""
    work()
    times = []
    for _ in range(repeats):
        torch.cuda.synchronize()
        start = time.perf_counter()
        work()
        torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
    return sorted(times)[len(times) // 2]


def draw(gaussians: Gaussians, size: tuple[int, int]) -> tuple[dict[str, torch.Tensor], Callable[[], None]]:
    """Images and gradients of splats on their device, and a function that renders and differentiates them once more."""
    leaves = gaussians.map(lambda array: array.clone().requires_grad_())
    width, height = size
    intrinsics = np.array([[width, width, width / 2, height / 2]])
    camera = Cameras(np.eye(4)[None], intrinsics, np.array([[width, height]]))
    weight = torch.rand(1, height, width, 3, generator=torch.Generator().manual_seed(1)).to(gaussians.means.device)

    def once() -> Any:
        drawn = rasterize(leaves, camera, size)
        ((drawn.rgb * weight).sum() + drawn.depth.sum() * 0.1 + drawn.alpha.sum()).backward()
        return drawn

    drawn = once()
    found = {"rgb": drawn.rgb, "depth": drawn.depth, "alpha": drawn.alpha}
    return {name: value.detach() for name, value in found.items()} | {
        f"gradient of {name}": leaf.grad.clone() for name, leaf in leaves.arrays().items()
    }, once


def check_rasterizers(quick: bool) -> dict[str, Any]:
    """gsplat compared with the CPU rasterizer: relative differences of values and gradients, and seconds."""
    count, size = (2_000, (96, 64)) if quick else (100_000, (480, 270))
    expected, on_cpu = draw(splats(count), size)
    found, on_gpu = draw(splats(count).map(lambda array: array.cuda()), size)
    start = time.perf_counter()
    on_cpu()
    cpu = time.perf_counter() - start
    gpu = seconds(on_gpu)
    differences = {name: relative(found[name], expected[name]) for name in expected}
    return {"splats": count, "size": size, "differences": differences, "cpu_s": cpu, "cuda_s": gpu, "ratio": cpu / gpu}


def check_webgpu(quick: bool) -> dict[str, Any]:
    """A step through WebGPU at 1080p: milliseconds, beside the CPU's and, where it is there, gsplat's; differences."""
    fault = device.fault()
    if fault:
        return {"missing": str(fault)}
    gpu, size = device.open_device(), (96, 64) if quick else (1920, 1080)
    runs = [
        webgpu.measure(gpu, count, size, 2 if quick else 20) for count in ((2_000,) if quick else (65_000, 500_000, 2_000_000))
    ]
    if torch.cuda.is_available() and not hardware.fault("cuda"):
        for run in runs:
            once = draw(webgpu.splats_of(run["splats"]).map(lambda array: array.cuda()), size)[1]
            run["cuda_ms"] = 1000 * seconds(once)
    return {"device": gpu.name, "features": sorted(gpu.features), "runs": runs}


def check_precision(quick: bool) -> dict[str, Any]:
    """The network in bfloat16 on the GPU compared with float32 on the CPU: relative difference of the final tokens."""
    torch.manual_seed(0)
    model = TttLRM(SMALL).requires_grad_(False)
    given = views(4, 64, 64) if quick else views(8, 128, 128)
    expected = encode(model, *given).tokens
    return {"tokens": relative(encode(model.cuda(), *given).tokens, expected)}


def check_ranks(quick: bool) -> dict[str, Any]:
    """One sequence on two processes that share the GPU, compared with one process."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "benchmarks.gpu_check", "--rank"]
        ranks = [subprocess.Popen([*command, str(rank), "--meet", folder], cwd=ROOT) for rank in range(2)]
        if any(rank.wait(300) for rank in ranks):
            raise RuntimeError("a rank failed")
        found = [torch.load(Path(folder) / f"{rank}.pt") for rank in range(2)]
    expected = scan(sequence(), [slice(0, 8 * 64)], Rule()).unflatten(1, (8, 64))
    return {"tokens": max(relative(tokens.unflatten(1, (-1, 64)), expected[:, held]) for held, tokens in found)}


def sequence() -> torch.Tensor:
    """Random tokens [1, 512, C] of eight views, 64 each."""
    return torch.randn(1, 8 * 64, SMALL.dim, generator=torch.Generator().manual_seed(1))


@torch.no_grad()
def scan(tokens: torch.Tensor, chunks: list[slice], rule: Rule) -> torch.Tensor:
    """Final tokens of a small network with fixed weights, on the GPU."""
    torch.manual_seed(0)
    return TttLRM(SMALL).cuda().scan(tokens.cuda(), 64, chunks, rule)[0].cpu()


def be_rank(rank: int, folder: str) -> None:
    """Run as one of the two processes of `check_ranks`."""
    torch.distributed.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2)
    (held,) = views_of_rank(8, rank, 2)
    tokens = sequence().unflatten(1, (8, 64))[:, held].flatten(1, 2)
    torch.save((held, scan(tokens, [slice(0, tokens.shape[1])], sequence_parallel(Rule()))), Path(folder) / f"{rank}.pt")
    torch.distributed.destroy_process_group()


def check_released_size(quick: bool) -> dict[str, Any]:
    """Seconds and peak memory of encoding and decoding at the released size with random weights."""
    model = TttLRM(Config(layers=2) if quick else Config()).requires_grad_(False).cuda()
    return {name: _one_size(model, *((2, 64, 64) if quick else size)) for name, size in SIZES.items()}


def _one_size(model: TttLRM, *size: int) -> dict[str, float]:
    given = views(*size)
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    memory = encode(model, *given)
    encoding = seconds(lambda: encode(model, *given), repeats=3)
    decoding = seconds(lambda: read_splats(model, memory), repeats=3)
    return {"encode_s": encoding, "decode_s": decoding, "peak_gib": torch.cuda.max_memory_allocated() / 2**30}


def check_matching(quick: bool) -> dict[str, Any]:
    """The plane sweep in torch on the GPU compared with the compiled one on the CPU, and seconds of both."""
    given = views(4, 32, 48) if quick else views(8, 256, 256)
    images, c2w, intrinsics = (torch.as_tensor(array, dtype=torch.float32) for array in given)
    on_cpu = [images, c2w, intrinsics, split_range(0.25, 32, 64)]
    on_gpu = [array.cuda() for array in on_cpu]
    expected = torch.stack(list(match(*on_cpu)))
    start = time.perf_counter()
    list(match(*on_cpu))
    cpu = time.perf_counter() - start
    gpu = seconds(lambda: list(match(*on_gpu)))
    return {"costs": relative(torch.stack(list(match(*on_gpu))), expected), "cpu_s": cpu, "cuda_s": gpu, "ratio": cpu / gpu}


def check_training(quick: bool) -> dict[str, Any]:
    """The terms of the loss after a few steps of each stage in bfloat16, scenes per second, and peak memory in GiB."""
    plan = Plan(stages=dict.fromkeys(STAGES, 1.0), tokens=1024 if quick else 16384, bfloat16=True)
    trainer = Trainer(fresh_model(NETWORKS["small" if quick else "large"]), plan, "cuda")
    return {stage: _one_stage(trainer, stage, (number + 0.5) / len(STAGES)) for number, stage in enumerate(STAGES)}


def _one_stage(trainer: Trainer, stage: str, spent: float) -> dict[str, Any]:
    data = make_step_data(trainer.model.config, trainer.plan, 1, spent, "cpu", matched=False)
    assert data.stage == stage
    torch.cuda.reset_peak_memory_stats()
    spent_s = seconds(lambda: trainer.train_step(data), repeats=3)
    terms = trainer.train_step(data)
    rate, memory = len(data.batch.images) / spent_s, torch.cuda.max_memory_allocated() / 2**30
    return {"terms": terms, "step_s": spent_s, "scenes_per_s": rate, "peak_gib": memory}


CHECKS = {
    "webgpu": check_webgpu,
    "rasterizers": check_rasterizers,
    "precision": check_precision,
    "ranks": check_ranks,
    "released_size": check_released_size,
    "matching": check_matching,
    "training": check_training,
}


def main() -> int:
    """Run the checks, print and write their results; a check that fails is reported, and the others continue."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="use tiny sizes, only to see that everything runs")
    parser.add_argument("--only", nargs="+", choices=CHECKS, default=list(CHECKS), help="run only these checks")
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "gpu_check.json")
    parser.add_argument("--rank", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--meet", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if not torch.cuda.is_available():
        if device.fault():
            print("There is no GPU here; nothing was checked.", file=sys.stderr)
            return 1
        args.only = ["webgpu"]
    if args.rank is not None:
        be_rank(args.rank, args.meet)
        return 0
    found: dict[str, Any] = {"torch": torch.__version__}
    if torch.cuda.is_available():
        found["device"] = torch.cuda.get_device_name()
    failed = [name for name in args.only if not _run(name, args.quick, found)]
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))
    return 1 if failed else 0


def _run(name: str, quick: bool, found: dict[str, Any]) -> bool:
    try:
        found[name] = CHECKS[name](quick)
        return True
    except Exception as error:
        traceback.print_exc()
        found[name] = {"failed": str(error)}
        return False


if __name__ == "__main__":
    sys.exit(main())
