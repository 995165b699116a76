# SPDX-License-Identifier: GPL-3.0-or-later
"""Kernels that blend the splats of every tile, and their gradients.

All arrays of a tile's pixels lie in one buffer, and the inner loops have no branches and unsigned indices, so that LLVM sees
that nothing overlaps and vectorizes them. A finished pixel keeps its transmittance, negated.
"""

from __future__ import annotations

import math

import numpy as np

from ...kernels import kernel
from ..convention import MAX_ALPHA, MIN_ALPHA, MIN_TRANSMITTANCE
from .tiles import HEIGHT, RECORD, WIDTH

GRADIENT = 10  # floats of a pair's gradient
F, U = np.float32, np.uint64
ZERO, HALF, ONE = F(0), F(0.5), F(1)
FAINTEST, MOST, DARKEST = F(MIN_ALPHA), F(MAX_ALPHA), F(MIN_TRANSMITTANCE)
PIXELS = U(WIDTH * HEIGHT)
RED, GREEN, BLUE, DEPTH, ALPHA, REST, X, Y = (U(k) * PIXELS for k in range(1, 9))  # offsets in a tile's buffer
BUFFER = int(9 * PIXELS)
BATCH = 32  # pairs whose records are fetched together; after each batch the tile is checked for being finished

# Polynomial of exp(u) on [LOWEST, 0], where splats count: its eighth power is exact to the last digits of float32.
LOWEST = F(math.log(MIN_ALPHA) / 8 - 0.01)
E0, E1, E2, E3, E4, E5 = (
    F(c)
    for c in np.polynomial.Chebyshev.interpolate(np.exp, 5, domain=[float(LOWEST), 0]).convert(kind=np.polynomial.Polynomial).coef
)


@kernel
def exp8(u) -> float:
    """exp(8 u) for u from LOWEST to 0; clamped below, where splats are too faint to count."""
    u = max(u, LOWEST)
    root = ((((E5 * u + E4) * u + E3) * u + E2) * u + E1) * u + E0
    root *= root
    root *= root
    return root * root


