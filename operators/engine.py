# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine's modules that run in Blender: the only way to them from here.

Installed, the engine is a part of the extension, under Blender's name for that; in a checkout it lies beside `operators`, and
for the type checker it does so always. A test holds the two lists equal.
"""

from typing import TYPE_CHECKING

INSTALLED = "." in __package__  # "bl_ext.user_default.tttlrm.operators", not "operators"

if TYPE_CHECKING or not INSTALLED:
    pass
else:
    pass
