# SPDX-License-Identifier: GPL-3.0-or-later
"""What a reconstruction puts into a Blender scene: splats, cameras with their photos, and a mesh."""
