# SPDX-License-Identifier: GPL-3.0-or-later
"""Cameras, rotations, similarities and planes: what every other room measures with."""
