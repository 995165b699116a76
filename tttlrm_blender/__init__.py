# SPDX-License-Identifier: GPL-3.0-or-later
"""tttLRM for Blender, the engine: photos in, Gaussian splats and meshes out. Never imports bpy."""

__version__ = "0.2.0"  # defined only here: pyproject.toml reads it, the build writes it into the extension's manifest
