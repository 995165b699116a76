# SPDX-License-Identifier: GPL-3.0-or-later
"""Pin the packages that Blender's *Install the Engine* installs: versions and hashes, for every supported machine.

PyTorch and the packages that only its CUDA build needs are in a separate file, with the hashes of PyPI. The builds on PyTorch's
own indexes have a file each, with other hashes, or with the local version alone where this machine cannot reach the index.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tttlrm_blender.setup.machine import CUDA, PYTORCH, ROCM
from tttlrm_blender.setup.pythons import VERSIONS

ROOT = Path(__file__).resolve().parents[1]
ROOM = ROOT / "tttlrm_blender/setup"
TORCH = "torch==2.13.0"
EXTRAS = ("formats", "video", "background", "webgpu")
OPTIONAL = ("wgpu==", "rubicon-objc==")  # without which everything works, if more slowly on GPUs
WITH_TORCH = ("torch==", "triton==", "triton-", "nvidia-", "cuda-")
BUILDS = ("cpu", *(name for *_, name in CUDA), ROCM)
PLATFORMS = ("x86_64-manylinux_2_28", "x86_64-pc-windows-msvc", "aarch64-apple-darwin")
MACOS = "14.0"  # the oldest version with wheels of all packages
PINS = ("packages.txt", "optional.txt", "torch.txt")
UV = Path(sys.executable).with_name("uv")
HEADER = "# Written by `make lock`; do not edit.\n"


def compiled(wanted: str, *options: str) -> list[str]:
    """One block of lines, with hashes, for each package that requirements need on any platform. Raises `CalledProcessError`."""
    fixed = "--universal --generate-hashes --upgrade --only-binary :all: --no-annotate --no-header --quiet"
    command = [str(UV), "pip", "compile", *fixed.split(), "--python-version", ".".join(map(str, VERSIONS[0])), *options, "-"]
    run = subprocess.run(command, input=wanted, stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT)
    return re.split(r"\n(?=\S)", run.stdout.strip())


def build_pins(name: str) -> list[str]:
    """The blocks of a build of PyTorch: with hashes if its index can be reached, else as they are if the version is the same."""
    file, pin = ROOM / f"torch-{name}.txt", f"{TORCH}+{name}"
    try:
        return [block for block in compiled(pin, "--index-url", PYTORCH + name) if block.startswith(WITH_TORCH)]
    except subprocess.CalledProcessError:
        print(f"{PYTORCH}{name} does not answer: its hashes are not updated.", file=sys.stderr)
    known = re.split(r"\n(?=\S)", file.read_text("utf-8").strip())[1:] if file.exists() else []
    return known if any(block.split()[0] == pin for block in known) else [pin]


def check(platform: str, version: tuple[int, int]) -> None:
    """Exit with an error unless every package has a wheel for a platform and a Python version."""
    files: list[str | Path] = [argument for name in PINS for argument in ("--requirement", ROOM / name)]
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
    wanted = f"{TORCH}\npip>=24.1\n"  # pip reports the progress of downloads from 24.1 on
    blocks = compiled(wanted, *(f"--extra={extra}" for extra in EXTRAS), "pyproject.toml")
    torch = [block.replace("torch==", "torch===") for block in blocks if block.startswith(WITH_TORCH)]  # no local version
    optional = [block for block in blocks if block.startswith(OPTIONAL)]
    others = [block for block in blocks if not block.startswith((*WITH_TORCH, *OPTIONAL))]
    builds = {f"torch-{name}.txt": build_pins(name) for name in BUILDS}
    for name, chosen in {**dict(zip(PINS, (others, optional, torch), strict=True)), **builds}.items():
        (ROOM / name).write_text(HEADER + "\n".join(chosen) + "\n", "utf-8")
    for platform in PLATFORMS:
        for version in VERSIONS:
            check(platform, version)
    print(f"{len(others)} packages, {len(optional)} optional ones, and {len(torch)} of PyTorch.")
    print(f"All have wheels on {len(PLATFORMS)} platforms.")


if __name__ == "__main__":
    main()
