# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection to the worker, which is launched or connected to when first needed, and its running job."""

from __future__ import annotations

import contextlib
import importlib.util
import sys
import threading
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import bpy

from ..engine import client, errors, kinds, messages, results, settings_json, stages
from ..engine import start as start_file
from .chosen_worker import Worker, chosen_worker

Files = Mapping[str, Path | bytes]  # by their paths in the scene's folder


@dataclass(frozen=True)
class Work:
    """Work for the worker: collected on the main thread, submitted from any."""

    session: str  # name of the scene on the worker
    kind: kinds.Kind | None  # of the job; None to only connect to the worker
    settings: Any = None
    files: Files = field(default_factory=dict)  # of the scene's folder, to upload first
    start: start_file.Start | None = None  # the splats to start from

    @property
    def founds(self) -> bool:
        """Whether this work creates the scene, which is then useless if it fails."""
        return self.kind is kinds.RECONSTRUCT


def lacks_engine() -> bool:
    """Whether a worker would have to be started here, and there is no Python that could run it."""
    try:
        return _lacks_python(instead or chosen_worker())
    except errors.TttlrmError:  # a path that cannot be resolved: starting the worker says so
        return False


def _lacks_python(worker: Worker) -> bool:
    return worker.launched and worker.python is None and not _has_torch(tuple(sys.path))


@cache
def _has_torch(path: tuple[str, ...]) -> bool:
    """Whether Blender's own Python has PyTorch. Panels ask at every redraw, and the disk may be slow."""
    return importlib.util.find_spec("torch") is not None


def require_python(worker: Worker) -> None:
    """Raise `TttlrmError` if there is no Python that could run a worker. Looks anew for what may have been installed since."""
    _has_torch.cache_clear()
    if _lacks_python(worker):
        raise errors.TttlrmError(
            "The engine is not installed.",
            hint="Press Install the Engine in the sidebar or the add-on's preferences, or choose a Python there that has it.",
            code=errors.Code.NO_WORKER,
        )


class Link:
    """The connection to the worker. A lost connection is restored when it is next needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: client.WorkerProcess | client.SharedWorker | None = None
        self._client: client.Client | None = None
        self._worker = Worker()
        self.drawing: results.Drawing | None = None  # what drew splats in the last job that tells it

    @property
    def connected(self) -> bool:
        """Whether the connection is open, as far as is known."""
        return self._client is not None and self._client.connected

    def reach(self, worker: Worker) -> client.Client:
        """Return the connection to a worker; may take seconds. Raises `TttlrmError` if the worker cannot be reached."""
        with self._lock:
            if worker != self._worker:
                self._close()
            if not self.connected:
                self._leave()
                self._client, self._worker = self._connect(worker), worker
            assert self._client is not None
            return self._client

    def forget(self, session: str) -> None:
        """Let the worker delete a scene; do nothing if the worker is gone."""
        with self._lock, contextlib.suppress(errors.TttlrmError):
            if self._client is not None:
                self._client.forget(session)

    def note(self) -> errors.Text | None:
        """Return what a person should know about the shared worker that was joined, once."""
        if not isinstance(self._process, client.SharedWorker):
            return None
        note, self._process.note = self._process.note, None
        return note

    def close(self) -> None:
        """Disconnect from the worker, and stop it, unless it was there before or another Blender uses it too."""
        with self._lock:
            self._close()

    def _connect(self, worker: Worker) -> client.Client:
        if not worker.launched:
            return client.Client(worker.host, worker.port, worker.token, fingerprint=worker.fingerprint)
        require_python(worker)
        if worker.scenes:
            self._process = self._process or client.SharedWorker(worker.python, worker.log, worker.scenes)
            return self._process.connect()
        assert not isinstance(self._process, client.SharedWorker)
        if self._process is None:
            self._process = client.launch_worker(worker.python, worker.log)
        elif not self._process.alive:
            self._process.start()
        return self._process.connect()

    def _close(self) -> None:
        self._leave()
        self.drawing = None
        if self._process is not None:
            self._process.stop()
        self._process = None

    def _leave(self) -> None:
        if self._client is not None:
            self._client.close()
        self._client = None


link = Link()
instead: Worker | None = None  # the worker chosen on the command line, instead of that in the preferences
watched = not bpy.app.background  # whether to request previews


class Run(client.Job):
    """A job on the worker. Connecting to the worker may take seconds, so a thread does it."""

    def __init__(self, work: Work, worker: Worker) -> None:
        super().__init__(self._pass_on, work.kind.result if work.kind else results.Nothing)
        self.succeeded = False
        self._remote: client.Job | None = None
        threading.Thread(target=self._do, args=(work, worker), name="tttLRM job", daemon=True).start()

    def _pass_on(self, request: messages.Request) -> None:
        if self._remote is None:
            return  # the thread sees that it is to stop
        if isinstance(request, messages.Finish):
            self._remote.finish()
        else:
            self._remote.cancel()

    def _do(self, work: Work, worker: Worker) -> None:
        try:
            if not link.connected:
                self.put(messages.Progress(stages.Stage.CONNECT, 0.0))
            connection = link.reach(worker)
            if note := link.note():
                self.put(messages.Note(note))
            if self.cancel_wanted or work.kind is None:
                self.put(messages.Cancelled() if self.cancel_wanted else messages.Done())
                return
            self._follow(connection.submit(work.session, work.kind, work.settings, work.files or None, watched, work.start))
            if work.founds and not self.succeeded:
                link.forget(work.session)  # nothing refers to the scene
        except errors.TttlrmError as error:
            self.put(messages.Failed.of(error))
        except Exception as error:  # the job must end for those who wait for it
            traceback.print_exc()
            hint = "Try again; Blender's console has the details."
            failure = errors.TttlrmError(
                "The job failed with an unexpected {}.", type(error).__name__, hint=hint, code=errors.Code.INTERNAL
            )
            self.put(messages.Failed.of(failure))

    def _follow(self, remote: client.Job) -> None:
        self._remote = remote
        if self.cancel_wanted:  # since the last check
            remote.cancel()
        for event in remote.events():
            self.succeeded = isinstance(event, messages.Done)
            self.put(event)


def start(work: Work) -> Run:
    """Start a job. Raises `TttlrmError` if settings are invalid or online access is off, before photos are uploaded."""
    if work.kind:
        settings_json.check(work.settings)
    worker = instead or chosen_worker()
    if worker.elsewhere and not bpy.app.online_access:
        raise errors.TttlrmError(
            "The worker on {} is not on this computer, but Blender's online access is off.",
            worker.host,
            hint="Allow online access in Preferences → System → Network.",
            code=errors.Code.OFFLINE,
        )
    return Run(work, worker)
