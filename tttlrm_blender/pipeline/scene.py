# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of a scene: photos, memory, splats and mesh."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from trimesh import Trimesh

from ..errors import Code, TttlrmError
from ..gaussians.gaussians import Gaussians
from ..gaussians.transform import apply_similarity
from ..geometry.cameras import Cameras
from ..geometry.similarity import Similarity
from ..model.memory import SceneMemory, read_splats
from ..model.network import TttLRM
from ..photos.load import PhotoSet, load_photos, pinhole_cameras
from ..photos.photo import Photo
from ..progress import Report
from ..protocol.settings import DecodeSettings
from ..protocol.start import Start
from ..render.device import to_numpy


class ScenePhotos:
    """The photos of a scene, and their pixels at the size in use, which are read when first needed."""

    def __init__(self, files: list[Photo], chosen: list[Photo], tested: list[Photo], size: tuple[int, int]) -> None:
        """Inputs are `files`, held-out photos `tested`, both sorted by name. The network read `chosen`, in this order."""
        self.files, self.chosen, self.tested, self.size = files, chosen, tested, size
        self._inputs: PhotoSet | None = None
        self._held_out: PhotoSet | None = None

    def read(self, report: Report) -> None:
        """Read the pixels of all photos unless that is done. Raises `TttlrmError`."""
        self.read_inputs(report)
        self.read_held_out(report)

    def read_inputs(self, report: Report) -> PhotoSet:
        """The input photos. Raises `TttlrmError`."""
        if self._inputs is None:
            self._inputs = load_photos(self.files, *self.size, report)
        return self._inputs

    def read_held_out(self, report: Report) -> PhotoSet | None:
        """The held-out photos, None if there are none. Raises `TttlrmError`."""
        if self.tested and self._held_out is None:
            self._held_out = load_photos(self.tested, *self.size, report)
        return self._held_out

    @property
    def inputs(self) -> PhotoSet:
        """The input photos. Raises `TttlrmError` ("photos_gone") if they were changed or deleted."""
        with kept_photos():
            return self.read_inputs(Report())

    @property
    def held_out(self) -> PhotoSet | None:
        """The held-out photos, None if there are none. Raises `TttlrmError` ("photos_gone") if they were changed or deleted."""
        with kept_photos():
            return self.read_held_out(Report())

    def input_cameras(self) -> Cameras:
        """Pinhole cameras of the input photos."""
        return pinhole_cameras(self.files, *self.size)

    def cameras(self) -> tuple[list[str], Cameras]:
        """Names and pinhole cameras of all photos, sorted by name."""
        photos = self.by_name()
        return [photo.name for photo in photos], pinhole_cameras(photos, *self.size)

    def by_name(self) -> list[Photo]:
        """All photos, sorted by name."""
        return sorted([*self.files, *self.tested], key=lambda photo: photo.name)


@contextmanager
def kept_photos() -> Iterator[None]:
    """Replace the hint of errors about unreadable photos: a scene's photos are copies, which the user cannot repair."""
    try:
        yield
    except TttlrmError as error:
        if error.code != Code.BAD_PHOTO:
            raise
        hint = "Reconstruct the scene again from your photos; its splats stay as they are."
        raise TttlrmError(error.text, hint=hint, code=Code.PHOTOS_GONE) from error


@dataclass(frozen=True)
class Reconstruction:
    """The result of encoding photos. Its parts belong together and are replaced together."""

    photos: ScenePhotos
    checkpoint: str
    memory: SceneMemory
    similarity: Similarity  # from the world of the cameras to the network's
    name: str = field(default_factory=lambda: secrets.token_hex(8))  # unique, on disk


@dataclass(frozen=True)
class State:
    """Everything that is stored of a scene."""

    reconstruction: Reconstruction | None = None
    gaussians: Gaussians[np.ndarray] | None = None  # numpy, in the world of the cameras
    refined: bool = False  # whether these were optimized against the photos
    mesh: Trimesh | None = None


class Scene:
    """A scene with its folder of photos. Jobs replace parts of its state only when they have succeeded."""

    def __init__(self, folder: Path, keep: Callable[[State], None] = lambda state: None, state: State = State()) -> None:
        """`keep` stores every new state before it takes effect."""
        self.folder, self._keep, self._state = folder, keep, state
        self.start: Start | None = None  # splats that the next job starts from, instead of those of the last one

    @property
    def state(self) -> State:
        """The current state."""
        return self._state

    def change(self, **parts: Any) -> None:
        """Replace parts of the state. If storing it raises, nothing changes."""
        state = replace(self._state, **parts)
        self._keep(state)
        self._state = state

    def reconstruction(self) -> Reconstruction:
        """The current reconstruction. Raises `TttlrmError` if there is none."""
        if self._state.reconstruction is None:
            raise TttlrmError("This scene has not been reconstructed yet.", hint="Reconstruct it first.", code=Code.NO_SCENE)
        return self._state.reconstruction

    def splats(self) -> Gaussians[np.ndarray]:
        """The splats that a job starts from. Raises `TttlrmError` if the scene has none."""
        self.reconstruction()
        if self.start:
            return self.start.gaussians
        assert self._state.gaussians is not None
        return self._state.gaussians

    @property
    def refined(self) -> bool:
        """Whether these were optimized against the photos."""
        return self.start.refined if self.start else self._state.refined

    @property
    def precious(self) -> bool:
        """Whether decoding again would lose something: a refinement, or what a person has changed."""
        return self.refined or bool(self.start and self.start.edited)


def in_world(model: TttLRM, memory: SceneMemory, similarity: Similarity, settings: DecodeSettings) -> Gaussians[np.ndarray]:
    """Decode all splats of a memory into the world of the cameras."""
    found = read_splats(model, memory, settings.keep, settings.explore, settings.sh_degree, settings.scale, settings.seed)
    back = similarity.inverse()
    return apply_similarity(to_numpy(found), back.scale, back.rotation, back.translation)
