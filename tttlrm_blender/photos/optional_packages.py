# SPDX-License-Identifier: GPL-3.0-or-later
"""Packages that only some kinds of files need, and that are not always installed."""

from __future__ import annotations

from pathlib import Path

from ..errors import Code, TttlrmError, text


def not_installed(path: Path, package: str) -> TttlrmError:
    """The error for a file that cannot be read without a package."""
    hint = text("Run pip install {}.", package)
    return TttlrmError("{} cannot be read without the Python package {}.", path, package, hint=hint, code=Code.NO_PACKAGE)
