# SPDX-License-Identifier: GPL-3.0-or-later
"""One connection to a worker. Blocking calls are short; long work happens in threads and is read with `Job.poll`."""

from __future__ import annotations

import itertools
import socket
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from types import TracebackType
from typing import Any

from websockets.exceptions import ConnectionClosed

from ..errors import Cancelled, Code, TttlrmError
from ..protocol import messages
from ..protocol.kinds import Kind, Settings
from ..protocol.messages import Decoder, Failed, Forget, Hello, Message, Progress, Seek, Submit, check_versions, encode
from ..protocol.results import Nothing, Presence
from ..protocol.settings_json import to_json
from ..protocol.start import Start
from ..stages import Stage
from .job import Job, Result
from .reach import reach
from .uploads import Files, size_of, uploads

CLOSE_SECONDS = 5.0  # for what is being sent when the connection is closed
MAX_RESULT = 16 << 30  # bytes of the arrays of one event


class Client:
    """A connection to a worker: a context manager, or closed with `close`. Can be used from several threads."""

    def __init__(
        self,
        host: str,
        port: int,
        token: str,
        timeout: float = 10.0,
        why_lost: Callable[[], TttlrmError | None] = lambda: None,
        fingerprint: str = "",
    ) -> None:
        """Connect within `timeout` seconds, or raise `TttlrmError`.

        `fingerprint` is that of the certificate of a worker with TLS; the token is sent only to that worker. `why_lost` may
        return a better explanation when the connection breaks.
        """
        self._why_lost = why_lost
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._jobs: dict[int, Job[Any]] = {}
        self._lost: TttlrmError | None = None
        self._open = ExitStack()
        try:
            self._socket = self._open.enter_context(reach(host, port, timeout, fingerprint))
            self.worker = self._greet(token, timeout)
        except BaseException:
            self._open.close()
            raise
        self._reader = threading.Thread(target=self._read, name="tttlrm client", daemon=True)
        self._reader.start()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    @property
    def connected(self) -> bool:
        """Whether the connection is open, as far as is known."""
        return self._lost is None

    def close(self) -> None:
        """Close the connection, within seconds even if the worker stands still. Its jobs continue in the worker."""
        self._end(TttlrmError("The connection to the worker was closed.", code=Code.CLOSED))
        late = threading.Timer(CLOSE_SECONDS, self._cut)
        late.start()
        self._open.close()
        late.cancel()
        self._reader.join()

    def upload(self, session: str, files: Files, progress: Callable[[float], None] = lambda fraction: None) -> None:
        """Upload files to the worker's folder of a scene and wait for the end; `progress` is called with the share sent.

        The first file creates the scene. Raises `TttlrmError`.
        """
        total = sum(size_of(source) for source in files.values()) or 1
        sent = 0
        for path, source in files.items():
            number, answer = self._begin(Nothing)
            try:
                for message in uploads(session, path, source):
                    if answer.ended:  # rejected before all of it was sent
                        break
                    progress(sent / total)
                    self._send(number, message)
                    sent += message.bytes.nbytes
            except (Cancelled, TttlrmError):
                answer.cancel()
                raise
            answer.result()
        progress(1.0)

    def submit(
        self,
        session: str,
        kind: Kind[Settings, Result],
        settings: Settings,
        files: Files | None = None,
        previews: bool = False,
        start: Start | None = None,
    ) -> Job[Result]:
        """Start a job on a scene, of a kind of `protocol.kinds`, from the splats `start`, or else from those of the last job.

        Files are uploaded first, in the background, and reported as a stage, but not a `start` that the worker has already. With
        `previews`, the job sends previews of splats.
        """
        number, job = self._begin(kind.result)
        request = Submit(session, kind.name, to_json(settings), previews, start.path if start else "")
        if files is None and start is None:
            self._send(number, request)
        else:
            arguments = (number, job, request, files or {}, start)
            threading.Thread(target=self._upload_and_submit, args=arguments, daemon=True).start()
        return job

    def forget(self, session: str) -> None:
        """Stop the jobs of a scene and delete it from the worker. Raises `TttlrmError`."""
        number, answer = self._begin(Nothing)
        self._send(number, Forget(session))
        answer.result()

    def _has(self, session: str, path: str) -> bool:
        """Whether the worker has splats to start from. Raises `TttlrmError`."""
        number, answer = self._begin(Presence)
        self._send(number, Seek(session, path))
        return answer.result().there

    def _upload_and_submit(self, number: int, job: Job[Any], request: Submit, files: Files, start: Start | None) -> None:
        def progress(fraction: float) -> None:
            if job.cancel_wanted:
                raise Cancelled
            job.put(Progress(Stage.UPLOAD, fraction))

        try:
            if start and not self._has(request.session, request.start):
                files = {**files, request.start: start.to_file()}
            self.upload(request.session, files, progress)
            self._send(number, request)
            if job.cancel_wanted:  # canceled since the last check, when the worker did not have the job yet
                self._send(number, messages.Cancel())
        except Cancelled:
            self._deliver(number, messages.Cancelled())
        except TttlrmError as error:
            self._deliver(number, Failed.of(error))

    def _cut(self) -> None:
        """End the connection without a goodbye, which would wait for its turn behind what is being sent."""
        with suppress(OSError):
            self._socket.socket.shutdown(socket.SHUT_RDWR)

    def _begin(self, result: type[Result]) -> tuple[int, Job[Result]]:
        with self._lock:
            if self._lost:
                raise self._lost
            number = next(self._numbers)
            job = Job(lambda message: self._send(number, message), result)
            self._jobs[number] = job
        return number, job

    def _send(self, number: int, message: Message) -> None:
        try:
            for frame in encode(number, message):
                self._socket.send(frame)
        except ConnectionClosed:
            self._reader.join()  # it knows the reason
            raise self._lost or TttlrmError("The connection to the worker was closed.", code=Code.CLOSED) from None

    def _greet(self, token: str, timeout: float) -> Hello:
        mine = Hello(token=token)
        try:
            with suppress(ConnectionClosed):  # a worker that is full says so without hearing more
                self._socket.send("".join(map(str, encode(0, mine))))
            answer = Decoder(0).feed(self._socket.recv(timeout))
        except (ConnectionClosed, TimeoutError) as error:
            raise TttlrmError(
                "The worker does not answer.", hint="Check that it is a tttLRM worker.", code=Code.NO_WORKER
            ) from error
        if answer and isinstance(answer[1], Failed):
            raise answer[1].error()
        if not answer or not isinstance(answer[1], Hello):
            raise TttlrmError(
                "The worker did not send a greeting.", hint="Check that it is a tttLRM worker.", code=Code.NO_WORKER
            )
        check_versions(worker=answer[1], client=mine)
        return answer[1]

    def _read(self) -> None:
        decoder = Decoder(MAX_RESULT)
        try:
            while True:
                received = decoder.feed(self._socket.recv())
                if received:
                    self._deliver(*received)
        except ConnectionClosed:
            self._end(self._lost or self._why_lost() or _lost(self._socket.close_reason))
        except TttlrmError as error:
            self._end(error)

    def _deliver(self, number: int, message: Message) -> None:
        job = self._jobs.get(number)
        if job is None or not isinstance(message, messages.Event):
            return
        job.put(message)
        if job.ended:
            with self._lock:
                self._jobs.pop(number, None)

    def _end(self, error: TttlrmError) -> None:
        with self._lock:
            self._lost = self._lost or error
            jobs, self._jobs = list(self._jobs.values()), {}
        for job in jobs:
            job.put(Failed.of(self._lost))


def _lost(reason: str | None) -> TttlrmError:
    template = "The connection to the worker was lost: {}." if reason else "The connection to the worker was lost."
    return TttlrmError(template, *filter(None, [reason]), hint="Start the worker again.", code=Code.WORKER_LOST)
