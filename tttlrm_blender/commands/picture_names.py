# SPDX-License-Identifier: GPL-3.0-or-later
"""File names for pictures of photos: short, allowed on every system, and never the same for two photos."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from ..photo_files import is_photo

FORBIDDEN = re.compile(r'[<>:"|?*\x00-\x1f\ud800-\udfff]')  # on Windows, or in UTF-8
DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)  # there too
LONGEST = 200  # bytes


def file_names(names: Sequence[str]) -> list[str]:
    """File names without suffix for photos of these names, which are unique without regard to capital letters.

    Each is the last part of the photo's name or, where photos share it, all parts. Only suffixes of photos are dropped: `r.0`
    and `r.1` stay.
    """
    parts = [_parts(name) for name in names]
    shared = Counter(own[-1].casefold() for own in parts)
    wanted = [own[-1] if shared[own[-1].casefold()] == 1 else "_".join(own) for own in parts]
    return unique([name.encode()[-LONGEST:].decode(errors="ignore") for name in wanted])


def _parts(name: str) -> list[str]:
    """The folders and the file of a name, without its suffix; at least one."""
    path = Path(name)
    stem = name.removesuffix(path.suffix) if is_photo(path) else name
    parts = [FORBIDDEN.sub("_", part).rstrip(". ") for part in re.split(r"[/\\]", stem)]
    return [f"{part}_" if DEVICES.match(part) else part for part in parts if part] or ["picture"]


def unique(names: Sequence[str]) -> list[str]:
    """The names, with numbers after those that were there before, without regard to capital letters."""
    wanted, taken, made = {name.casefold() for name in names}, set[str](), []
    for name in names:
        own, number = name, 1
        while own.casefold() in taken or (number > 1 and own.casefold() in wanted):
            number += 1
            own = f"{name}-{number}"
        taken.add(own.casefold())
        made.append(own)
    return made
