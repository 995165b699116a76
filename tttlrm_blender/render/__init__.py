# SPDX-License-Identifier: GPL-3.0-or-later
"""Splats become pictures, differentiably: one `rasterize` with back ends for CUDA and the CPU; how pictures are compared."""

from .rasterize import Rendering, rasterize

__all__ = ["Rendering", "rasterize"]
