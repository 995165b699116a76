# SPDX-License-Identifier: GPL-3.0-or-later
"""Fusion of exact depth maps: how fast it is, how much memory it takes, how good the mesh is, beside Open3D's two kinds of TSDF.

python -m benchmarks.tsdf SCENE [--open3d PYTHON]     # PYTHON has open3d; SCENE is one of `benchmarks.inside.surface`
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import trimesh

from benchmarks.surface import Truth, compared, seen, topology
from benchmarks.table import Row, show
from tttlrm_blender.geometry.cameras import Cameras
from tttlrm_blender.mesh.blocks import blocks_near, integrate
from tttlrm_blender.mesh.depth_maps import DepthMaps, depth_confidence, surface_points
from tttlrm_blender.mesh.surface import extract_surface
from tttlrm_blender.mesh.tsdf import TRUNCATION

VOXELS = 320  # along the box of a scene
REACH = 1.5  # of depths, relative to the farthest corner of the box, so that both fuse the same part of the scene
SHOWN = ("main F 0.5 %", "main F 0.25 %", "normals, median (°)", "non-manifold edges")


def main() -> None:
    """Print the table; with --fuse, fuse in this process."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scene", type=Path)
    parser.add_argument("--open3d", type=Path)
    parser.add_argument("--fuse", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.fuse:
        fuse(options.scene, options.fuse)
    else:
        show(rows(options))


def rows(options: argparse.Namespace) -> Iterator[Row]:
    """Ours, then Open3D's."""
    truth = Truth(options.scene)
    with TemporaryDirectory() as folder:
        maps, mesh = Path(folder) / "maps.npz", Path(folder) / "mesh.ply"
        write_maps(truth, maps)
        commands = {"ours": [sys.executable, "-m", "benchmarks.tsdf", str(maps), "--fuse", str(mesh)]}
        if options.open3d:
            other = [str(options.open3d), str(Path(__file__).with_name("open3d_fusion.py")), str(maps), str(mesh)]
            commands |= {f"Open3D, {volume}": [*other, volume] for volume in ("scalable", "blocks")}
        for name, command in commands.items():
            output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            seconds, processor, memory = map(float, output.split()[-3:])
            yield Row(f"{name}: fuse and extract", seconds, processor)
            yield Row(f"{name}: memory", memory, unit="MB")
            figures = compared(truth, found := trimesh.load_mesh(mesh, process=False)) | topology(found)
            yield from (Row(f"{name}: {figure}", figures[figure], unit="") for figure in SHOWN)


def write_maps(truth: Truth, path: Path) -> None:
    """Write exact depth maps, 0 for what is far away."""
    cameras = truth.cameras
    corners = np.array(np.meshgrid(*truth.box.T)).reshape(3, -1).T
    farthest = REACH * max(np.linalg.norm(corners - c2w[:3, 3], axis=1).max() for c2w in cameras.c2w)
    depths = np.stack([seen(truth.fine, cameras, view, 1)[0] for view in range(len(cameras))])
    voxel = truth.size / VOXELS
    arrays = {"depth": np.where(depths < farthest, depths, 0).astype(np.float32), "c2w": cameras.c2w, "sizes": cameras.sizes}
    np.savez(path, **arrays, intrinsics=cameras.intrinsics, voxel=voxel, truncation=TRUNCATION * voxel)


def fuse(path: Path, result: Path) -> None:
    """Fuse maps; print wall-clock and CPU seconds, and memory in megabytes."""
    content = np.load(path)
    depth, cameras = content["depth"], Cameras(content["c2w"], content["intrinsics"], content["sizes"])
    views = zip(depth, cameras.intrinsics, strict=True)
    confidence = np.stack([depth_confidence(map_, (map_ > 0).astype(np.float32), lens) for map_, lens in views])
    maps = DepthMaps(depth, confidence, np.empty((len(depth), 0, 0, 3), np.uint8), cameras)
    small = DepthMaps(depth[:1], confidence[:1], maps.color[:1], cameras[[0]])
    low, high = bounds(maps)
    _extracted(small, low, high, (high - low).max() / 64)  # compiles the kernels
    before, clock, processor = memory(), time.perf_counter(), time.process_time()
    mesh = _extracted(maps, low, high, float(content["voxel"]))
    print(time.perf_counter() - clock, time.process_time() - processor, memory() - before)
    mesh.export(result)


def _extracted(maps: DepthMaps, low: np.ndarray, high: np.ndarray, voxel: float) -> trimesh.Trimesh:
    blocks = blocks_near(maps, low, high, voxel)
    for view in range(len(maps)):
        integrate(blocks, maps, view)
    return extract_surface(blocks)


def bounds(maps: DepthMaps) -> tuple[np.ndarray, np.ndarray]:
    """The corners of a box around all points."""
    points = np.concatenate(list(surface_points(maps, 4)))
    return points.min(0), points.max(0)


def memory() -> float:
    """The largest amount of memory so far, in megabytes. What `resource` tells includes that of the process that started this."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


if __name__ == "__main__":
    main()
