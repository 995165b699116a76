# SPDX-License-Identifier: GPL-3.0-or-later
"""Settle a surface where the photos agree on its colors.

Splats lie behind plain surfaces, and stereo is silent there: a few pixels show too little. But all photos and a wide neighborhood
together show a faint pattern or shade well enough. So each part of the surface tries places along its normal, as in a plane sweep
(Collins 1996), and takes the one where the photos that see it differ least. Parts that cannot tell follow their neighbors.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from scipy.ndimage import maximum_filter, minimum_filter
from scipy.sparse import csr_array
from trimesh import Trimesh

from ..kernels import kernel, spread
from ..progress import Listen, unheard
from .depth_maps import DepthMaps, pixel_size
from .mesh import colors_of, make_mesh
from .pictures import Pixels
from .visibility import draw_depth

STEPS = (0.8, 0.5)  # pixels between the places that are tried, in turn
PLACES = 6  # on either side
PART = 3.0  # side of a part of the surface in pixels
AROUND = 1  # rounds of averaging over neighbors that differences of photos get
STIFFNESS, ROUNDS = 0.3, 100  # how strongly parts follow their neighbors, and rounds in which they do
NOISE = 0.3  # variance of colors, 0 to 255, that says nothing
MOST = 3.0  # largest weight of what photos tell; noise tells a little everywhere, so weights are squares
FEWEST = 3  # photos that must see a part
FACING = 0.3  # smallest cosine between ray and normal
BESIDE = 5  # side in pixels of the squares in which nothing may be nearer or farther: at outlines, colors mix
APART = 0.01  # relative difference of depth, beyond the places that are tried, that is nearer or farther
EXACT, ENOUGH = 0.003, 100  # relative difference of depths that are the same, and parts that tell the light of a photo
INSIDE = 4  # pixels from the border of a photo
EVEN = 3  # rounds of averaging over faces, for moves that are continuous
TOE = 14.0  # of sRGB, 0 to 255: light multiplied by a factor multiplies color + TOE by a factor


@dataclass(frozen=True)
class Parts:
    """A surface of vertices in small parts, each with those within a cell of a grid that face about the same way."""

    of: np.ndarray  # [N], the part of each vertex
    places: np.ndarray  # [P, 3]
    normals: np.ndarray  # [P, 3]
    faces: np.ndarray  # [M, 3], those with corners in three parts
    mean: csr_array  # [P, P], takes the mean over a part and those beside it

    def __len__(self) -> int:
        return len(self.places)

    def averaged(self, values: np.ndarray, counted: np.ndarray, rounds: int) -> np.ndarray:
        """Means over the neighborhoods of the values [P, K] of the parts that count [P]."""
        values, amount = np.where(counted[:, None], values, 0).astype(np.float32), counted.astype(np.float32)
        for _ in range(rounds):
            values, amount = self.mean @ values, self.mean @ amount
        return values / np.maximum(amount, 1e-6)[:, None]


class Sight(NamedTuple):
    """How a view sees parts."""

    view: int
    photo: np.ndarray  # [H, W, 3] uint8, sRGB
    weights: np.ndarray  # [P] float32, 0 for parts that it does not see well
    gain: np.ndarray  # [3] float32, factors by which the photo is darker than the mean of all


def settled(
    surface: Trimesh,
    maps: DepthMaps,
    faith: float,  # confidence of depth that photos do not confirm, at most
    photos: Pixels,  # of the first V views
    listen: Listen = unheard,
) -> Trimesh:
    """The surface with its parts where photos agree on their colors."""
    listen()
    side = pixel_size(maps)
    parts = parts_of(surface, PART * side, listen)
    colors = mean_of(parts.of, colors_of(surface)) * 255
    sights = []
    for view, photo in enumerate(photos.colors):
        listen()
        weights = _weights(parts, maps, view, PLACES * STEPS[0] * side)
        if photos.counted is not None:
            weights = np.where(_inside(parts, minimum_filter(photos.counted[view], BESIDE), maps, view), weights, 0)
        sure = sure_places(parts.places, maps, faith, view)
        sights.append(Sight(view, photo, weights, _gain(parts, maps, view, photo, sure, colors)))
    moved, moves = parts, np.zeros(len(parts))
    for step in STEPS:
        moves += _moves(moved, maps, sights, step * side, listen)
        moved = replace(parts, places=parts.places + moves[:, None] * parts.normals)
    along = _even(moves[parts.of], surface.faces, listen)[:, None] * parts.normals[parts.of]
    return make_mesh(surface.vertices + along, surface.faces, colors_of(surface))


def parts_of(surface: Trimesh, side: float, listen: Listen = unheard) -> Parts:
    """The parts of a surface by cells with this side."""
    points, faces = np.asarray(surface.vertices, np.float64), np.asarray(surface.faces)
    normals = _rough_normals(points, faces, listen)
    listen()
    cells = np.floor((points - points.min(axis=0)) / side).astype(np.int64)
    axis = np.abs(normals).argmax(axis=1)
    way = 2 * axis + (normals[np.arange(len(normals)), axis] > 0)
    *_, rows, columns = cells.max(axis=0) + 1
    _, of = np.unique(((cells[:, 0] * rows + cells[:, 1]) * columns + cells[:, 2]) * 6 + way, return_inverse=True)
    of = of.reshape(-1)
    listen()
    faces = of[faces]
    faces = faces[(faces != np.roll(faces, 1, axis=1)).all(axis=1)]
    listen()
    mean = _mean_beside(faces, int(of.max()) + 1)
    listen()
    normals = mean_of(of, normals)
    normals = mean @ (mean @ (normals / np.maximum(np.linalg.norm(normals, axis=1), 1e-12)[:, None]))
    lengths = np.linalg.norm(normals, axis=1)
    return Parts(of, mean_of(of, points), normals / np.maximum(lengths, 1e-12)[:, None], faces, mean)


def _rough_normals(points: np.ndarray, faces: np.ndarray, listen: Listen) -> np.ndarray:
    """Unit normals [N, 3] of vertices, by the area of their faces; `mesh.vertex_normals` takes seconds for millions of faces."""
    a, b, c = (points[corner] for corner in faces.T)
    across = np.cross(b - a, c - a)
    sums = np.zeros(points.shape)
    for corner in faces.T:
        listen()
        for axis in range(3):
            sums[:, axis] += np.bincount(corner, across[:, axis], len(points))
    length = np.linalg.norm(sums, axis=1, keepdims=True)
    return np.divide(sums, length, out=np.zeros_like(sums), where=length > 0)


def mean_of(of: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The means [P, C] of the vertices' values [N, C] in parts."""
    sums = np.stack([np.bincount(of, column) for column in values.T], axis=1)
    return sums / np.bincount(of)[:, None]


