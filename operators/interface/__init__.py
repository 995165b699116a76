# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person sees in Blender: panels, menus, preferences, presets and the template for new files."""
