# SPDX-License-Identifier: GPL-3.0-or-later
"""What operators and panels have in common with others is in mixins, which are none of Blender's own types.

Blender reads the properties of a class's bases only where these are not derived from its types. For the type checker they are.
"""

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from bpy.types import AddonPreferences, Operator, Panel
else:
    AddonPreferences = Operator = Panel = object

Outcome = set[Literal["RUNNING_MODAL", "CANCELLED", "FINISHED", "PASS_THROUGH", "INTERFACE"]]  # of an operator