def _mean_beside(faces: np.ndarray, count: int) -> csr_array:
    ends = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    rows, columns = np.concatenate([ends, ends[:, ::-1], np.arange(count)[:, None].repeat(2, axis=1)]).T
    beside = csr_array((np.ones(len(rows), np.float32), (rows, columns)), shape=(count, count))
    beside.sum_duplicates()
    beside.data = (1 / np.diff(beside.indptr)).astype(np.float32).repeat(np.diff(beside.indptr))
    return beside


def _moves(parts: Parts, maps: DepthMaps, sights: list[Sight], step: float, listen: Listen) -> np.ndarray:
    """How far [P] parts go along their normals, in world units."""
    offsets = step * np.arange(-PLACES, PLACES + 1)
    sums, squares = np.zeros((len(parts), len(offsets), 3), np.float32), np.zeros((len(parts), len(offsets)), np.float32)
    for sight in sights:
        listen()
        sweep(parts, offsets, maps, sight, sums, squares)
    total = np.maximum(np.sum([sight.weights for sight in sights], axis=0), 1e-9)[:, None]
    variance = squares / total - ((sums / total[..., None]) ** 2).sum(axis=-1)
    judged = np.sum([sight.weights > 0 for sight in sights], axis=0) >= FEWEST
    listen()
    wanted, weights = _least(parts.averaged(variance, judged, AROUND), judged)
    moves = np.zeros(len(parts), np.float32)
    for _ in range(ROUNDS):
        listen()
        moves = (weights * wanted + STIFFNESS * (parts.mean @ moves)) / (weights + STIFFNESS)
    return step * moves


