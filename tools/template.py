# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the file that File > New > tttLRM begins with.

python -m tools.template --blender "xvfb-run -a blender" --oldest .venv-4.2/bin/python

Only a window has a sidebar with an open tab, and Blenders warn of files by newer ones: the oldest that the extension supports,
as the bpy module, writes the file once more.
"""

from __future__ import annotations

import argparse
import subprocess
import sys

from tools import window

TEMPLATE = window.HOUSE / "operators" / "interface" / "template.blend"
RESAVE = """
import sys
import bpy
bpy.ops.wm.open_mainfile(filepath=sys.argv[1])
bpy.ops.wm.save_as_mainfile(filepath=sys.argv[1], compress=True)
"""


def main() -> int:
    """The exit status is Blender's."""
    parser = argparse.ArgumentParser(prog="python -m tools.template", description=__doc__)
    window.add_option(parser)
    parser.add_argument("--oldest", required=True, metavar="PYTHON", help="a Python with the oldest bpy module supported")
    options = parser.parse_args()
    if status := window.run(options.blender, "template", {"template": str(TEMPLATE)}):
        return status
    subprocess.run([options.oldest, "-c", RESAVE, str(TEMPLATE)], check=True)
    TEMPLATE.with_suffix(".blend1").unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
