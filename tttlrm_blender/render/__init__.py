# SPDX-License-Identifier: GPL-3.0-or-later
"""Differentiable drawing of splats, `rasterize`, with back ends for CUDA and the CPU; comparison of pictures with photos."""

from .rasterize import Rendering, rasterize

__all__ = ["Rendering", "rasterize"]
