# SPDX-License-Identifier: GPL-3.0-or-later
"""Kernels that project splats to ellipses on the image with colors, and their gradients.

Notation: p is the center in camera coordinates; U (two rows) the projection, linearized at p, times the camera's rotation;
W = U Q with the splat's rotation Q; K = W diag(scales), rows k0 and k1. The covariance on the image is K Kᵀ + blur, the conic
its inverse. The share is √(det K Kᵀ / det (K Kᵀ + blur)), by which the opacity of an antialiased splat is multiplied.
A row of `ellipses` is [conic xx, xy, yy, red, green, blue, z, opacity].
"""

from __future__ import annotations

import math

import numpy as np

from ...kernels import kernel
from ..convention import BLUR, MIN_ALPHA, NEAR, VIEW_MARGIN
from .harmonics import harmonics, slope
from .vectors import Matrix, Vector, add, apply, apply_transposed, cross, dot, load, load_matrix, multiply, scale, subtract

ELLIPSE = 8  # floats in a row of `ellipses`
F = np.float32
ZERO, HALF, ONE, TWO = F(0), F(0.5), F(1), F(2)
LARGEST = F(2**30)  # the largest radius, in pixels
SMALLEST = F(1e-30)  # prevents division by zero
NEAREST, BLURRED, MARGIN, FAINTEST, INFINITE = F(NEAR), F(BLUR), F(VIEW_MARGIN), F(MIN_ALPHA), F(np.inf)


@kernel
def project(start, stop, splats, views, size, terms, antialiased, means2d, ellipses, radii) -> None:
    """Fill means2d [V, N, 2], ellipses [V, N, 8] and radii [V, N] for some splats; zeros for splats that are not drawn."""
    means, quats, scales, opacities, sh = splats
    basis = np.empty(16, np.float32)
    for n in range(start, stop):
        mean, size3, turn, _ = pose(means[n], quats[n], scales[n])
        for v in range(len(radii)):
            camera, center, lens = view_of(views, v)
            offset = subtract(mean, center)
            point = apply(camera, offset)
            x, y, a, b, c, share = footprint(point, camera, lens, size, turn, size3)
            opacity = opacities[n] * (share if antialiased else ONE)
            radii[v, n] = radius(point[2], x, y, a, b, c, opacity, size)
            if radii[v, n] == 0:
                means2d[v, n, :] = ZERO
                ellipses[v, n, :] = ZERO
                continue
            means2d[v, n, 0], means2d[v, n, 1] = x, y
            det = a * c - b * b
            row = ellipses[v, n]
            row[0], row[1], row[2], row[6], row[7] = c / det, -b / det, a / det, point[2], opacity
            harmonics(terms, scale(ONE / math.sqrt(dot(offset, offset)), offset), basis)
            row[3], row[4], row[5] = color(basis, sh[n], terms)


@kernel
def project_backward(start, stop, splats, views, size, terms, antialiased, radii, g_means2d, g_ellipses, g_splats) -> None:
    """Fill the gradients of the five arrays of some splats from those of means2d and ellipses, over all views."""
    means, quats, scales, opacities, sh = splats
    g_means, g_quats, g_scales, g_opacities, g_sh = g_splats
    basis, weights = np.empty(16, np.float32), np.empty(16, np.float32)
    for n in range(start, stop):
        mean, size3, turn, length = pose(means[n], quats[n], scales[n])
        g_mean = g_size = g0 = g1 = g2 = (ZERO, ZERO, ZERO)
        g_sh[n, :, :] = ZERO
        g_opacity = ZERO
        drawn = False
        for v in range(len(radii)):
            if radii[v, n] == 0:
                continue
            drawn = True
            camera, center, lens = view_of(views, v)
            offset = subtract(mean, center)
            g_row, g_pixel = g_ellipses[v, n], g_means2d[v, n]
            g_mean = add(g_mean, color_backward(offset, sh[n], terms, load(g_row[3:]), basis, weights, g_sh[n]))
            g_share = opacities[n] * g_row[7] if antialiased else ZERO
            g_point, h_size, h0, h1, h2, share = footprint_backward(
                apply(camera, offset), camera, lens, size, turn, size3, load(g_row), g_pixel[0], g_pixel[1], g_share
            )
            g_opacity += g_row[7] * (share if antialiased else ONE)
            g_mean = add(g_mean, apply_transposed(camera, add(g_point, (ZERO, ZERO, g_row[6]))))
            g_size, g0, g1, g2 = add(g_size, h_size), add(g0, h0), add(g1, h1), add(g2, h2)
        g_means[n, 0], g_means[n, 1], g_means[n, 2] = g_mean
        g_scales[n, 0], g_scales[n, 1], g_scales[n, 2] = g_size
        g_opacities[n] = g_opacity
        g_quats[n, :] = ZERO
        if drawn:
            quat_backward(quats[n], length, g0, g1, g2, g_quats[n])


