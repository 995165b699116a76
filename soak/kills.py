# SPDX-License-Identifier: GPL-3.0-or-later
"""Kill a worker at random moments during all of its jobs, and check its scenes each time.

python -m soak.kills [--kills 200] [--seed 0]

Scenes use a small network and small photos; now and then one is forgotten and replaced by another. After every kill, each
scene that was ever reconstructed must be complete on disk, and unless a job was working on it, it must have the splats of its
last job; otherwise the exit status is 1.
"""

from __future__ import annotations

import argparse
import itertools
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from tests.worker.photo_folder import write_checkpoint, write_photos
from tttlrm_blender.client import Client, launch_worker
from tttlrm_blender.errors import Code, TttlrmError
from tttlrm_blender.pipeline import store
from tttlrm_blender.protocol import kinds
from tttlrm_blender.protocol.kinds import Kind
from tttlrm_blender.protocol.messages import Event, Progress
from tttlrm_blender.protocol.results import Nothing
from tttlrm_blender.protocol.settings import (
    DRAFT,
    DecodeSettings,
    ExportSettings,
    ExtendSettings,
    MeshSettings,
    PosesSettings,
    ReconstructSettings,
    RefineSettings,
    RenderSettings,
)
from tttlrm_blender.worker.sessions import LABEL

SCENES = 3
LONGEST = 8.0  # seconds from the connection to the kill
FIRST = 4  # photos that a scene has before it is extended
OFTEN = 8  # jobs on a scene for each time that it is forgotten


FORGET = Kind("forget", Nothing, Nothing)  # not a job, but handled like one here


class Killer:
    """A worker that is killed again and again, and the expected state of its scenes."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.random, self.scenes = random.Random(seed), folder / "scenes"
        photos = write_photos(folder / "photos")
        self.files = {path.relative_to(photos).as_posix(): path for path in sorted(photos.rglob("*")) if path.is_file()}
        self.later = [name for name in self.files if name.startswith("images/")][FIRST:]
        self.checkpoint = str(write_checkpoint(folder / "small.safetensors"))
        self.worker = launch_worker(scenes=self.scenes)
        self.names = [f"scene {number}" for number in range(SCENES)]
        self.numbers = itertools.count(SCENES)
        self.made: dict[str, int] = {}  # scenes that were reconstructed, and the number of splats after their last job
        self.extended: set[str] = set()  # scenes that may have all photos
        self.at_work = ""  # scene of the interrupted job
        self.finished: Counter[str] = Counter()  # jobs by kind
        self.cut: Counter[str] = Counter()  # jobs by kind and stage
        self.stage = ""

    def once(self) -> list[str]:
        """Start the worker and kill it while it works; return the faults found afterwards."""
        if not self.worker.alive:
            self.worker.start()
        with self.worker.connect() as client:
            threading.Timer(self.random.uniform(0, LONGEST), self.worker.process.kill).start()  # type: ignore[union-attr]
            self._work(client)
        self.worker.process.wait()  # type: ignore[union-attr]
        return self.faults()

    def _work(self, client: Client) -> None:
        """Do jobs until the worker dies."""
        while True:
            name = self.random.choice(self.names)
            kind, settings = self._job(name)
            self.stage, self.at_work = "submit", name
            try:
                self._do(client, name, kind, settings)
            except TttlrmError as error:
                if client.connected and error.code not in (Code.WORKER_DIED, Code.WORKER_LOST, Code.CLOSED):
                    raise
                self.cut[f"{kind.name}: {self.stage}"] += 1
                return
            self.finished[kind.name] += 1

    def _do(self, client: Client, name: str, kind: Kind, settings: Any) -> None:
        if kind is FORGET:
            self._replace(name)  # even if the kill comes first
            client.forget(name)
            return
        files = {path: file for path, file in self.files.items() if path not in self.later}
        if kind is kinds.EXTEND:
            self.extended.add(name)
            files = {path: self.files[path] for path in self.later}
        needed = files if kind in (kinds.RECONSTRUCT, kinds.EXTEND) else None
        result = client.submit(name, kind, settings, needed).result(self._follow)
        self.made[name] = len(result.gaussians) if hasattr(result, "gaussians") else self.made.get(name, 0)

    def _replace(self, name: str) -> None:
        del self.made[name]
        self.names[self.names.index(name)] = f"scene {next(self.numbers)}"

    def _job(self, name: str) -> tuple[Kind, Any]:
        """A random kind of job that suits the scene's state, and its settings."""
        whole = ReconstructSettings(checkpoint=self.checkpoint, refine=self.random.choice([DRAFT, RefineSettings(steps=5)]))
        if name not in self.made:
            return kinds.RECONSTRUCT, whole
        if self.random.random() < 1 / OFTEN:
            return FORGET, None
        choices: dict[Kind, Any] = {
            kinds.RECONSTRUCT: whole,
            kinds.DECODE: DecodeSettings(keep=self.random.choice([0.2, 0.4, 0.6])),
            kinds.REFINE: RefineSettings(steps=self.random.randint(1, 40), start="decoded"),
            kinds.MESH: MeshSettings(resolution=48),
            kinds.RENDER: RenderSettings(views=(0,)),
            kinds.POSES: PosesSettings(),
            kinds.EXPORT: ExportSettings(format=self.random.choice(["ply", "spz", "json"])),
        }
        if name not in self.extended:
            choices[kinds.EXTEND] = ExtendSettings(refine=DRAFT)
        kind = self.random.choice(list(choices))
        return kind, choices[kind]

    def _follow(self, event: Event) -> None:
        if isinstance(event, Progress):
            self.stage = event.stage

    def faults(self) -> list[str]:
        """The faults of the scenes on disk, as sentences."""
        labels = {label.parent: label.read_text(encoding="utf-8") for label in self.scenes.glob(f"*/{LABEL}")}
        found = []
        for name in sorted(self.made):
            folder = next((folder for folder, text in labels.items() if f'"{name}"' in text), None)
            state = store.load(folder) if folder else None
            if state is None or state.reconstruction is None or state.gaussians is None:
                found.append(f"{name} is lost")
            elif len(state.gaussians) != self.made[name] and name != self.at_work:
                found.append(f"{name} has {len(state.gaussians)} splats instead of {self.made[name]}")
            elif not all(np.isfinite(array).all() and len(array) for array in state.gaussians.arrays().values()):
                found.append(f"{name} is broken")
            elif not all(photo.path.is_file() for photo in state.reconstruction.photos.files):
                found.append(f"{name} has lost photos")
            else:
                self.made[name] = len(state.gaussians)  # the interrupted job may have finished
        return found


def main() -> int:
    """Print every fault, and which jobs were interrupted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    started, faults = time.perf_counter(), 0
    with tempfile.TemporaryDirectory() as folder:
        killer = Killer(Path(folder), options.seed)
        with killer.worker:
            for kill in range(options.kills):
                for fault in killer.once():
                    faults += 1
                    print(f"kill {kill + 1}: {fault}", flush=True)
    print(f"{options.kills} kills in {time.perf_counter() - started:.0f} s; {sum(killer.finished.values())} jobs finished")
    print("interrupted:", ", ".join(f"{where} {count}" for where, count in sorted(killer.cut.items())))
    print(f"{faults} scenes lost or broken")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
