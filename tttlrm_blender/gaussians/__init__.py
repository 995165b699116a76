# SPDX-License-Identifier: GPL-3.0-or-later
"""Gaussian splats: container, activations, transforms, selection, merging, the ground below them, preparation for drawing."""
