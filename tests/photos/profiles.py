# SPDX-License-Identifier: GPL-3.0-or-later
"""Small ICC profiles, and what they mean in sRGB, computed by the definitions of color spaces."""

import struct

import numpy as np

WHITE = np.array([0.9642, 1.0, 0.8249])  # D50, of all profiles
D65 = np.array([0.95047, 1.0, 1.08883])
BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
SRGB = [(0.64, 0.33), (0.30, 0.60), (0.15, 0.06)]
# Name: chromaticities of the primaries, white, exponent of the transfer curve.
SPACES = {
    "Display P3": ([(0.68, 0.32), (0.265, 0.69), (0.15, 0.06)], D65, 2.2),
    "Adobe RGB": ([(0.64, 0.33), (0.21, 0.71), (0.15, 0.06)], D65, 563 / 256),
    "ProPhoto": ([(0.7347, 0.2653), (0.1596, 0.8404), (0.0366, 0.0001)], WHITE, 1.8),
    "linear sRGB": (SRGB, D65, 1.0),
}


def to_xyz(primaries, white) -> np.ndarray:
    """The matrix [3, 3] from linear colors to XYZ with the white of profiles."""
    columns = np.array([[x / y, 1, (1 - x - y) / y] for x, y in primaries]).T
    matrix = columns * np.linalg.solve(columns, white)
    scale = np.diag((BRADFORD @ WHITE) / (BRADFORD @ white))
    return np.linalg.inv(BRADFORD) @ scale @ BRADFORD @ matrix


def in_srgb(name: str, colors: np.ndarray) -> np.ndarray:
    """Colors [..., 3] of a space, 0 to 1, in sRGB, clipped to its gamut."""
    primaries, white, gamma = SPACES[name]
    matrix = np.linalg.inv(to_xyz(SRGB, D65)) @ to_xyz(primaries, white)
    linear = np.clip(colors**gamma @ matrix.T, 0, 1)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def rgb_profile(name: str) -> bytes:
    """The profile of a space."""
    primaries, white, gamma = SPACES[name]
    columns = to_xyz(primaries, white).T
    tags = {f"{c}XYZ".encode(): _xyz(column) for c, column in zip("rgb", columns, strict=True)}
    return _profile(b"RGB ", tags | {f"{c}TRC".encode(): _curve(gamma) for c in "rgb"})


def gray_profile(gamma: float) -> bytes:
    """The profile of grays with a transfer curve."""
    return _profile(b"GRAY", {b"kTRC": _curve(gamma)})


def _xyz(values) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(value * 65536) for value in values))


def _curve(gamma: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + bytes(2)


def _profile(space: bytes, tags: dict[bytes, bytes]) -> bytes:
    tags = {b"wtpt": _xyz(WHITE), **tags}
    start = 128 + 4 + 12 * len(tags)
    table, data = struct.pack(">I", len(tags)), b""
    for name, content in tags.items():
        table += name + struct.pack(">II", start + len(data), len(content))
        data += content
    header = struct.pack(">I4sI4s4s4s12x4s", start + len(data), b"lcms", 0x02400000, b"mntr", space, b"XYZ ", b"acsp")
    header += bytes(28) + struct.pack(">3i", *(round(value * 65536) for value in WHITE))
    return header.ljust(128, b"\0") + table + data
