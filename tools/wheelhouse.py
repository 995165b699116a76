# SPDX-License-Identifier: GPL-3.0-or-later
"""Download everything that Blender's *Install the Engine* installs, to install it without a network."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from tools.wheels import hashes_of, is_whole, read_pins, strangers
from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.setup.commands import BUILDS, OPTIONAL, PACKAGES, TORCH, Source, download
from tttlrm_blender.setup.isolation import pip_environment, user_settings
from tttlrm_blender.setup.machine import choose_build, look


def main() -> int:
    """Read the options, and fill the folder for this machine and this Python."""
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
    return fill(arguments.folder, source)


def fill(folder: Path, source: Source) -> int:
    """Download the packages into a folder and check every wheel there; the exit status is pip's, or 1."""
    pins = read_pins(PACKAGES, OPTIONAL, TORCH, *BUILDS.values())
    for wheel in folder.glob("*.whl"):
        if hashes_of(wheel, pins) == set() and not is_whole(wheel):  # where a hash is known, pip itself replaces damaged ones
            print(f"{wheel} is damaged and is downloaded again.")
            wheel.unlink()
    settings = user_settings(sys.executable)
    packages, optional, torch = download(Path(sys.executable), source, folder)
    for command, indexes in ((packages, True), (optional, True), (torch, not source.torch_index)):
        status = subprocess.run(command, env=pip_environment(settings, indexes)).returncode
        if status and command is not optional:
            return status
        if status:
            print(f"The packages of {OPTIONAL.name} are left out: the engine can do without.", file=sys.stderr)
    if others := strangers(sorted(folder.glob("*.whl")), pins):
        names = ", ".join(wheel.name for wheel in others)
        print(f"These wheels in {folder} are damaged, or other ones than those pinned. Delete them: {names}", file=sys.stderr)
    return 1 if others else 0


if __name__ == "__main__":
    sys.exit(main())
