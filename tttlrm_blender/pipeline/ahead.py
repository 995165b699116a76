# SPDX-License-Identifier: GPL-3.0-or-later
"""Sparse points are found while the network reads the photos, so that refinement begins sooner."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from contextvars import copy_context
from threading import Thread

from ..errors import Text
from ..photos.photo import Photo
from ..poses.sparse_points import SparsePoints, sparse_points
from ..progress import Report
from ..protocol.settings import RefineSettings
from ..stages import Stage

PAUSE = 0.05  # seconds between looks at the thread
MANY = 30  # photos from which coarse points suffice beside dense depth; of fewer, fine ones matter more and take little time
FindPoints = Callable[[Report], SparsePoints | None]  # raises `TttlrmError` where that fails


class PointsAhead(Report):
    """A search for sparse points in a thread, most of whose work is that of another process."""

    def __init__(self, photos: list[Photo], settings: RefineSettings) -> None:
        """Begin to look for the points that a refinement needs."""
        super().__init__()
        self._latest = (Stage.POINTS, 0.0)
        self._notes: list[Text] = []
        self._found: Future[SparsePoints | None] = Future()
        arguments = (self._find, photos, settings)
        self._thread = Thread(target=copy_context().run, args=arguments, name="tttlrm points", daemon=True)
        self._thread.start()

    def progress(self, stage: Stage, fraction: float) -> None:
        """Remember the progress for those who wait."""
        self._latest = (stage, fraction)

    def note(self, text: Text) -> None:
        """Remember a note for those who wait."""
        self._notes.append(text)

    def take(self, report: Report) -> SparsePoints | None:
        """Wait for the points. Raises what the search has raised, and `Cancelled` when the report does."""
        while self._thread.is_alive():
            report(*self._latest)
            self._thread.join(PAUSE)
        while self._notes:
            report.note(self._notes.pop(0))
        return self._found.result()

    def stop(self) -> None:
        """Stop the search."""
        self.cancel()
        self._thread.join()

    def _find(self, photos: list[Photo], settings: RefineSettings) -> None:
        try:
            self._found.set_result(find_points(photos, settings, self))
        except BaseException as error:  # handed over
            self._found.set_exception(error)


@contextmanager
def points_ahead(photos: list[Photo], settings: RefineSettings) -> Iterator[FindPoints]:
    """A search for the points that refinement of photos with these settings needs, stopped when the block ends."""
    search = PointsAhead(photos, settings)
    try:
        yield search.take
    finally:
        search.stop()


def find_points(photos: list[Photo], settings: RefineSettings, report: Report) -> SparsePoints | None:
    """The sparse points that refinement of photos with these settings needs. Raises `TttlrmError` where that fails."""
    if not settings.wanted or settings.start == "decoded" or len(photos) < 2:
        return None
    return sparse_points(photos, report, fine=settings.start == "points" or len(photos) < MANY)
