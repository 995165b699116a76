# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job on a scene that Blender can make by itself: Suzanne on a table. Run as `python -m tools.inside.demo`."""
