# SPDX-License-Identifier: GPL-3.0-or-later
"""Download everything that Blender's *Set Up Worker* installs, to install it without a network."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.setup.commands import Source, download
from tttlrm_blender.setup.machine import choose_build, look


def main() -> int:
    """Download the packages for this machine and this Python; the exit status is pip's."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="folder for the wheels")
    parser.add_argument("--build", default="auto", help="build of PyTorch: auto (suits this machine), cpu, cuda or rocm")
    parser.add_argument("--index", default="", help="package index with PyTorch, instead of PyTorch's own")
    arguments = parser.parse_args()
    try:
        source = Source(choose_build(look(), arguments.build), arguments.index)
    except TttlrmError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"PyTorch for {source.build.kind}, Python {sys.version_info[0]}.{sys.version_info[1]}")
    commands = download(Path(sys.executable), source, arguments.folder)
    return next((status for command in commands if (status := subprocess.run(command).returncode)), 0)


if __name__ == "__main__":
    sys.exit(main())