@kernel
def view_of(views, v) -> tuple[Matrix, Vector, tuple[float, float, float, float]]:
    """Rotation, position and lens (fx, fy, cx, cy) of view v."""
    rotations, centers, lenses = views
    return load_matrix(rotations[v]), load(centers[v]), (lenses[v, 0], lenses[v, 1], lenses[v, 2], lenses[v, 3])


@kernel
def pose(mean, quat, scales) -> tuple[Vector, Vector, Matrix, float]:
    """Center, scales, rotation matrix and the quaternion's length."""
    length = math.sqrt(quat[0] * quat[0] + quat[1] * quat[1] + quat[2] * quat[2] + quat[3] * quat[3])
    w, x, y, z = quat[0] / length, quat[1] / length, quat[2] / length, quat[3] / length
    turn = (
        (ONE - TWO * (y * y + z * z), TWO * (x * y - w * z), TWO * (x * z + w * y)),
        (TWO * (x * y + w * z), ONE - TWO * (x * x + z * z), TWO * (y * z - w * x)),
        (TWO * (x * z - w * y), TWO * (y * z + w * x), ONE - TWO * (x * x + y * y)),
    )
    return load(mean), load(scales), turn, length


@kernel
def quat_backward(quat, length, g0, g1, g2, out) -> None:
    """The gradient of a quaternion of any length from that of its rotation matrix's rows."""
    w, x, y, z = quat[0] / length, quat[1] / length, quat[2] / length, quat[3] / length
    xy, xz, yz = g0[1] + g1[0], g0[2] + g2[0], g1[2] + g2[1]
    zy, yx, xw = g1[0] - g0[1], g0[2] - g2[0], g2[1] - g1[2]
    gw = TWO * (x * xw + y * yx + z * zy)
    gx = TWO * (w * xw + y * xy + z * xz - TWO * x * (g1[1] + g2[2]))
    gy = TWO * (w * yx + x * xy + z * yz - TWO * y * (g0[0] + g2[2]))
    gz = TWO * (w * zy + x * xz + y * yz - TWO * z * (g0[0] + g1[1]))
    along = w * gw + x * gx + y * gy + z * gz
    out[0], out[1] = (gw - w * along) / length, (gx - x * along) / length
    out[2], out[3] = (gy - y * along) / length, (gz - z * along) / length


@kernel
def clamped(slope, focal, principal, extent) -> float:
    """x/z or y/z, clamped to near the picture."""
    margin = MARGIN * HALF * extent / focal
    return min(max(slope, -principal / focal - margin), (extent - principal) / focal + margin)


@kernel
def footprint(point, camera, lens, size, turn, size3) -> tuple[float, float, float, float, float, float]:
    """Center x, y and covariance xx, xy, yy on the image, and the share."""
    fx, fy, cx, cy = lens
    sx, sy = point[0] / point[2], point[1] / point[2]
    u0 = scale(fx / point[2], subtract(camera[0], scale(clamped(sx, fx, cx, size[0]), camera[2])))
    u1 = scale(fy / point[2], subtract(camera[1], scale(clamped(sy, fy, cy, size[1]), camera[2])))
    k0, k1 = multiply(apply_transposed(turn, u0), size3), multiply(apply_transposed(turn, u1), size3)
    a, b, c = dot(k0, k0) + BLURRED, dot(k0, k1), dot(k1, k1) + BLURRED
    return fx * sx + cx, fy * sy + cy, a, b, c, area(k0, k1) / math.sqrt(a * c - b * b)


@kernel
def area(k0, k1) -> float:
    """√det K Kᵀ, in a way that is exact for needles too."""
    across = cross(k0, k1)
    return math.sqrt(dot(across, across))


