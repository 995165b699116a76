# SPDX-License-Identifier: GPL-3.0-or-later
"""The worker chosen in the preferences."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..addon import folder, preferences
from ..engine import setup
from ..paths import resolved

LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Worker:
    """The chosen worker: with a token one that is already running, otherwise one to launch."""

    python: Path | None = None  # None for Blender's own Python
    host: str = "127.0.0.1"
    port: int = 0
    token: str = ""
    fingerprint: str = ""  # of the certificate of a worker with TLS
    log: Path | None = None  # log file of a launched worker; None for one beside its scenes
    scenes: Path | None = None  # folder of the worker that all Blenders share; None for one of its own, with a temporary folder

    @property
    def launched(self) -> bool:
        """Whether Blender starts this worker itself."""
        return not self.token

    @property
    def elsewhere(self) -> bool:
        """Whether this worker is on another machine."""
        return not self.launched and self.host not in LOOPBACK


def installed(own: Path) -> Path | None:
    """Return the Python that was set up in the extension's `own` folder, if that was finished and is still there."""
    environment = setup.Environment(setup.place(own))
    return environment.python if environment.state == "ready" and environment.python.exists() else None


def chosen_worker() -> Worker:
    """Return the worker chosen in the preferences; the defaults if the extension is not installed."""
    chosen = preferences()
    if chosen is None:
        return Worker()
    own = folder()
    python = resolved(chosen.python) if chosen.python else installed(own)
    return Worker(python, chosen.host, chosen.port, chosen.token, chosen.fingerprint, own / "worker.log", own / "scenes")
