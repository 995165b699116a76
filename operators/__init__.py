# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that runs inside Blender."""


def register() -> None:
    """Add the operators, the panel, the preferences and the command line to Blender."""


def unregister() -> None:
    """Take them back out."""
