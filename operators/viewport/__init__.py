# SPDX-License-Identifier: GPL-3.0-or-later
"""The overlay that draws splats in the 3D viewport of Blenders that do not draw them by themselves."""
