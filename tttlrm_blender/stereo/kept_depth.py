# SPDX-License-Identifier: GPL-3.0-or-later
"""Dense depth that is measured once per scene: kept in the scene's folder or the user's cache."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np
import torch

from ..atomic_files import replacing
from ..cache import kept_folder
from ..errors import Text, text
from ..geometry.cameras import Cameras
from ..photos.load import PhotoSet
from ..progress import Report
from .dense import SIDE, DenseDepth, Work, depth_by_photo

EDITION = 2  # of kept depth: that of other editions is measured again
MOST = 16  # maps in one folder, of other sizes, photos or points; the oldest go first
UNIT, SURE = 127, 255  # of a component of a normal, and of confidence


def kept_depth_by_photo(
    photos: PhotoSet, points: np.ndarray | None, report: Report, side: int = SIDE, device: str | torch.device = "cpu"
) -> Work[DenseDepth]:
    """The `depth_by_photo` of photos, measured again only if their pixels, masks or cameras, or the points, have changed.

    There is a note if depth cannot be kept. Raises `Cancelled` when the report does.
    """
    kept = None
    with report.noting(_unkept):
        kept = kept_folder("depth", of_scene=True) / f"{_name(photos, points, side)}.npz"
    if kept and kept.exists():
        with suppress(OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile), np.load(kept) as arrays:
            return _unpacked(arrays)
    arrays = _packed((yield from depth_by_photo(photos, points, report, side, device)))
    if kept:
        with report.noting(_unkept):
            _write(kept, arrays)
    return _unpacked(arrays)  # as it will be read next time


def _write(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    content = io.BytesIO()  # as a zip file on a full disk complains even after its exception
    np.savez(content, **arrays)  # type: ignore[arg-type]
    with replacing(path) as part:
        part.write_bytes(content.getbuffer())
    with suppress(OSError):  # as another process may remove them, too
        for old in sorted(path.parent.glob("*.npz"), key=lambda file: file.stat().st_mtime)[:-MOST]:
            old.unlink()


def _unkept(error: Text) -> Text:
    return text("Dense depth is not kept for the next time: {}", error)


def _name(photos: PhotoSet, points: np.ndarray | None, side: int) -> str:
    digest = hashlib.sha256(repr((EDITION, side, photos.images.shape)).encode())
    for array in (photos.images, photos.weights, photos.cameras.c2w, photos.cameras.intrinsics, points):
        if array is not None:
            digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()[:32]


def _packed(found: DenseDepth) -> dict[str, np.ndarray]:
    normal, confidence = np.round(found.normal * UNIT).astype(np.int8), np.round(found.confidence * SURE).astype(np.uint8)
    cameras = {"c2w": found.cameras.c2w, "intrinsics": found.cameras.intrinsics, "sizes": found.cameras.sizes}
    return {"depth": found.depth, "normal": normal, "confidence": confidence, **cameras}


def _unpacked(arrays: Mapping[str, np.ndarray]) -> DenseDepth:
    normal = arrays["normal"].astype(np.float32)
    normal /= np.maximum(np.linalg.norm(normal, axis=-1, keepdims=True), 1)
    cameras = Cameras(arrays["c2w"], arrays["intrinsics"], arrays["sizes"])
    return DenseDepth(arrays["depth"], normal, arrays["confidence"].astype(np.float32) / SURE, cameras)
