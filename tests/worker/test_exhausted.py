# SPDX-License-Identifier: GPL-3.0-or-later
"""Full disk or memory: real jobs fail, the worker continues, and the scene is unchanged."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.worker.photo_folder import CONFIG, write_checkpoint, write_photos
from tttlrm_blender.client import Client, launch_worker
from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.model.checkpoint import save_checkpoint
from tttlrm_blender.model.network import TttLRM
from tttlrm_blender.protocol import kinds
from tttlrm_blender.protocol.settings import DRAFT, DecodeSettings, ExportSettings, ReconstructSettings

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="limits on files are of POSIX")

PROGRAM = (str(Path(__file__).with_name("limited_worker.py")),)
KEEP = DecodeSettings(keep=0.5)


@contextmanager
def limited(client: Client, name: str, number: int) -> Iterator[None]:
    """Give the worker a system limit in the block."""
    from tests.worker.limited_worker import LIMIT, LimitSettings  # not on Windows

    client.submit("s", LIMIT, LimitSettings(name, number)).result()
    try:
        yield
    finally:
        client.submit("s", LIMIT, LimitSettings(name)).result()


@contextmanager
def refused(words: str) -> Iterator[None]:
    """Expect an error in the block that a file cannot be written."""
    with pytest.raises(TttlrmError, match=words) as caught:
        yield
    assert caught.value.code == "cannot_write" and "too large" in caught.value.sentence
    assert caught.value.hint == "Free some disk space."


def files_below(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.slow
def test_a_full_disk_loses_nothing(tmp_path, monkeypatch):
    photos, scenes = write_photos(tmp_path / "photos"), tmp_path / "scenes"
    settings = ReconstructSettings(checkpoint=str(write_checkpoint(tmp_path / "small.safetensors")), refine=DRAFT)
    files = {name: photos / name for name in files_below(photos)}
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    with launch_worker(program=PROGRAM, scenes=scenes, log_path=tmp_path / "log") as worker, worker.connect() as client:
        client.submit("s", kinds.RECONSTRUCT, settings, files).result()
        before = client.submit("s", kinds.DECODE, KEEP).result()
        kept = files_below(scenes) | files_below(tmp_path / "temporary")
        with limited(client, "RLIMIT_FSIZE", 100):
            with refused(r"images/large\.png cannot be written"):
                client.upload("s", {"images/large.png": bytes(1 << 20)})
            with refused(r"scene\.safetensors cannot be written"):
                client.submit("s", kinds.DECODE, DecodeSettings(keep=0.1)).result()
            with refused(r"memory-\w+\.safetensors cannot be written"):
                client.submit("s", kinds.RECONSTRUCT, settings).result()
            with refused(r"scene\.ply cannot be written"):
                client.submit("s", kinds.EXPORT, ExportSettings("ply")).result()
            with refused(r"session\.json cannot be written"):
                client.upload("a scene with a long name" * 10, {"a": b"1"})
            assert files_below(scenes) | files_below(tmp_path / "temporary") == kept, "no half of a file is left"
        again = client.submit("s", kinds.DECODE, KEEP).result()
    assert all(np.array_equal(array, again.gaussians.arrays()[name]) for name, array in before.gaussians.arrays().items())
    with launch_worker(program=PROGRAM, scenes=scenes) as worker, worker.connect() as client:
        later = client.submit("s", kinds.DECODE, KEEP).result()
    assert all(np.array_equal(array, later.gaussians.arrays()[name]) for name, array in before.gaussians.arrays().items())


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="limits on memory are Linux's")
def test_out_of_memory_is_a_sentence_and_the_next_job_works(tmp_path):
    photos = write_photos(tmp_path / "photos")
    files = {name: photos / name for name in files_below(photos)}
    small = ReconstructSettings(checkpoint=str(write_checkpoint(tmp_path / "small.safetensors")), refine=DRAFT)
    save_checkpoint(tmp_path / "wide.safetensors", TttLRM(replace(CONFIG, dim=512, patch_size=2)), {})
    wide = replace(small, checkpoint=str(tmp_path / "wide.safetensors"), width=288, height=192)  # tokens of 162 MiB in one piece
    with launch_worker(program=PROGRAM) as worker, worker.connect() as client:
        client.submit("s", kinds.RECONSTRUCT, small, files).result()
        before = client.submit("s", kinds.DECODE, KEEP).result()
        pages = int(Path(f"/proc/{worker.process.pid}/statm").read_text().split()[0])
        with limited(client, "RLIMIT_AS", pages * os.sysconf("SC_PAGE_SIZE") + (128 << 20)):
            with pytest.raises(TttlrmError, match="reading 6 photos of 288×192 pixels takes about") as caught:
                client.submit("s", kinds.RECONSTRUCT, wide).result()
            assert caught.value.code == "out_of_memory"
            again = client.submit("s", kinds.DECODE, KEEP).result()
        assert client.submit("s", kinds.RECONSTRUCT, small).result().views == 6
    assert all(np.array_equal(array, again.gaussians.arrays()[name]) for name, array in before.gaussians.arrays().items())
