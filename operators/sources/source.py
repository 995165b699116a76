# SPDX-License-Identifier: GPL-3.0-or-later
"""What all sources have in common."""

from __future__ import annotations

from pathlib import Path

from ..engine import errors

Files = dict[str, Path | bytes]
FEWEST = 2  # photos that something can be reconstructed from


class Source:
    """Some photos."""

    @property
    def title(self) -> str:
        """Of what they become."""
        return "Reconstruction"

    @property
    def posed(self) -> bool:
        """Whether all belong to cameras in Blender."""
        return False

    @property
    def label(self) -> str:
        """What they are, as in “Reconstruct 12 Photos”."""
        raise NotImplementedError

    @property
    def missing(self) -> errors.Text:
        """What a person has to do before they can be used, in sentences; nothing where they can."""
        raise NotImplementedError

    @property
    def warning(self) -> str:
        """What of the source is not heeded, in a sentence; mostly nothing."""
        return ""

    def files(self) -> Files:
        """The files of the photo set. Raises `TttlrmError` where something is missing or cannot be read."""
        raise NotImplementedError

    def _require(self) -> None:
        if self.missing:
            raise errors.TttlrmError(self.missing, code=errors.Code.NO_PHOTOS)
