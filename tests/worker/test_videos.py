# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames of uploaded videos belong to their scene: limits count them, and `forget` removes them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.worker.small_worker import COUNT, TOKEN, CountResult, CountSettings, Scene, serving
from tttlrm_blender.client import Client
from tttlrm_blender.photos.video import frames_of
from tttlrm_blender.pipeline.job_kind import JobKind, by_name
from tttlrm_blender.progress import Report

av = pytest.importorskip("av")


def take_frames(scene: Scene, settings: CountSettings, report: Report) -> CountResult:
    """The frames of the film, by their path from the scene's folder, and their bytes."""
    folder = frames_of(scene.folder / "film.mp4", report)
    files = {path.relative_to(scene.folder.parent).as_posix(): path.stat().st_size for path in folder.iterdir()}
    return CountResult(files, 1, np.zeros((0, 3), np.float32), np.zeros((0, 3), np.int32))


def film(path: Path) -> bytes:
    """A short film of a moving pattern."""
    pattern = np.random.default_rng(0).integers(0, 256, (6, 60, 3), dtype=np.uint8).repeat(8, 0).repeat(8, 1)
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("mpeg4", rate=30)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for index in range(20):
            image = np.ascontiguousarray(pattern[:, 4 * index : 4 * index + 64])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())
    return path.read_bytes()


@pytest.mark.parametrize("any_file", [False, True])
def test_frames_go_with_their_scene(tmp_path, monkeypatch, any_file):
    monkeypatch.setenv("TTTLRM_CACHE", str(tmp_path / "cache"))
    scenes = tmp_path / "scenes"
    scenes.mkdir()
    jobs = by_name(JobKind(COUNT, take_frames))
    with serving(scenes, jobs=jobs, any_file=any_file) as port, Client("127.0.0.1", port, TOKEN) as client:
        notes: list[Any] = []
        job = client.submit("s", COUNT, CountSettings(), files={"film.mp4": film(tmp_path / "film.mp4")})
        frames = job.result(notes.append).files
        assert len(frames) > 5 and all(path.startswith("cache/frames/") for path in frames)
        assert str(tmp_path) not in "".join(str(getattr(note, "text", "")) for note in notes)
        client.forget("s")
        assert not list(scenes.iterdir()) and not (tmp_path / "cache").exists()
