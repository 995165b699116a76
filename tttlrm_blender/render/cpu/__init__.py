# SPDX-License-Identifier: GPL-3.0-or-later
"""The rasterizer for processors without a GPU: numba kernels that run side by side without the interpreter's lock."""
