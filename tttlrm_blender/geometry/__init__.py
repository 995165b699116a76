# SPDX-License-Identifier: GPL-3.0-or-later
"""Cameras, rays, rotations, similarities and planes, shared by all other rooms."""
