# SPDX-License-Identifier: GPL-3.0-or-later
"""Computation on any GPU through WebGPU (Vulkan, Metal, DX12) without a toolkit or a compiler, and the rasterizer on it.

    gpu = open_device()                                    # the best GPU; open_device("llvmpipe") names one, software ones too
    numbers = gpu.array(np.arange(8, dtype=np.float32))    # a storage buffer with a copy of these values
    doubled = gpu.empty((8,), np.float32)
    double = gpu.program("double.wgsl", FACTOR=2.0)        # compiled once per device and set of constants
    with gpu.passes() as passes:                           # one command buffer, submitted at the end of the block
        passes.run(double, [numbers, doubled], gpu.groups(8, 256))
    doubled.read()                                         # waits for the GPU

`device` finds adapters and opens devices, `buffers` holds arrays, and `program` compiles and runs the WGSL files beside it.
Passes of one block run in order, and each sees what those before it wrote. `gpu.traffic` counts the bytes that cross the bus.

Splats are two arrays: rows [N, 12] of [x, y, z, opacity, qw, qx, qy, qz, sx, sy, sz, 0] with activated values, so that a row is
three vec4f, and harmonics [N, (degree + 1)², 3]. Their gradients have the same shapes. Pictures, and their
gradients, are planes [5, H, W] of red, green, blue, depth and alpha.

Whatever fails in the driver is raised as `TttlrmError`, with the code OUT_OF_MEMORY, NO_DEVICE, NO_PACKAGE or GPU_FAILED.
"""

from .buffers import Array, Rows
from .device import Device, open_device
from .program import Passes, Program

__all__ = ["Array", "Device", "Passes", "Program", "Rows", "open_device"]
