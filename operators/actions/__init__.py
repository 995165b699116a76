# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person can do in Blender: operators, one file each."""
