# SPDX-License-Identifier: GPL-3.0-or-later
"""Results that took long, kept in the user's cache folder by the content of the files that they were made from."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from .errors import Code, TttlrmError


def cache_folder() -> Path:
    """Where results are kept: TTTLRM_CACHE, or the system's place for such things. It need not exist."""
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
        raise TttlrmError("The cache folder {} cannot be made ({}).", folder, error, hint=hint, code=Code.CANNOT_WRITE) from None
    return folder


def content_name(files: Iterable[Path], *more: object) -> str:
    """A name that stands for the contents of files, and for whatever else a result depends on."""
    digest = hashlib.sha256(repr(more).encode())
    for path in files:
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:32]


def keep(made: Path, kept: Path) -> None:
    """Let a folder take the name under which it is looked for, unless another process was faster."""
    try:
        made.rename(kept)
    except OSError:
        if not kept.is_dir():
            raise
