# SPDX-License-Identifier: GPL-3.0-or-later
"""Gaussian splats: their container, transforms, selection, merging, the ground under them, and what drawing needs."""
