# SPDX-License-Identifier: GPL-3.0-or-later
"""Removal of backgrounds by an ONNX network that the user supplies, such as U²-Net, ISNet or BiRefNet."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ..atomic_files import replacing
from ..cache import content_name, kept_folder
from ..errors import Code, Text, TttlrmError, text
from ..progress import Report
from ..stages import Stage
from .images import read_reduced, shrunk
from .optional_packages import not_installed
from .photo import Photo

SIDE = 1024  # pixels of both sides for networks that take any size, and of the longest side of an alpha channel
BILINEAR = Image.Resampling.BILINEAR
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))  # mean and deviation with which most networks normalize colors
ISNET = ((0.5, 0.5, 0.5), (1.0, 1.0, 1.0))


def without_background(photos: list[Photo], model: Path, report: Report) -> list[Photo]:
    """The photos, each with an alpha channel, a file that is kept in the cache.

    `model` is an ONNX file with one image [1, 3, H, W] as its input; its first output is a map [1, 1, H, W] of the
    foreground, from 0 to 1 or as logits. Raises `TttlrmError` ("bad_model", "no_package", "bad_photo").
    """
    remover = Remover(model)
    folder = kept_folder("alpha", of_scene=True)
    made = []
    for done, photo in enumerate(photos):
        report(Stage.BACKGROUND, done / len(photos))
        alpha = folder / f"{content_name([photo.path], remover.name, photo.upright)}.png"
        if not alpha.is_file():
            with replacing(alpha) as part:
                Image.fromarray(remover.alpha(_small(photo))).save(part)
        made.append(replace(photo, alpha=alpha))
    return made


class Remover:
    """A network that separates objects from their background."""

    def __init__(self, model: Path) -> None:
        """Raises `TttlrmError` where the file is not such a network, or onnxruntime is not installed."""
        self._model = model
        self._session = _session(model)
        self._input = self._session.get_inputs()[0]
        self._norm = ISNET if "isnet" in model.name.lower() else IMAGENET  # the file does not say, but people keep its name
        self.name = content_name([model])

    def alpha(
        self,
        image: np.ndarray,  # [H, W, 3] float32, 0 to 1
    ) -> np.ndarray:
        """How much each pixel belongs to the foreground, [H, W] uint8. Raises `TttlrmError` ("bad_model")."""
        mean, deviation = np.array(self._norm, np.float32)
        square = _resized(image, *self._size())
        batch = ((square - mean) / deviation).transpose(2, 0, 1)[None]
        try:
            found = np.asarray(self._session.run(None, {self._input.name: batch})[0], np.float32)
            found = found.reshape(found.shape[-2:])
        except Exception as error:  # onnxruntime has no common base class of errors
            raise _bad(self._model, error) from None
        if found.min() < 0 or found.max() > 1:
            found = 1 / (1 + np.exp(-found.clip(-30, 30)))
        alpha = Image.fromarray((found * 255 + 0.5).astype(np.uint8))
        return np.asarray(alpha.resize((image.shape[1], image.shape[0]), BILINEAR))

    def _size(self) -> tuple[int, int]:
        """Width and height of the network's input."""
        height, width = (side if isinstance(side, int) else SIDE for side in self._input.shape[2:])
        return width, height


def _session(model: Path) -> Any:
    if not model.is_file():
        raise TttlrmError("The background model {} does not exist.", model, hint="Choose an ONNX file.", code=Code.BAD_MODEL)
    try:
        import onnxruntime
    except ImportError:
        raise not_installed(model, "onnxruntime") from None
    try:
        session = onnxruntime.InferenceSession(str(model), providers=onnxruntime.get_available_providers())
    except Exception as error:  # as above
        raise _bad(model, error) from None
    shape = session.get_inputs()[0].shape
    if len(shape) != 4 or shape[1] != 3:
        raise _bad(model, text("its input has the shape {} instead of [1, 3, height, width]", shape))
    return session


def _bad(model: Path, why: object) -> TttlrmError:
    hint = "Use a network such as U²-Net, ISNet or BiRefNet, exported to ONNX."
    reason = why if isinstance(why, Text) else " ".join(str(why).split())
    return TttlrmError("The background model {} cannot be used ({}).", model, reason, hint=hint, code=Code.BAD_MODEL)


def _small(photo: Photo) -> np.ndarray:
    """The photo with a longest side of SIDE or less, [H, W, 3] float32."""
    image = read_reduced(photo.path, SIDE, photo.upright)
    return _resized(image, *shrunk(image.shape[1], image.shape[0], SIDE))


def _resized(image: np.ndarray, width: int, height: int) -> np.ndarray:
    channels = [Image.fromarray(channel).resize((width, height), BILINEAR) for channel in image.transpose(2, 0, 1)]
    return np.stack([np.asarray(channel) for channel in channels], axis=2)
