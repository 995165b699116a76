# SPDX-License-Identifier: GPL-3.0-or-later
"""Results that take long to compute, in the user's cache folder, named after the contents of the files they were made from."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from .errors import Code, TttlrmError


def cache_folder() -> Path:
    """The cache folder: TTTLRM_CACHE, or the system's usual place. It may not exist yet."""
    local = os.environ.get("LOCALAPPDATA") or os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("TTTLRM_CACHE") or Path(local) / "tttlrm")


def kept_folder(kind: str) -> Path:
    """The folder for results of a kind, made if it is missing.

    Raises `TttlrmError` ("cannot_write").
    """
    folder = cache_folder() / kind
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        hint = "Set TTTLRM_CACHE to a folder that can be written to."
        raise TttlrmError(
            "The cache folder {} cannot be created ({}).", folder, error, hint=hint, code=Code.CANNOT_WRITE
        ) from None
    return folder


def content_name(files: Iterable[Path], *more: object) -> str:
    """A hash of the contents of files and of everything else (`more`) that a result depends on."""
    digest = hashlib.sha256(repr(more).encode())
    for path in files:
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:32]


def keep(made: Path, kept: Path) -> None:
    """Rename a finished folder to its name in the cache, unless another process was faster."""
    try:
        made.rename(kept)
    except OSError:
        if not kept.is_dir():
            raise