@kernel
def blend(start, stop, tile_starts, pairs, records, rgb, depth, alpha, used) -> None:
    """Blend some tiles into rgb [H, W, 3], depth and alpha [H, W]; used [tiles] is the end of the pairs that count per tile."""
    height, width = alpha.shape
    strips = -(-width // WIDTH)
    tile, batch = np.empty(BUFFER, np.float32), np.empty((BATCH, RECORD), np.float32)
    for index in range(start, stop):
        left, top = index % strips * WIDTH, index // strips * HEIGHT
        clear(tile, width - left, height - top)
        used[index] = tile_starts[index + 1]
        for first in range(tile_starts[index], tile_starts[index + 1], BATCH):
            if finished(tile, ZERO):
                used[index] = first
                break
            last = min(first + BATCH, tile_starts[index + 1])
            fetch(pairs[first:last], records, batch)
            for pair in range(first, last):
                blend_pair(tile, pairs[pair], batch[pair - first], left, top)
        store(tile, rgb, depth, alpha, left, top)


@kernel
def clear(tile, width, height) -> None:
    """Initialize a tile's buffer: everything transparent and black, pixels outside the picture finished."""
    tile[:] = ZERO
    for y in range(HEIGHT):
        for x in range(WIDTH):
            p = U(y * WIDTH + x)
            tile[p] = ONE if x < width and y < height else -ONE
            tile[p + X], tile[p + Y] = F(x) + HALF, F(y) + HALF


@kernel
def store(tile, rgb, depth, alpha, left, top) -> None:
    """Write a tile into the pictures."""
    for y in range(top, min(top + HEIGHT, alpha.shape[0])):
        for x in range(left, min(left + WIDTH, alpha.shape[1])):
            p = U((y - top) * WIDTH + x - left)
            rgb[y, x, 0], rgb[y, x, 1], rgb[y, x, 2] = tile[p + RED], tile[p + GREEN], tile[p + BLUE]
            depth[y, x], alpha[y, x] = tile[p + DEPTH], ONE - abs(tile[p])


@kernel
def fetch(pairs, records, batch) -> None:
    """Copy the records of some pairs at once, so that blending never waits for memory."""
    for k in range(len(pairs)):
        for field in range(RECORD):
            batch[k, field] = records[pairs[k, 0], field]


@kernel
def finished(tile, least) -> bool:
    """Whether no pixel of a tile has more than the `least` light left; finished pixels have none."""
    open_pixels = 0
    for p in range(PIXELS):
        open_pixels += tile[p] > least
    return open_pixels == 0


@kernel
def blend_pair(tile, pair, record, left, top) -> None:
    """Blend one splat over the rows of a tile that it touches."""
    mx, my = record[0] - F(left), record[1] - F(top)
    a, b, c, e = record[2], record[3], record[4], record[5]
    red, green, blue, z = record[6], record[7], record[8], record[9]
    for p in range(U(pair[1]) * U(WIDTH), U(pair[2] + 1) * U(WIDTH)):
        dx, dy = tile[p + X] - mx, tile[p + Y] - my
        opacity = min(exp8(e - dx * (a * dx + b * dy) - c * dy * dy), MOST)
        opacity = opacity if opacity >= FAINTEST else ZERO
        before = tile[p]
        after = before - before * opacity
        weight = before * opacity if after > DARKEST else ZERO
        tile[p] = after if after > DARKEST else -abs(before)
        tile[p + RED] += weight * red
        tile[p + GREEN] += weight * green
        tile[p + BLUE] += weight * blue
        tile[p + DEPTH] += weight * z


@kernel
def blend_backward(start, stop, tile_starts, used, pairs, records, images, gradients, g_pairs) -> None:
    """Fill g_pairs [P, 10] of some tiles from the pictures and their gradients, again from near to far."""
    height, width = images[2].shape
    strips = -(-width // WIDTH)
    tile, batch = np.empty(BUFFER, np.float32), np.empty((BATCH, RECORD), np.float32)
    for index in range(start, stop):
        left, top = index % strips * WIDTH, index // strips * HEIGHT
        clear(tile, width - left, height - top)
        load_gradients(tile, images, gradients, left, top)
        for first in range(tile_starts[index], used[index], BATCH):
            last = min(first + BATCH, used[index])
            fetch(pairs[first:last], records, batch)
            for pair in range(first, last):
                blend_pair_backward(tile, pairs[pair], batch[pair - first], left, top, g_pairs[pair])
        g_pairs[used[index] : tile_starts[index + 1], :] = ZERO


@kernel
def load_gradients(tile, images, gradients, left, top) -> None:
    """Load a tile's gradients into its buffer, and into REST the product of the picture with its gradient per pixel."""
    rgb, depth, alpha = images
    g_rgb, g_depth, g_alpha = gradients
    for y in range(top, min(top + HEIGHT, alpha.shape[0])):
        for x in range(left, min(left + WIDTH, alpha.shape[1])):
            p = U((y - top) * WIDTH + x - left)
            red, green, blue = g_rgb[y, x, 0], g_rgb[y, x, 1], g_rgb[y, x, 2]
            tile[p + RED], tile[p + GREEN], tile[p + BLUE] = red, green, blue
            tile[p + DEPTH], tile[p + ALPHA] = g_depth[y, x], g_alpha[y, x]
            colors = red * rgb[y, x, 0] + green * rgb[y, x, 1] + blue * rgb[y, x, 2]
            tile[p + REST] = colors + g_depth[y, x] * depth[y, x] + g_alpha[y, x] * alpha[y, x]


@kernel
def blend_pair_backward(tile, pair, record, left, top, out) -> None:
    """The gradient of one pair: sums over pixels of v, v dx, v dy, v dx², v dx dy, v dy², where v is the gradient of half
    the squared distance from the center in standard deviations, then of red, green, blue and z."""
    mx, my = record[0] - F(left), record[1] - F(top)
    a, b, c, e = record[2], record[3], record[4], record[5]
    red, green, blue, z = record[6], record[7], record[8], record[9]
    s = sx = sy = sxx = sxy = syy = s_red = s_green = s_blue = s_z = ZERO
    for p in range(U(pair[1]) * U(WIDTH), U(pair[2] + 1) * U(WIDTH)):
        dx, dy = tile[p + X] - mx, tile[p + Y] - my
        full = exp8(e - dx * (a * dx + b * dy) - c * dy * dy)
        opacity = min(full, MOST)
        opacity = opacity if opacity >= FAINTEST else ZERO
        before = tile[p]
        after = before - before * opacity
        opacity = opacity if after > DARKEST else ZERO
        tile[p] = after if after > DARKEST else -abs(before)
        weight = before * opacity
        g_red, g_green, g_blue, g_z = tile[p + RED], tile[p + GREEN], tile[p + BLUE], tile[p + DEPTH]
        share = weight * (g_red * red + g_green * green + g_blue * blue + g_z * z + tile[p + ALPHA])
        rest = tile[p + REST] - share
        tile[p + REST] = rest
        v = rest * opacity / (ONE - opacity) - share
        v = v if full <= MOST else ZERO
        vx, vy = v * dx, v * dy
        s, sx, sy = s + v, sx + vx, sy + vy
        sxx, sxy, syy = sxx + vx * dx, sxy + vx * dy, syy + vy * dy
        s_red, s_green, s_blue, s_z = (
            s_red + weight * g_red,
            s_green + weight * g_green,
            s_blue + weight * g_blue,
            s_z + weight * g_z,
        )
    out[0], out[1], out[2], out[3], out[4], out[5] = s, sx, sy, sxx, sxy, syy
    out[6], out[7], out[8], out[9] = s_red, s_green, s_blue, s_z


@kernel
def gather(start, stop, order, starts, slots, g_pairs, ellipses, g_means2d, g_ellipses) -> None:
    """Sum the pairs of every drawn splat into the gradients of its center and its ellipse."""
    for rank in range(start, stop):
        s = sx = sy = sxx = sxy = syy = s_red = s_green = s_blue = s_z = ZERO
        for slot in range(starts[rank], starts[rank + 1]):
            pair = g_pairs[slots[slot]]
            s, sx, sy = s + pair[0], sx + pair[1], sy + pair[2]
            sxx, sxy, syy = sxx + pair[3], sxy + pair[4], syy + pair[5]
            s_red, s_green, s_blue, s_z = s_red + pair[6], s_green + pair[7], s_blue + pair[8], s_z + pair[9]
        n = order[rank]
        xx, xy, yy = ellipses[n, 0], ellipses[n, 1], ellipses[n, 2]
        g_means2d[n, 0], g_means2d[n, 1] = -(xx * sx + xy * sy), -(xy * sx + yy * sy)
        row = g_ellipses[n]
        row[0], row[1], row[2] = HALF * sxx, sxy, HALF * syy
        row[3], row[4], row[5], row[6] = s_red, s_green, s_blue, s_z
        row[7] = -s / ellipses[n, 7]
