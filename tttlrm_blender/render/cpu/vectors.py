# SPDX-License-Identifier: GPL-3.0-or-later
"""Small vectors and matrices for kernels, as tuples that live in registers."""

from ...kernels import kernel

Vector = tuple[float, float, float]
Matrix = tuple[Vector, Vector, Vector]


@kernel
def load(values) -> Vector:
    """The first three numbers of an array."""
    return values[0], values[1], values[2]


@kernel
def load_matrix(values) -> Matrix:
    """The rows of a 3×3 array."""
    return load(values[0]), load(values[1]), load(values[2])


@kernel
def add(a, b) -> Vector:
    """a + b"""
    return a[0] + b[0], a[1] + b[1], a[2] + b[2]


@kernel
def subtract(a, b) -> Vector:
    """a - b"""
    return a[0] - b[0], a[1] - b[1], a[2] - b[2]


@kernel
def scale(factor, a) -> Vector:
    """factor · a"""
    return factor * a[0], factor * a[1], factor * a[2]


@kernel
def multiply(a, b) -> Vector:
    """a ⊙ b"""
    return a[0] * b[0], a[1] * b[1], a[2] * b[2]


@kernel
def dot(a, b) -> float:
    """a · b"""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


@kernel
def cross(a, b) -> Vector:
    """a × b"""
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


@kernel
def apply(rows, a) -> Vector:
    """The matrix times the column a."""
    return dot(rows[0], a), dot(rows[1], a), dot(rows[2], a)


@kernel
def apply_transposed(rows, a) -> Vector:
    """The transposed matrix times the column a."""
    return add(add(scale(a[0], rows[0]), scale(a[1], rows[1])), scale(a[2], rows[2]))
