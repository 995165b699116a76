# SPDX-License-Identifier: GPL-3.0-or-later
"""The rasterizer on a GPU: everything between arrays of splats and arrays of pictures, and back."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import Code, TttlrmError
from ..convention import BLUR, MAX_ALPHA, MIN_ALPHA, MIN_TRANSMITTANCE, NEAR, VIEW_MARGIN, Views
from .buffers import Array
from .device import FLOAT_ATOMICS, GROUP, SUBGROUPS, Device
from .program import Passes
from .sorting import Scan, Sort

TILE = 16  # pixels of a tile's side
ROW, ELLIPSE, PLANES, SUMS = 12, 8, 5, 10  # floats of a splat, of an ellipse, of a pixel, and of an ellipse's gradient
BATCH = 256  # splats of a tile that its threads load at once
SHARED = 15_000  # bytes of a workgroup's memory that are used for sums, of at least 16 KiB
ROOM = 1.25  # times the pairs of a view that arrays for pairs are made for


def view_row(views: Views, view: int, size: tuple[int, int]) -> np.ndarray:
    """A camera and the size of its picture, [20] float32, as the programs read it (view.wgsl)."""
    rotation = np.hstack([views.rotations[view], views.centers[view][:, None]])
    return np.concatenate([rotation.ravel(), views.intrinsics[view], size, (0, 0)]).astype(np.float32)


class Rasterizer:
    """Draws `count` splats with spherical harmonics of `stored` terms, of which `terms` are used, in pictures of one size.

    Its arrays are kept from view to view. Write a camera into `view` (see `view_row`); `draw` fills `images`, and `backward`
    adds to gradients, without waiting for the GPU. Before the first picture, `project` and `reserve_all` make room for its pairs
    of a splat and a tile; where `number` says later that there were more than `room`, the farthest were missing: `reserve` more.
    """

    def __init__(self, gpu: Device, count: int, size: tuple[int, int], stored: int, terms: int, antialiased: bool) -> None:
        self.gpu, self.count, self.size = gpu, count, (int(size[0]), int(size[1]))
        self.across, self.down = (-(-side // TILE) for side in self.size)
        self.tiles = self.across * self.down
        self._shading = {"STORED": stored, "TERMS": terms, "ANTIALIASED": antialiased}
        self.view = gpu.empty((20,))
        self.means2d, self.ellipses = gpu.empty((count, 2)), gpu.empty((count, ELLIPSE))
        self.radii = gpu.empty((count,), np.int32)
        self.images = gpu.empty((PLANES, size[1], size[0]))
        self.number = gpu.empty((1,), np.uint32)  # of pairs of a splat and a tile
        self._all = gpu.array(np.array([count], np.uint32))
        self._depths = Sort(gpu, count, 32)
        self._starts, self._scan = gpu.empty((count,), np.uint32), Scan(gpu, count)
        self._ranges = gpu.empty((self.tiles, 2), np.uint32)
        self.pairs = Sort(gpu, 0, 0)
        self.g_means2d, self.g_ellipses = gpu.empty((count, 2)), gpu.empty((count, ELLIPSE))
        self._sums = gpu.empty((count, SUMS))

    def use_terms(self, terms: int) -> None:
        """Use so many of the stored harmonics from now on: 1, 4, 9 or 16."""
        self._shading["TERMS"] = terms

    @property
    def room(self) -> int:
        """Pairs that there is room for."""
        return len(self.pairs.keys)

    def draw(self, passes: Passes, splats: Array, sh: Array) -> None:
        """Fill `images` [5, H, W] with red, green, blue, depth and alpha of splats [N, 12] with harmonics [N, stored, 3]."""
        self.project(passes, splats, sh)
        self.count_pairs(passes)
        self.list_tiles(passes)
        self.blend(passes)

    def backward(self, passes: Passes, splats: Array, sh: Array, g_images: Array, g_splats: Array, g_sh: Array) -> None:
        """Add to the gradients of splats and harmonics those from the gradients of `images`; fill `g_means2d`."""
        self.blend_backward(passes, g_images)
        self.project_backward(passes, splats, sh, g_splats, g_sh)

    def project(self, passes: Passes, splats: Array, sh: Array) -> None:
        """Fill `means2d`, `ellipses` and `radii` with what `view` shows of splats [N, 12] with harmonics [N, stored, 3]."""
        self._splats_pass(passes, "project.wgsl", splats, sh, self.means2d, self.ellipses, self.radii)

    def count_pairs(self, passes: Passes) -> None:
        """Sort the splats by depth, and find the `number` of pairs of a splat and a tile."""
        depths = self.gpu.program("index.wgsl", "depths.wgsl")
        arguments = [self.ellipses, self.radii, self._depths.keys, self._depths.values]
        passes.run(depths, arguments, self.gpu.groups(self.count))
        self._depths.run(passes, self._all)
        self._tiles_pass(passes, "count")
        self._scan.run(passes, self._starts, self.number)

    def reserve_all(self) -> None:
        """Make room for all pairs of `ellipses`; waits for their number."""
        with self.gpu.passes() as passes:
            self.count_pairs(passes)
        self.reserve(int(self.number.read()[0]))

    def reserve(self, pairs: int) -> None:
        """Make room for so many pairs; if there are more, the farthest are not drawn."""
        if pairs <= self.room:
            return
        if 4 * pairs > self.gpu.largest_binding:
            raise TttlrmError(
                "The splats cover {:,d} tiles of a picture, of which the GPU can list only {:,d}.",
                pairs,
                self.gpu.largest_binding // 4,
                hint="Use fewer splats or smaller photos, or choose the cpu rasterizer.",
                code=Code.OUT_OF_MEMORY,
            )
        room = min(int(ROOM * pairs), self.gpu.largest_binding // 4)
        self.pairs = Sort(self.gpu, room, (self.tiles - 1).bit_length())

    def list_tiles(self, passes: Passes) -> None:
        """List the splats of every tile, nearest first, as far as there is room for them."""
        pairs = self.pairs
        self._tiles_pass(passes, "list")
        pairs.run(passes, self.number)
        passes.clear(self._ranges)
        ranges = self.gpu.program("index.wgsl", "ranges.wgsl")
        passes.run(ranges, [self.number, pairs.sorted_keys, self._ranges], self.gpu.groups(len(pairs.keys)))

    def blend(self, passes: Passes) -> None:
        """Fill `images` [5, H, W] with red, green, blue, depth and alpha."""
        program = self.gpu.program("index.wgsl", "view.wgsl", "tile.wgsl", "blend.wgsl", **_limits(BATCH))
        passes.run(program, [*self._tile_arrays(), self.images], self.gpu.groups(self.tiles, 1))

    def find_medians(self, passes: Passes, medians: Array) -> None:
        """Fill medians [H, W] int32 with the splats at which light falls to half, −1 where more than half passes."""
        program = self.gpu.program("index.wgsl", "view.wgsl", "tile.wgsl", "median.wgsl", **_limits(BATCH))
        passes.run(program, [*self._tile_arrays(), medians], self.gpu.groups(self.tiles, 1))

    def blend_backward(self, passes: Passes, g_images: Array) -> None:
        """Fill `g_means2d` and `g_ellipses` with gradients, from those of `images`."""
        if self.gpu.has(SUBGROUPS):
            reduce, subgroups = "reduce_subgroups.wgsl", GROUP // self.gpu.smallest_subgroup
        else:
            reduce, subgroups = "reduce_shared.wgsl", TILE
        spread = 0 if self.gpu.has(SUBGROUPS) else 4 * SUMS * GROUP
        batch = min((SHARED - spread) // (4 * (subgroups * SUMS + 11)), 32)
        add = "add_atomic.wgsl" if self.gpu.has(FLOAT_ATOMICS) else "add_swap.wgsl"
        files = ("index.wgsl", "view.wgsl", "tile.wgsl", "blend_backward.wgsl", add, reduce)
        program = self.gpu.program(*files, **_limits(batch), SUBGROUPS=subgroups)
        passes.clear(self._sums)
        arguments = [*self._tile_arrays(), self.images, g_images, self._sums]
        passes.run(program, arguments, self.gpu.groups(self.tiles, 1))
        gather = self.gpu.program("index.wgsl", "gather.wgsl")
        passes.run(gather, [self._sums, self.ellipses, self.g_means2d, self.g_ellipses], self.gpu.groups(self.count))

    def project_backward(self, passes: Passes, splats: Array, sh: Array, g_splats: Array, g_sh: Array) -> None:
        """Add to the gradients of splats and harmonics those that come from `g_means2d` and `g_ellipses`."""
        arrays = splats, sh, self.radii, self.g_means2d, self.g_ellipses, g_splats, g_sh
        self._splats_pass(passes, "project_backward.wgsl", *arrays)

    def _splats_pass(self, passes: Passes, file: str, *arrays: Array) -> None:
        constants: dict[str, Any] = {
            "NEAR": NEAR,
            "BLUR": BLUR,
            "VIEW_MARGIN": VIEW_MARGIN,
            "MIN_ALPHA": MIN_ALPHA,
        } | self._shading
        program = self.gpu.program("index.wgsl", "view.wgsl", "harmonics.wgsl", "splat.wgsl", file, **constants)
        for part in self.gpu.parts(*arrays):
            passes.run(program, [self.view, *part], self.gpu.groups(part[0].count))

    def _tile_arrays(self) -> list[Array]:
        return [self.view, self._ranges, self.pairs.sorted_values, self.means2d, self.ellipses]

    def _tiles_pass(self, passes: Passes, entry: str) -> None:
        program = self.gpu.program("index.wgsl", "view.wgsl", "tiles.wgsl", entry=entry, MIN_ALPHA=MIN_ALPHA)
        splats = [self.view, self.means2d, self.ellipses, self.radii, self._depths.sorted_values, self._starts]
        passes.run(program, [*splats, self.pairs.keys, self.pairs.values], self.gpu.groups(self.count))


def _limits(batch: int) -> dict[str, Any]:
    """The constants of blending."""
    return {"BATCH": batch, "MIN_ALPHA": MIN_ALPHA, "MAX_ALPHA": MAX_ALPHA, "MIN_TRANSMITTANCE": MIN_TRANSMITTANCE}
