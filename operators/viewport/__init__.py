# SPDX-License-Identifier: GPL-3.0-or-later
"""Splats in the 3D viewport, where Blender does not draw them by itself."""
