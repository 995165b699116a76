# SPDX-License-Identifier: GPL-3.0-or-later
"""Text of pose files, and the one place where what their readers stumble over becomes a sentence."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from .. import reading as readers
from ..errors import Code, TttlrmError

FARTHEST = 1e12  # from the origin: more is no place, and its square leaves the range of float32
UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
EXPORT = "Export the cameras again."
KINDS = "Give a transforms.json, an opencv_cameras.json or a COLMAP model."


def bad_poses(template: str, *values: object, hint: str = EXPORT) -> TttlrmError:
    """The error for a pose file that cannot be used."""
    return TttlrmError(template, *values, hint=hint, code=Code.BAD_POSES)


def other_kind(template: str, *values: object) -> TttlrmError:
    """The error where there are no poses of a kind that is read."""
    return bad_poses(template, *values, hint=KINDS)


def is_invertible(matrix: np.ndarray) -> bool:
    """Whether a square matrix consists of finite numbers and can be inverted."""
    with np.errstate(all="ignore"):  # NumPy warns of numbers near zero
        return bool((np.abs(matrix) < FARTHEST).all() and abs(np.linalg.det(matrix)) >= 1e-12)


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn any failure while reading a pose file into a `TttlrmError` ("bad_poses") that names the file."""
    with readers.reading(path, Code.BAD_POSES, EXPORT):
        try:
            yield
        except OSError as error:
            raise bad_poses("The pose file {} cannot be read ({}).", path, error.strerror or error) from None
        except json.JSONDecodeError as error:
            where = (error.lineno, error.colno)
            raise bad_poses("The pose file {} is not valid JSON: see line {}, column {}.", path, *where) from None


def read_text(path: Path) -> str:
    """The text of a file, without a byte order mark. Raises `TttlrmError` ("bad_poses")."""
    with reading(path):
        return decoded(path.read_bytes())


def decoded(content: bytes) -> str:
    """Text in UTF-8, in UTF-16 with a byte order mark, or else in the encoding of Western Windows."""
    if content.startswith(UTF16):
        return content.decode("utf-16")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def read_json(path: Path) -> Any:
    """The content of a JSON file. Raises `TttlrmError` ("bad_poses")."""
    with reading(path):
        return json.loads(decoded(path.read_bytes()))
