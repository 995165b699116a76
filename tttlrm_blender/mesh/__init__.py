# SPDX-License-Identifier: GPL-3.0-or-later
"""Splats become a textured mesh: depth maps, signed distances, surface, atlas, texture, GLB."""
