# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m operators.headless …`, from a checkout with the bpy module: the same as `blender -b -c tttlrm …`."""

import os
import sys

from .. import register, unregister
from .command_line import main

register()
status = main(sys.argv[1:])
unregister()
sys.stdout.flush()
sys.stderr.flush()
os._exit(status)  # the module of Blender 4.2 crashes when Python takes it down, and the status would be that of the crash
