# SPDX-License-Identifier: GPL-3.0-or-later
"""Packages that only some files need, and that only some people install."""

from __future__ import annotations

from pathlib import Path

from ..errors import TttlrmError


def not_installed(path: Path, package: str, extra: str) -> TttlrmError:
    """The error for a file that cannot be read without a package, which the extra of that name installs with others."""
    hint = f'Run pip install {package}, or pip install "tttlrm-blender[{extra}]" for all files of its kind.'
    return TttlrmError(f"{path} cannot be read without the Python package {package}.", hint, "no_package")
