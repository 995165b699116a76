# SPDX-License-Identifier: GPL-3.0-or-later
"""The rasterizer for CPUs: numba kernels that run in parallel threads without the global interpreter lock."""
