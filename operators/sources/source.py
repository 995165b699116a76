# SPDX-License-Identifier: GPL-3.0-or-later
"""Base class of sources of photos."""

from __future__ import annotations

from pathlib import Path

from ..engine import errors
from .picture_size import USUAL

Files = dict[str, Path | bytes]
FEWEST = 2  # photos needed for a reconstruction


class Source:
    """A source of photos."""

    @property
    def title(self) -> str:
        """The name of the reconstruction."""
        return "Reconstruction"

    @property
    def posed(self) -> bool:
        """Whether all photos belong to cameras in Blender."""
        return False

    @property
    def count(self) -> int:
        """The number of photos; 0 if nobody knows yet."""
        return 0

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of a photo, roughly."""
        return USUAL

    @property
    def folder(self) -> Path | None:
        """The folder in which poses may be, beside the photos."""
        return None

    @property
    def label(self) -> str:
        """What the button reconstructs, such as “12 Photos”."""
        raise NotImplementedError

    @property
    def missing(self) -> errors.Text:
        """What to do before the photos can be used, in sentences; empty if they can be used."""
        raise NotImplementedError

    @property
    def warning(self) -> str:
        """A sentence about what is ignored in the source; usually empty."""
        return ""

    def files(self) -> Files:
        """Return the files of the photo set. Raises `TttlrmError` if something is missing or cannot be read."""
        raise NotImplementedError

    def _require(self) -> None:
        if self.missing:
            raise errors.TttlrmError(self.missing, code=errors.Code.NO_PHOTOS)


class Lacking(Source):
    """A source that cannot be used as it was chosen."""

    def __init__(self, why: errors.Text) -> None:
        """`why` says what to do, in sentences."""
        self._why = why

    @property
    def label(self) -> str:
        """Nothing, as there is nothing to reconstruct."""
        return ""

    @property
    def missing(self) -> errors.Text:
        """What to do."""
        return self._why

    def files(self) -> Files:
        """Raise `TttlrmError`."""
        self._require()
        return {}
