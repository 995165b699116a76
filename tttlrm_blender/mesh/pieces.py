# SPDX-License-Identifier: GPL-3.0-or-later
"""Which small pieces of a surface are no floaters, because photos confirm them.

From above, photos show hardly any walls, so every roof is a small piece of its own, beside ground that is large.
"""

from __future__ import annotations

import numpy as np

from ..progress import Listen, unheard
from .depth_maps import DepthMaps
from .settle import sure_places

USUAL, CRUMB = 0.01, 0.001  # shares of the faces: up to which photos spare pieces that are smaller, and down to which
PHOTOS, ENOUGH = 2, 0.25  # photos that must confirm a vertex, and share of the vertices that they must confirm
ASKED = 1000  # vertices of a piece, at most


def confirmed(places: np.ndarray, maps: DepthMaps, faith: float, listen: Listen = unheard) -> bool:
    """Whether photos confirm enough of the vertices [N, 3] of a piece, by depth of a confidence above `faith`."""
    places = places[:: -(-len(places) // ASKED)]
    count = np.zeros(len(places), np.int64)
    for view in range(len(maps) - maps.plans):
        listen()
        count += sure_places(places, maps, faith, view)
    return bool((count >= PHOTOS).mean() >= ENOUGH)
