# SPDX-License-Identifier: GPL-3.0-or-later
"""A scene as the jobs know it: photos, memory, splats and surface."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path

import numpy as np

from ..errors import TttlrmError
from ..gaussians.gaussians import Gaussians
from ..mesh.mesh import Mesh
from ..model.checkpoint import DEFAULT, load_checkpoint
from ..model.memory import SceneMemory
from ..model.network import TttLRM
from ..photos.cameras import Cameras
from ..photos.load import PhotoSet
from ..photos.photo import Photo
from ..photos.similarity import Similarity
from ..render.device import best_device


@dataclass(frozen=True)
class Photographs:
    """The photos of a scene, read at the size that they are used at."""

    files: list[Photo]  # that may be learned from, by name
    chosen: list[Photo]  # those of them that the network reads
    inputs: PhotoSet  # of `files`
    held_out: PhotoSet | None  # only for measuring

    def cameras(self) -> tuple[list[str], Cameras]:
        """Names and pinhole cameras of all photos, by name."""
        sets = [self.inputs, self.held_out] if self.held_out else [self.inputs]
        names = [name for photos in sets for name in photos.names]
        order = sorted(range(len(names)), key=names.__getitem__)
        parts = [[getattr(photos.cameras, field.name) for photos in sets] for field in fields(Cameras)]
        return [names[index] for index in order], Cameras(*(np.concatenate(part) for part in parts))[order]


@dataclass(frozen=True)
class Reconstruction:
    """What photos became; its parts belong together and are replaced together."""

    photographs: Photographs
    checkpoint: str
    memory: SceneMemory
    similarity: Similarity  # from the world of the cameras to the network's


@dataclass
class Scene:
    """One scene, its photos in a folder of its own. Jobs replace its parts only once they have succeeded."""

    folder: Path
    made: Reconstruction | None = None
    gaussians: Gaussians | None = None  # numpy, in the world of the cameras
    refined: bool = False  # whether these were optimised against the photos
    mesh: Mesh | None = None

    def reconstruction(self) -> Reconstruction:
        """What the photos became. Raises `TttlrmError` before there is anything."""
        if self.made is None:
            raise TttlrmError("This scene has not been reconstructed yet.", "Reconstruct it first.", "no_scene")
        return self.made

    def splats(self) -> Gaussians:
        """The scene's current splats. Raises `TttlrmError` before there are any."""
        self.reconstruction()
        assert self.gaussians is not None
        return self.gaussians


def network(checkpoint: str) -> TttLRM:
    """The network of a checkpoint, kept from one job to the next until the file changes. Raises `TttlrmError`."""
    path = DEFAULT if checkpoint == "default" else Path(checkpoint)
    return _network(path, path.stat().st_mtime_ns if path.exists() else 0)


@lru_cache(maxsize=1)
def _network(path: Path, changed: int) -> TttLRM:
    return load_checkpoint(path, best_device())


def to_numpy(gaussians: Gaussians) -> Gaussians:
    """Tensor splats as float32 numpy arrays."""
    return gaussians.map(lambda tensor: np.ascontiguousarray(tensor.detach().float().cpu().numpy()))
