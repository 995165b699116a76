# SPDX-License-Identifier: GPL-3.0-or-later
"""Blender's entry point."""


def register() -> None:
    """Add everything that the extension offers to Blender."""
    from . import operators  # type: ignore[attr-defined]  # the type checker takes this file for a script

    operators.register()


def unregister() -> None:
    """Take everything back out, and stop the worker that was started."""
    from . import operators  # type: ignore[attr-defined]  # the type checker takes this file for a script

    operators.unregister()