def _weights(parts: Parts, maps: DepthMaps, view: int, reach: float) -> np.ndarray:
    """The weights [P] float32 of a view, 0 for parts near outlines; parts that move by up to `reach` do not hide each other."""
    c2w, (height, width) = maps.cameras.c2w[view], maps.depth[view].shape
    pixel, local = _pixels(parts.places, maps, view)
    z = local[:, 2]
    inside = (z > 0) & (pixel >= INSIDE).all(axis=1) & (pixel < [width - INSIDE, height - INSIDE]).all(axis=1)
    column, row = np.where(inside[:, None], pixel, 0).T
    drawn = draw_depth(local, parts.faces, maps.cameras.intrinsics[view], (width, height))
    known = np.where(maps.depth[view] > 0, maps.depth[view], np.inf)  # which shows what the surface lacks
    nearest, farthest = minimum_filter(np.minimum(drawn, known), BESIDE), maximum_filter(drawn, BESIDE)
    cosine = ((c2w[:3, 3] - parts.places) * parts.normals).sum(axis=1) / np.linalg.norm(local, axis=1)
    seen = inside & (cosine > FACING) & (z < nearest[row, column] * (1 + APART) + reach)
    seen &= z > farthest[row, column] * (1 - APART) - reach
    return np.where(seen, cosine**2, 0).astype(np.float32)


def _inside(parts: Parts, area: np.ndarray, maps: DepthMaps, view: int) -> np.ndarray:
    """Which parts [P] a view has in an area [H, W] of its picture."""
    pixel, local = _pixels(parts.places, maps, view)
    inside = (local[:, 2] > 0) & (pixel >= 0).all(axis=1) & (pixel < area.shape[::-1]).all(axis=1)
    column, row = np.where(inside[:, None], pixel, 0).T
    return inside & area[row, column]


def _pixels(places: np.ndarray, maps: DepthMaps, view: int) -> tuple[np.ndarray, np.ndarray]:
    """Columns and rows [P, 2] int64 at which a view shows places, and these in its axes [P, 3]."""
    c2w, (focal, middle) = maps.cameras.c2w[view], np.split(maps.cameras.intrinsics[view], 2)
    local = (places - c2w[:3, 3]) @ c2w[:3, :3]
    ahead = local[:, 2:] > 0
    return np.floor(local[:, :2] / np.where(ahead, local[:, 2:], 1) * focal + middle).astype(np.int64), local


def sure_places(places: np.ndarray, maps: DepthMaps, faith: float, view: int) -> np.ndarray:
    """Which places [P, 3] lie where photos confirm the depth of a view."""
    pixel, local = _pixels(places, maps, view)
    height, width = maps.depth[view].shape
    inside = (local[:, 2] > 0) & (pixel >= 0).all(axis=1) & (pixel < [width, height]).all(axis=1)
    column, row = np.where(inside[:, None], pixel, 0).T
    there = np.abs(maps.depth[view][row, column] - local[:, 2]) < EXACT * local[:, 2]
    return inside & there & (maps.confidence[view][row, column] > faith)


def _gain(
    parts: Parts, maps: DepthMaps, view: int, photo: np.ndarray, sure: np.ndarray, colors: np.ndarray
) -> np.ndarray:  # [3] float32
    """The gain of a photo, from the mean colors [P, 3] of parts in all photos, 0 to 255, where its depth of them is sure [P]."""
    if sure.sum() < ENOUGH:
        return np.ones(3, np.float32)
    column, row = _pixels(parts.places[sure], maps, view)[0].T
    return np.median((colors[sure] + TOE) / (photo[row, column] + TOE), axis=0).astype(np.float32)


