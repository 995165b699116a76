# SPDX-License-Identifier: GPL-3.0-or-later
"""Sparse points are found while the network reads the photos, so that refinement begins sooner."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import copy_context
from threading import Thread

from ..photos.photo import Photo
from ..poses.sparse_points import sparse_points
from ..progress import Report
from ..protocol.settings import RefineSettings
from ..stages import Stage

PAUSE = 0.05  # seconds between looks at the thread


class PointsAhead(Report):
    """A search for sparse points in a thread, most of whose work is that of another process. It leaves them in the cache."""

    def __init__(self, photos: list[Photo]) -> None:
        """Begin. Photos whose points are not needed are left out by giving none."""
        super().__init__()
        self._latest = (Stage.POINTS, 0.0)
        self._thread = Thread(target=copy_context().run, args=(self._find, photos), name="tttlrm points", daemon=True)
        if photos:
            self._thread.start()

    def progress(self, stage: Stage, fraction: float) -> None:
        """Remember the progress for `wait`."""
        self._latest = (stage, fraction)

    def wait(self, report: Report) -> None:
        """Wait until the points are in the cache or could not be found. Raises `Cancelled` when the report does."""
        while self._thread.is_alive():
            report(*self._latest)
            self._thread.join(PAUSE)

    def stop(self) -> None:
        """Stop the search."""
        self.cancel()
        if self._thread.is_alive():
            self._thread.join()

    def _find(self, photos: list[Photo]) -> None:
        with suppress(Exception):  # refinement meets the same error
            sparse_points(photos, self)


@contextmanager
def points_ahead(photos: list[Photo], settings: RefineSettings) -> Iterator[PointsAhead]:
    """A search for the points of photos that refinement with these settings needs, stopped when the block ends."""
    needed = settings.wanted and settings.start != "decoded" and len(photos) > 1
    search = PointsAhead(photos if needed else [])
    try:
        yield search
    finally:
        search.stop()
