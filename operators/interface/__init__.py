# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person sees and sets in Blender."""
