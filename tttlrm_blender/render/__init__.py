# SPDX-License-Identifier: GPL-3.0-or-later
"""One differentiable rasterize() with several back ends."""
