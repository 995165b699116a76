# SPDX-License-Identifier: GPL-3.0-or-later
"""What operators say to those that call them from Python."""

import re

from bpy.app.translations import pgettext_rpt


def reported(error: RuntimeError) -> str:
    """The sentence in the error that Blender raises where an operator reports one, or cannot be called."""
    error_word = re.escape(pgettext_rpt("Error"))  # in Blender's language
    return re.sub(rf"^({error_word}: |Operator bpy\.ops\.\S+\.poll\(\) )", "", str(error)).strip()
