# SPDX-License-Identifier: GPL-3.0-or-later
"""What operators say to those that call them from Python."""

import re

PREFIX = re.compile(r"^(Error: |Operator bpy\.ops\.\S+\.poll\(\) )")


def reported(error: RuntimeError) -> str:
    """The sentence in the error that Blender raises where an operator reports one, or cannot be called."""
    return PREFIX.sub("", str(error)).strip()
