# SPDX-License-Identifier: GPL-3.0-or-later
"""From splats to a textured mesh: depth maps, signed distances, surface, atlas, texture, GLB."""
