# SPDX-License-Identifier: GPL-3.0-or-later
"""Fuse depth maps by Open3D, for `benchmarks.tsdf`. Runs in a Python of its own that has open3d.

python benchmarks/open3d_fusion.py MAPS.npz MESH.ply scalable|blocks

Prints wall-clock and CPU seconds, and memory in megabytes. The scalable volume is that of Open3D 0.19 and earlier: in 0.20, it
integrates nothing.
"""

import sys
import time
from pathlib import Path

import numpy as np
import open3d
import open3d.core as tensors

DEEPEST = 1e6  # of depths that count, world units
BLOCKS = 20_000  # room for so many, so that tables need not grow


def main() -> None:
    """Fuse and extract."""
    maps = np.load(sys.argv[1])
    volume = {"scalable": scalable, "blocks": blocks}[sys.argv[3]]
    before, clock, processor = memory(), time.perf_counter(), time.process_time()
    mesh = volume(
        maps["depth"], np.linalg.inv(maps["c2w"]), maps["intrinsics"][0], maps["voxel"].item(), maps["truncation"].item()
    )
    figures = time.perf_counter() - clock, time.process_time() - processor, memory() - before
    open3d.io.write_triangle_mesh(sys.argv[2], mesh)
    print("", *figures, sep="\n")  # after what Open3D prints


def scalable(depths, poses, intrinsics, voxel, truncation):
    """The scalable volume."""
    fx, fy, cx, cy = intrinsics
    lens = open3d.camera.PinholeCameraIntrinsic(depths.shape[2], depths.shape[1], fx, fy, cx - 0.5, cy - 0.5)
    integration = open3d.pipelines.integration
    volume = integration.ScalableTSDFVolume(voxel, truncation, integration.TSDFVolumeColorType.NoColor)
    black = open3d.geometry.Image(np.zeros((*depths.shape[1:], 3), np.uint8))
    for depth, pose in zip(depths, poses, strict=True):
        image = open3d.geometry.RGBDImage.create_from_color_and_depth(
            black, open3d.geometry.Image(depth), depth_scale=1.0, depth_trunc=DEEPEST, convert_rgb_to_intensity=False
        )
        volume.integrate(image, lens, pose)
    return volume.extract_triangle_mesh()


def blocks(depths, poses, intrinsics, voxel, truncation):
    """The hashed blocks of voxels of the tensor interface."""
    fx, fy, cx, cy = intrinsics
    lens = tensors.Tensor(np.array([[fx, 0, cx - 0.5], [0, fy, cy - 0.5], [0, 0, 1]]))
    grid = open3d.t.geometry.VoxelBlockGrid(
        ("tsdf", "weight"), (tensors.float32, tensors.float32), ((1), (1)), voxel, 16, BLOCKS, tensors.Device("CPU:0")
    )
    limits = {"depth_scale": 1.0, "depth_max": DEEPEST, "trunc_voxel_multiplier": truncation / voxel}
    for depth, pose in zip(depths, poses, strict=True):
        place, image = tensors.Tensor(np.ascontiguousarray(pose)), open3d.t.geometry.Image(tensors.Tensor(depth))
        near = grid.compute_unique_block_coordinates(image, lens, place, **limits)
        grid.integrate(near, image, lens, place, **limits)
    return grid.extract_triangle_mesh(weight_threshold=0.5).to_legacy()


def memory() -> float:
    """The largest amount of memory so far, in megabytes. What `resource` tells includes that of the process that started this."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


main()