@kernel
def footprint_backward(
    point, camera, lens, size, turn, size3, g_conic, gx, gy, g_share
) -> tuple[Vector, Vector, Vector, Vector, Vector, float]:
    """Gradients of p, the scales and the rows of the splat's rotation, from those of the conic, the center and the share; and
    the share."""
    fx, fy, cx, cy = lens
    z = point[2]
    sx, sy = point[0] / z, point[1] / z
    tx, ty = clamped(sx, fx, cx, size[0]), clamped(sy, fy, cy, size[1])
    r0, r1 = subtract(camera[0], scale(tx, camera[2])), subtract(camera[1], scale(ty, camera[2]))
    u0, u1 = scale(fx / z, r0), scale(fy / z, r1)
    w0, w1 = apply_transposed(turn, u0), apply_transposed(turn, u1)
    k0, k1 = multiply(w0, size3), multiply(w1, size3)
    a, b, c = dot(k0, k0) + BLURRED, dot(k0, k1), dot(k1, k1) + BLURRED
    share, sk0, sk1 = share_backward(k0, k1, a, b, c, g_share)
    ga, gb, gc = covariance_backward(a, b, c, g_conic)
    gk0 = add(sk0, add(scale(TWO * ga, k0), scale(gb, k1)))
    gk1 = add(sk1, add(scale(TWO * gc, k1), scale(gb, k0)))
    g_size = add(multiply(gk0, w0), multiply(gk1, w1))
    gw0, gw1 = multiply(gk0, size3), multiply(gk1, size3)
    h0, h1 = add(scale(u0[0], gw0), scale(u1[0], gw1)), add(scale(u0[1], gw0), scale(u1[1], gw1))
    h2 = add(scale(u0[2], gw0), scale(u1[2], gw1))
    gu0, gu1 = apply(turn, gw0), apply(turn, gw1)
    gz = -(fx * dot(gu0, r0) + fy * dot(gu1, r1)) / (z * z)
    g_sx = fx * gx - (fx / z * dot(gu0, camera[2]) if tx == sx else ZERO)
    g_sy = fy * gy - (fy / z * dot(gu1, camera[2]) if ty == sy else ZERO)
    return (g_sx / z, g_sy / z, gz - (g_sx * sx + g_sy * sy) / z), g_size, h0, h1, h2, share


@kernel
def share_backward(k0, k1, a, b, c, g_share) -> tuple[float, Vector, Vector]:
    """The share, and the gradients of k0 and k1 from that of the share."""
    det, across, size = a * c - b * b, cross(k0, k1), area(k0, k1)
    share = size / math.sqrt(det)
    normal = scale(g_share / (math.sqrt(det) * max(size, SMALLEST)), across)
    ga, gb, gc = g_share * share * c / det, g_share * share * b / det, g_share * share * a / det
    gk0 = add(cross(k1, normal), subtract(scale(gb, k1), scale(ga, k0)))
    return share, gk0, add(cross(normal, k0), subtract(scale(gb, k0), scale(gc, k1)))


@kernel
def covariance_backward(a, b, c, g_conic) -> Vector:
    """Gradients of the covariance's xx, xy, yy from those of the conic's."""
    det = a * c - b * b
    xx, xy, yy = c / det, -b / det, a / det
    g, h, k = g_conic[0], HALF * g_conic[1], g_conic[2]
    left, middle, right = g * xx + h * xy, g * xy + h * yy, h * xy + k * yy
    below = h * xx + k * xy
    return -(xx * left + xy * below), -TWO * (xx * middle + xy * right), -(xy * middle + yy * right)


@kernel
def radius(z, x, y, a, b, c, opacity, size) -> np.int32:
    """How far from its center a splat is at least `MIN_ALPHA`, in whole pixels; 0 where it is not drawn or is broken."""
    if not (z >= NEAREST and INFINITE > opacity > FAINTEST and ZERO < a * c - b * b < INFINITE):
        return np.int32(0)
    reach = math.sqrt(TWO * math.log(opacity / FAINTEST))
    rx, ry = np.ceil(reach * math.sqrt(a)), np.ceil(reach * math.sqrt(c))
    inside = x + rx > ZERO and x - rx < size[0] and y + ry > ZERO and y - ry < size[1]
    return np.int32(min(max(rx, ry), LARGEST)) if inside else np.int32(0)


@kernel
def color(basis, sh, terms) -> Vector:
    """Red, green and blue, not below 0."""
    red = green = blue = HALF
    for k in range(terms):
        red, green, blue = red + basis[k] * sh[k, 0], green + basis[k] * sh[k, 1], blue + basis[k] * sh[k, 2]
    return max(red, ZERO), max(green, ZERO), max(blue, ZERO)


@kernel
def color_backward(offset, sh, terms, g_color, basis, weights, g_sh) -> Vector:
    """Add to the gradient of sh; return that of the splat's center."""
    distance = math.sqrt(dot(offset, offset))
    direction = scale(ONE / distance, offset)
    harmonics(terms, direction, basis)
    shown = color(basis, sh, terms)
    red = g_color[0] if shown[0] > ZERO else ZERO
    green = g_color[1] if shown[1] > ZERO else ZERO
    blue = g_color[2] if shown[2] > ZERO else ZERO
    for k in range(terms):
        weights[k] = red * sh[k, 0] + green * sh[k, 1] + blue * sh[k, 2]
        g_sh[k, 0] += basis[k] * red
        g_sh[k, 1] += basis[k] * green
        g_sh[k, 2] += basis[k] * blue
    g = slope(terms, direction, weights)
    return scale(ONE / distance, subtract(g, scale(dot(direction, g), direction)))
