# SPDX-License-Identifier: GPL-3.0-or-later
"""The illustrated guide: a journey through a real Blender with a window, which leaves a picture of each step."""
