# SPDX-License-Identifier: GPL-3.0-or-later
"""Contact sheets: of each set, a photo beside what its splats show from the same camera, and a few words."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..scene.pictures import fitting
from .lettering import lettering

SIDE = 256  # pixels of the square that a picture fits into
GAP, MARGIN = 4, 12  # pixels between the two pictures of a set, and around sets
COLUMNS, ROWS = 3, 6  # of sets on a page
TITLE, WORDS = 18, 14  # sizes of fonts in pixels
LINE = 1.3  # height of a line relative to the size of its font
ACROSS, LINES = 88, 12  # characters of a line of a sentence, and lines at most
PAPER, BEHIND, INK, GRAY, RED = 0.12, 0.16, (0.95, 0.95, 0.95), (0.65, 0.65, 0.65), (1.0, 0.55, 0.45)


@dataclass(frozen=True)
class Entry:
    """One set."""

    name: str
    words: str  # about the result
    photo: Path  # picture files, which may be missing
    rendering: Path
    failure: str = ""  # a sentence about what went wrong


WIDTH, HEIGHT = 2 * SIDE + GAP + MARGIN, SIDE + round(LINE * (TITLE + WORDS)) + 2 * MARGIN  # of a set


def pages(entries: Sequence[Entry]) -> Iterator[np.ndarray]:
    """Yield the pages, [H, W, 3] sRGB, 0 to 1."""
    for start in range(0, len(entries), COLUMNS * ROWS):
        yield _page(entries[start : start + COLUMNS * ROWS])


def _page(entries: Sequence[Entry]) -> np.ndarray:
    columns, rows = min(len(entries), COLUMNS), -(-len(entries) // COLUMNS)
    page = np.full((rows * HEIGHT + MARGIN, columns * WIDTH + MARGIN, 3), PAPER, np.float32)
    for number, entry in enumerate(entries):
        row, column = divmod(number, COLUMNS)
        top, left = MARGIN + row * HEIGHT, MARGIN + column * WIDTH
        _draw(page[top : top + HEIGHT - MARGIN, left : left + WIDTH - MARGIN], entry)
    return page


def _draw(
    cell: np.ndarray,  # [H, W, 3], changed
    entry: Entry,
) -> None:
    cell[:SIDE] = BEHIND
    for path, on_the_left in ((entry.photo, True), (entry.rendering, False)):
        picture = fitting(path, SIDE)
        if picture is not None:
            high, wide, _ = picture.shape
            top, left = (SIDE - high) // 2, SIDE - wide if on_the_left else SIDE + GAP
            cell[top : top + high, left : left + wide] = picture
    _write(cell, entry.name, SIDE + GAP, TITLE, INK)
    _write(cell, entry.words, SIDE + GAP + round(LINE * TITLE), WORDS, GRAY)
    lines = textwrap.wrap(entry.failure, ACROSS, max_lines=LINES, placeholder=" …")
    for number, line in enumerate(lines):
        _write(cell[:, MARGIN:], line, SIDE // 2 + round((number - len(lines) / 2) * LINE * WORDS), WORDS, RED)


def _write(cell: np.ndarray, text: str, top: int, size: int, color: tuple[float, float, float]) -> None:
    """Write a line of text, as far as there is room."""
    place = cell[max(top, 0) :]
    cover = lettering(text, size)[: place.shape[0], : place.shape[1], None]
    place = place[: cover.shape[0], : cover.shape[1]]
    place += cover * (np.array(color, np.float32) - place)
