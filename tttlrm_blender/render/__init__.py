# SPDX-License-Identifier: GPL-3.0-or-later
"""Splats to pictures, differentiably: one `rasterize` with back ends for CUDA and the CPU."""

from .rasterize import Rendering, rasterize

__all__ = ["Rendering", "rasterize"]
