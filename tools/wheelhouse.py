# SPDX-License-Identifier: GPL-3.0-or-later
"""Downloads everything that Blender's *Set Up Worker* installs, so that it can be installed without a network."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.setup.commands import Source, download
from tttlrm_blender.setup.machine import choose_build, look


def main() -> int:
    """For this machine and this Python; the exit status is pip's."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where the wheels go")
    parser.add_argument("--build", default="auto", help="of PyTorch: auto (what suits this machine), cpu, cuda or rocm")
    parser.add_argument("--index", default="", help="package index that has PyTorch, in place of PyTorch's own")
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
