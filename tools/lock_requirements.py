# SPDX-License-Identifier: GPL-3.0-or-later
"""Pin the packages that Blender's *Set Up Worker* installs: versions and hashes, for every supported machine.

PyTorch and the packages that only its CUDA build needs are in a separate file. The hashes are those of PyPI; the builds on
PyTorch's own indexes have other hashes and are pinned by version alone.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tttlrm_blender.setup.pythons import VERSIONS

ROOT = Path(__file__).resolve().parents[1]
ROOM = ROOT / "tttlrm_blender/setup"
TORCH = "torch==2.13.0"
EXTRAS = ("formats", "video", "background")
WITH_TORCH = ("torch==", "triton==", "nvidia-", "cuda-")
PLATFORMS = ("x86_64-manylinux_2_28", "x86_64-pc-windows-msvc", "aarch64-apple-darwin")
MACOS = "14.0"  # the oldest version with wheels of all packages
UV = Path(sys.executable).with_name("uv")
HEADER = "# Written by `make lock`; do not edit.\n"


def resolved() -> list[str]:
    """One block of lines, with hashes, for each package that the engine needs on any platform."""
    extras = [f"--extra={extra}" for extra in EXTRAS]
    options = ["--universal", "--generate-hashes", "--no-annotate", "--no-header", "--quiet", "--only-binary", ":all:"]
    oldest = ".".join(map(str, VERSIONS[0]))
    command: list[str | Path] = [
        UV,
        "pip",
        "compile",
        *options,
        *extras,
        "--python-version",
        oldest,
        "--upgrade",
        "pyproject.toml",
        "-",
    ]
    wanted = f"{TORCH}\npip>=24.1\n"  # pip reports the progress of downloads from 24.1 on
    run = subprocess.run(command, input=wanted, stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT)
    return re.split(r"\n(?=\S)", run.stdout.strip())


def check(platform: str, version: tuple[int, int]) -> None:
    """Exit with an error unless every package has a wheel for a platform and a Python version."""
    files: list[str | Path] = [argument for name in ("packages.txt", "torch.txt") for argument in ("--requirement", ROOM / name)]
    machine: list[str | Path] = [
        "--python-platform",
        platform,
        "--python-version",
        ".".join(map(str, version)),
        "--target",
        ROOT / "build/none",
    ]
    only = ["--dry-run", "--quiet", "--no-deps", "--only-binary", ":all:", "--require-hashes"]
    subprocess.run(
        [UV, "pip", "install", *only, *machine, *files], check=True, env={**os.environ, "MACOSX_DEPLOYMENT_TARGET": MACOS}
    )


def main() -> None:
    """Resolve, write and check."""
    blocks = resolved()
    torch = [block for block in blocks if block.startswith(WITH_TORCH)]
    others = [block for block in blocks if not block.startswith(WITH_TORCH)]
    for name, chosen in (("torch.txt", torch), ("packages.txt", others)):
        (ROOM / name).write_text(HEADER + "\n".join(chosen) + "\n")
    for platform in PLATFORMS:
        for version in VERSIONS:
            check(platform, version)
    print(f"{len(others)} packages, and {len(torch)} of PyTorch; all have wheels on {len(PLATFORMS)} platforms.")


if __name__ == "__main__":
    main()
