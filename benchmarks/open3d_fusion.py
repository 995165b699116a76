# SPDX-License-Identifier: GPL-3.0-or-later
"""Fuse depth maps by Open3D's scalable TSDF, for `benchmarks.tsdf`. Runs in a Python of its own that has open3d.

python benchmarks/open3d_fusion.py MAPS.npz MESH.ply       # prints wall-clock and CPU seconds, and memory in megabytes
"""

import resource
import sys
import time

import numpy as np
import open3d


def main() -> None:
    """Fuse and extract."""
    maps = np.load(sys.argv[1])
    depths, c2w, voxel = maps["depth"], maps["c2w"], float(maps["voxel"])
    fx, fy, cx, cy = maps["intrinsics"][0]
    lens = open3d.camera.PinholeCameraIntrinsic(depths.shape[2], depths.shape[1], fx, fy, cx - 0.5, cy - 0.5)
    before, clock, processor = memory(), time.perf_counter(), time.process_time()
    integration = open3d.pipelines.integration
    volume = integration.ScalableTSDFVolume(voxel, float(maps["truncation"]), integration.TSDFVolumeColorType.NoColor)
    black = open3d.geometry.Image(np.zeros((*depths.shape[1:], 3), np.uint8))
    for depth, pose in zip(depths, c2w, strict=True):
        image = open3d.geometry.RGBDImage.create_from_color_and_depth(
            black, open3d.geometry.Image(depth), depth_scale=1.0, depth_trunc=1e6, convert_rgb_to_intensity=False
        )
        volume.integrate(image, lens, np.linalg.inv(pose))
    mesh = volume.extract_triangle_mesh()
    figures = time.perf_counter() - clock, time.process_time() - processor, memory() - before
    open3d.io.write_triangle_mesh(sys.argv[2], mesh)
    print("", *figures, sep="\n")  # after what Open3D prints


def memory() -> float:
    """The largest amount of memory so far, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


main()
