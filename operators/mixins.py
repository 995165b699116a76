# SPDX-License-Identifier: GPL-3.0-or-later
"""Base classes for mixins of operators, panels and preferences.

Blender reads the properties of a base class only if that is not derived from its own types. So at runtime mixins derive from
`object`, and only for the type checker from Blender's types.
"""

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from bpy.types import AddonPreferences, Operator, Panel
else:
    AddonPreferences = Operator = Panel = object

Outcome = set[Literal["RUNNING_MODAL", "CANCELLED", "FINISHED", "PASS_THROUGH", "INTERFACE"]]  # of an operator
