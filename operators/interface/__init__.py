# SPDX-License-Identifier: GPL-3.0-or-later
"""The interface in Blender: panels, menus, preferences, presets and the template for new files."""
