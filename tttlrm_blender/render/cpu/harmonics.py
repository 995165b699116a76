# SPDX-License-Identifier: GPL-3.0-or-later
"""Spherical harmonics in kernels: the order and the signs of 3DGS, degree 0 to 3."""

import numpy as np

from ...kernels import kernel
from .vectors import Vector

F = np.float32
ONE, TWO, THREE, FOUR, FIVE, SIX, TEN = F(1), F(2), F(3), F(4), F(5), F(6), F(10)
FIFTEEN = F(15)
C0, C1 = F(0.28209479177387814), F(0.4886025119029199)
C2A, C2B, C2C = F(1.0925484305920792), F(0.31539156525252005), F(0.5462742152960396)
C3A, C3B, C3C = F(0.5900435899266435), F(2.890611442640554), F(0.4570457994644658)
C3D, C3E = F(0.3731763325901154), F(1.445305721320277)


@kernel
def harmonics(terms, direction, out) -> None:
    """The first `terms` (1, 4, 9 or 16) basis functions at a unit direction, into out [16]."""
    x, y, z = direction
    out[0] = C0
    if terms > 1:
        out[1], out[2], out[3] = -C1 * y, C1 * z, -C1 * x
    if terms > 4:
        out[4], out[5], out[6] = C2A * x * y, -C2A * y * z, C2B * (THREE * z * z - ONE)
        out[7], out[8] = -C2A * x * z, C2C * (x * x - y * y)
    if terms > 9:
        out[9], out[10] = -C3A * y * (THREE * x * x - y * y), C3B * x * y * z
        out[11], out[12] = -C3C * y * (FIVE * z * z - ONE), C3D * z * (FIVE * z * z - THREE)
        out[13], out[14] = -C3C * x * (FIVE * z * z - ONE), C3E * z * (x * x - y * y)
        out[15] = -C3A * x * (x * x - THREE * y * y)


@kernel
def slope(terms, direction, g) -> Vector:
    """The gradient, with respect to the direction, of the sum over k of g[k] times basis function k."""
    x, y, z = direction
    dx = dy = dz = F(0)
    if terms > 1:
        dx, dy, dz = -C1 * g[3], -C1 * g[1], C1 * g[2]
    if terms > 4:
        dx += C2A * (y * g[4] - z * g[7]) + TWO * C2C * x * g[8]
        dy += C2A * (x * g[4] - z * g[5]) - TWO * C2C * y * g[8]
        dz += SIX * C2B * z * g[6] - C2A * (y * g[5] + x * g[7])
    if terms > 9:
        near_pole = FIVE * z * z - ONE
        ring = THREE * (x * x - y * y)
        dx += (
            -SIX * C3A * x * y * g[9]
            + C3B * y * z * g[10]
            - C3C * near_pole * g[13]
            + TWO * C3E * x * z * g[14]
            - C3A * ring * g[15]
        )
        dy += (
            -C3A * ring * g[9]
            + C3B * x * z * g[10]
            - C3C * near_pole * g[11]
            - TWO * C3E * y * z * g[14]
            + SIX * C3A * x * y * g[15]
        )
        dz += (
            C3B * x * y * g[10]
            - TEN * C3C * z * (y * g[11] + x * g[13])
            + C3D * (FIFTEEN * z * z - THREE) * g[12]
            + C3E * (x * x - y * y) * g[14]
        )
    return dx, dy, dz
