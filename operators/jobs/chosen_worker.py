# SPDX-License-Identifier: GPL-3.0-or-later
"""Which worker to use, as the preferences say."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import bpy

from ..addon import folder, preferences

LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Worker:
    """The worker that a person chose: one that is running already if there is a token, else one to be launched."""

    python: Path | None = None  # None for the Python that Blender runs on
    host: str = "127.0.0.1"
    port: int = 0
    token: str = ""
    fingerprint: str = ""  # of the certificate of a worker with TLS
    log: Path | None = None  # file for what a launched worker has to say; None for one that goes with it
    scenes: Path | None = None  # where a launched worker keeps scenes; None for a folder that goes with it

    @property
    def launched(self) -> bool:
        """Whether Blender starts this worker itself."""
        return not self.token

    @property
    def elsewhere(self) -> bool:
        """Whether reaching this worker means leaving this machine."""
        return not self.launched and self.host not in LOOPBACK


def chosen_worker() -> Worker:
    """The worker that the preferences name; the defaults where the extension is not installed."""
    chosen = preferences()
    if chosen is None:
        return Worker()
    python = Path(bpy.path.abspath(chosen.python)) if chosen.python else None
    own = folder()
    return Worker(python, chosen.host, chosen.port, chosen.token, chosen.fingerprint, own / "worker.log", own / "scenes")
