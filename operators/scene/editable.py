# SPDX-License-Identifier: GPL-3.0-or-later
"""What belongs to the open file, so that changes to it are saved: neither linked from another file nor overridden."""

from __future__ import annotations

from typing import Any

import bpy

from ..mixins import Operator
from ..narrowing import given


def is_editable(block: bpy.types.ID | None) -> bool:
    """Whether there is a data-block, and changes to it are saved with the open file."""
    return block is not None and block.library is None and block.override_library is None


def own(blocks: Any, name: str) -> Any:
    """Return the data-block of a name that belongs to the open file: one that is linked may be gone tomorrow. None if missing."""
    return blocks.get((name, None))


def takes_objects(operator: type[Operator], context: bpy.types.Context) -> bool:
    """Whether objects can be added to the scene; if not, the operator, in whose poll this is called, says why."""
    if not is_editable(context.scene):
        operator.poll_message_set("The scene is linked from another file: switch to a scene of this file")
    return is_editable(context.scene)


def editable_collection(*wanted: bpy.types.Collection | None) -> bpy.types.Collection:
    """Return the first collection to which objects can be added, or else that of the scene."""
    found = (collection for collection in wanted if collection is not None and is_editable(collection))
    return next(found, given(bpy.context.scene).collection)
