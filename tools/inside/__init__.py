# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts that run inside a Blender with a window: the only ones of these tools that import bpy."""
