# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenes for training, rendered by Blender: `python -m tools.inside.worlds FOLDER`."""
