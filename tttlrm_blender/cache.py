# SPDX-License-Identifier: GPL-3.0-or-later
"""Results that take long to compute, in the user's cache folder, named after the contents of the files they were made from."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path

from .atomic_files import unwritable
from .errors import Code, TttlrmError
from .scratch import Scratch, sweep

_scene: ContextVar[Path | None] = ContextVar("scene", default=None)


def cache_folder() -> Path:
    """The cache folder: TTTLRM_CACHE, or the system's usual place. It may not exist yet."""
    local = os.environ.get("LOCALAPPDATA") or os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("TTTLRM_CACHE") or Path(local) / "tttlrm")


@contextmanager
def keeping_in(folder: Path) -> Iterator[None]:
    """Keep what belongs to one scene in this folder of the scene, within the block and its thread."""
    before = _scene.set(folder)
    try:
        yield
    finally:
        _scene.reset(before)


def kept_folder(kind: str, of_scene: bool = False) -> Path:
    """The folder for results of a kind, made if it is missing, for its user only; swept of what killed processes left there.

    Results `of_scene` are copies of one scene's photos, which go with it (see `keeping_in`). Raises `TttlrmError`
    ("cannot_write").
    """
    root = (_scene.get() if of_scene else None) or cache_folder()
    folder = root / kind
    try:
        root.parent.mkdir(parents=True, exist_ok=True)
        for part in (root, folder):
            part.mkdir(mode=0o700, exist_ok=True)
        with suppress(OSError):  # of another user, who shares it
            folder.chmod(0o700)
        sweep(folder)
    except OSError as error:
        hint = "Set TTTLRM_CACHE to a folder that can be written to."
        raise TttlrmError(
            "The cache folder {} cannot be created ({}).", folder, error.strerror or error, hint=hint, code=Code.CANNOT_WRITE
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


def keep_copy(made: Path, kept: Path) -> None:
    """Copy a finished folder of files, perhaps of another disk, to its name in the cache. Raises `TttlrmError`."""
    try:
        with Scratch(kept.parent) as beside:
            copy = beside / "copy"
            copy.mkdir()
            for file in made.iterdir():
                shutil.copyfile(file, copy / file.name)
            keep(copy, kept)
    except OSError as error:
        raise unwritable(kept, error) from error
