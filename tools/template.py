# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the file behind File > New > tttLRM.

python -m tools.template --blender "xvfb-run -a blender" --oldest .venv-4.2/bin/python

An open tab in the sidebar needs a Blender with a window. Because Blender warns about files of newer versions, the file is then
saved again by the oldest supported version, as the bpy module.
"""

from __future__ import annotations

import argparse
import subprocess
import sys

from tools import window
from tttlrm_blender.child_process import child_environment

TEMPLATE = window.ROOT / "operators" / "interface" / "template.blend"
RESAVE = """
import sys
import bpy
bpy.ops.wm.open_mainfile(filepath=sys.argv[1])
bpy.ops.wm.save_as_mainfile(filepath=sys.argv[1], compress=True)
"""


def main() -> int:
    """Build the file; the exit status is Blender's."""
    parser = argparse.ArgumentParser(prog="python -m tools.template", description=__doc__)
    window.add_option(parser)
    parser.add_argument("--oldest", required=True, metavar="PYTHON", help="Python with the oldest supported bpy module")
    options = parser.parse_args()
    if status := window.run(options.blender, window.SCRIPTS / "template.py", {"template": str(TEMPLATE)}):
        return status
    subprocess.run([options.oldest, "-c", RESAVE, str(TEMPLATE)], check=True, env=child_environment())
    TEMPLATE.with_suffix(".blend1").unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
