# SPDX-License-Identifier: GPL-3.0-or-later
"""The splats that a job starts from: those of the client's object, whatever was done to it, as a file in the scene's folder.

The file is named after its content. So what two clients send at the same time are two files.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import blake2b
from io import BytesIO
from pathlib import Path

import numpy as np

from ..errors import Code, TttlrmError
from ..gaussians.gaussians import Gaussians
from ..reading import reading
from . import codec
from .results import Splats

FOLDER, SUFFIX = "splats", ".npz"  # in the scene's folder, in which photos may be in a folder of that name
VALUES = "values"  # the array with the JSON object


@dataclass(frozen=True)
class Start:
    """The splats that a job starts from, in the world of the scene's cameras."""

    gaussians: Splats  # numpy
    refined: bool = False  # whether they were optimized against the photos
    edited: bool = False  # whether a person has changed them since a job made them

    @property
    def path(self) -> str:
        """The path of its file in the scene's folder."""
        return f"{FOLDER}/{digest(self.gaussians)}{'-refined' * self.refined}{'-edited' * self.edited}{SUFFIX}"

    def to_file(self) -> bytes:
        """The content of its file."""
        values, arrays = codec.encode(self)
        file = BytesIO()
        np.savez(file, **{VALUES: np.frombuffer(json.dumps(values).encode(), np.uint8)}, **arrays)  # type: ignore[arg-type]
        return file.getvalue()


def is_start(path: str) -> bool:
    """Whether a path in a scene's folder is that of splats to start from."""
    return path.startswith(f"{FOLDER}/") and path.endswith(SUFFIX)


def read_start(path: Path) -> Start:
    """The content of a file. Raises `TttlrmError` ("no_splats") if it cannot be read or has values that are not finite."""
    with reading(path, Code.NO_SPLATS):
        with np.load(path, allow_pickle=False) as file:
            arrays = dict(file)
        start = codec.decode(Start, json.loads(arrays.pop(VALUES).tobytes()), arrays)
        if not len(start.gaussians):
            raise TttlrmError("There are no splats to start from.", hint="Undo what removed them.", code=Code.NO_SPLATS)
        if not all(np.isfinite(array).all() for array in start.gaussians.arrays().values()):
            hint = "Undo what changed them, or delete those."
            raise TttlrmError("Some of the splats have values that are not finite numbers.", hint=hint, code=Code.NO_SPLATS)
    return start


def digest(gaussians: Gaussians[np.ndarray]) -> str:
    """A name for splats (numpy) that no others have, bit for bit."""
    content = blake2b(bytes([gaussians.antialiased]), digest_size=16)
    for array in gaussians.arrays().values():
        content.update(str(array.shape).encode())
        content.update(np.ascontiguousarray(array).data)
    return content.hexdigest()
