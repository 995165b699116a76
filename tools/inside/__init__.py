# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts that run inside a Blender with a window, or the bpy module: the only tools that import bpy."""