def _least(cost: np.ndarray, judged: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where the costs [P, K] are least, in steps from the middle, and how certain that is [P]; 0 at either end."""
    rows, best = np.arange(len(cost)), cost.argmin(axis=1)
    inner = np.clip(best, 1, cost.shape[1] - 2)
    before, here, after = cost[rows, inner - 1], cost[rows, inner], cost[rows, inner + 1]
    bend = before - 2 * here + after
    known = judged & (best == inner) & (bend > 0)
    between = np.divide(before - after, 2 * bend, out=np.zeros_like(bend), where=known)
    certainty = np.divide(bend, here + NOISE, out=np.zeros_like(bend), where=known)
    return inner - cost.shape[1] // 2 + between, np.minimum(certainty**2, MOST)


def _even(values: np.ndarray, faces: np.ndarray, listen: Listen) -> np.ndarray:
    """Values [N] of vertices, averaged over faces a few times."""
    corners = np.asarray(faces).reshape(-1)
    count = np.maximum(np.bincount(corners, minlength=len(values)), 1)
    for _ in range(EVEN):
        listen()
        values = np.bincount(corners, values[faces].mean(axis=1).repeat(3), len(values)) / count
    return values


def sweep(
    parts: Parts,
    offsets: np.ndarray,  # [K], along the normals
    maps: DepthMaps,
    sight: Sight,
    sums: np.ndarray,  # [P, K, 3] float32
    squares: np.ndarray,  # [P, K] float32
) -> None:
    """Add what a view shows at each place of each part, in place: colors times weight, and their squared lengths times weight."""
    pose, lens = maps.world_to_camera(sight.view), maps.cameras.intrinsics[sight.view]
    arrays = parts.places, parts.normals, offsets, pose, lens, sight.photo, sight.weights, sight.gain
    spread(_sweep, len(parts), *arrays, sums, squares, pieces=4)


@kernel
def _sweep(first, last, places, normals, offsets, pose, lens, photo, weights, gain, sums, squares):
    """Process the parts from `first` up to `last`."""
    height, width = photo.shape[:2]
    for part in range(first, last):
        if not weights[part] > 0:
            continue
        for k in range(len(offsets)):
            x = places[part, 0] + offsets[k] * normals[part, 0]
            y = places[part, 1] + offsets[k] * normals[part, 1]
            z = places[part, 2] + offsets[k] * normals[part, 2]
            depth = pose[2, 0] * x + pose[2, 1] * y + pose[2, 2] * z + pose[2, 3]
            u = lens[0] * (pose[0, 0] * x + pose[0, 1] * y + pose[0, 2] * z + pose[0, 3]) / depth + lens[2] - 0.5
            v = lens[1] * (pose[1, 0] * x + pose[1, 1] * y + pose[1, 2] * z + pose[1, 3]) / depth + lens[3] - 0.5
            u, v = min(max(u, 0.0), width - 1.001), min(max(v, 0.0), height - 1.001)
            column, row = int(u), int(v)
            s, t = u - column, v - row
            for channel in range(3):
                a, b = np.float32(photo[row, column, channel]), np.float32(photo[row, column + 1, channel])
                c, d = np.float32(photo[row + 1, column, channel]), np.float32(photo[row + 1, column + 1, channel])
                upper, lower = a + s * (b - a), c + s * (d - c)
                color = gain[channel] * (upper + t * (lower - upper) + TOE)
                sums[part, k, channel] += weights[part] * color
                squares[part, k] += weights[part] * color * color


def sweep_reference(
    parts: Parts, offsets: np.ndarray, maps: DepthMaps, sight: Sight, sums: np.ndarray, squares: np.ndarray
) -> None:
    """`sweep` in plain numpy."""
    height, width = sight.photo.shape[:2]
    pose, lens = maps.world_to_camera(sight.view), maps.cameras.intrinsics[sight.view]
    tried = parts.places[:, None] + offsets[:, None] * parts.normals[:, None]
    local = tried @ pose[:3, :3].T + pose[:3, 3]
    at = (local[..., :2] / local[..., 2:] * lens[:2] + lens[2:] - 0.5).clip(0, [width - 1.001, height - 1.001])
    column, row = np.moveaxis(at.astype(int), -1, 0)
    s, t = np.moveaxis((at % 1)[..., None], -2, 0)
    upper = sight.photo[row, column] * (1 - s) + sight.photo[row, column + 1] * s
    lower = sight.photo[row + 1, column] * (1 - s) + sight.photo[row + 1, column + 1] * s
    color = sight.gain * (upper * (1 - t) + lower * t + TOE)
    sums += sight.weights[:, None, None] * color
    squares += sight.weights[:, None] * (color**2).sum(axis=-1)
