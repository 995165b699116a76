# SPDX-License-Identifier: GPL-3.0-or-later
"""Cameras, rotations and similarities: what every other room measures in."""
