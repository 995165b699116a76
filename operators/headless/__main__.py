# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m operators.headless …`, from a checkout with the bpy module: the same as `blender -b -c tttlrm …`."""

import sys

from .. import register
from .command_line import main

register()
sys.exit(main(sys.argv[1:]))
