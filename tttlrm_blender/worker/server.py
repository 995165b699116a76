# SPDX-License-Identifier: GPL-3.0-or-later
"""The server: accepts connections, and owns what they share."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import ipaddress
import itertools
import logging
import re
import ssl
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from websockets.asyncio.server import Server as WebSocketServer
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from ..errors import Code, TttlrmError, text
from ..pipeline.job_kind import JobKind
from ..protocol.alive import OF_CLIENTS, keep_alive
from ..protocol.frames import MAX_FRAME, malformed
from ..protocol.messages import Decoder, Failed, Hello, check_versions, encode
from . import health, logs
from .conversation import Conversation, Services
from .limits import Limits
from .schedule import Schedule
from .sessions import Sessions

logger = logging.getLogger(__name__)

MAX_HELLO = 1 << 16  # bytes that are read from unauthenticated clients
STOP_SECONDS = 5.0  # time for a canceled job to end
LAST_SECONDS = 1.0  # time for clients to read how their jobs ended
MAX_STRANGE = 2 * MAX_HELLO  # bytes of a frame that arrive before they are refused
SILENT_SECONDS = 1.0  # time after which a client that has not said hello makes room for another
LOOPBACK_HOST = re.compile(r"(127\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}|localhost|\[::1\]):[0-9]{1,5}")
VERBS = {"GET", "HEAD"}
SOCKETS = 4  # open ones for each connection that is allowed; more are closed at once, as jobs need descriptors for their files


class Server:
    """Serves any number of clients with jobs on scenes."""

    def __init__(
        self,
        jobs: Mapping[str, JobKind],
        make_scene: Callable[[Path], Any],
        folder: Path,
        token: str,
        log: Path | None = None,
        limits: Limits = Limits(),  # noqa: B008 (frozen)
        any_file: bool = False,
        release: Callable[[], None] = lambda: None,
    ) -> None:
        """`make_scene` is called with the folder of a scene's uploaded files, inside `folder`; `log` is mentioned in errors.

        Clients may refer to `any_file` of this machine, or only to uploaded ones. `release` frees memory that jobs use besides
        scenes; it is called on the job thread.
        """
        self._token, self._limits = token, limits
        sessions = Sessions(folder, make_scene, limits)

        def rest() -> None:
            sessions.release()
            release()
            logs.log_event(logger, "memory_released")

        self._services = Services(jobs, sessions, Schedule(limits, rest), limits, log, any_file)
        self._started = time.monotonic()
        self._numbers = itertools.count(1)
        self._strangers: dict[Conversation, asyncio.Timeout] = {}  # oldest first
        self._conversations: set[Conversation] = set()
        self._sockets: set[ServerConnection] = set()

    @property
    def clients(self) -> int:
        """The number of connections, after the greeting."""
        return len(self._conversations)

    async def run(
        self,
        host: str,
        port: int,
        ready: Callable[[str, int], None],
        stop: asyncio.Event,
        grace: float = 0.0,
        tls: ssl.SSLContext | None = None,
        hurry: asyncio.Event | None = None,
    ) -> bool:
        """Serve until `stop` is set; `ready` is called with host and port once clients can connect.

        Then a running job has `grace` seconds, or until `hurry` is set, before it is canceled. Returns whether it ended in time.
        Without `tls`, only this machine is served. Raises `TttlrmError` if the address cannot be used.
        """
        worker = asyncio.create_task(self._services.schedule.run())
        try:
            async with await self._listen(_address(host, tls is not None), port, tls) as listener:
                ready(host, listener.sockets[0].getsockname()[1])
                await stop.wait()
                return await self._wind_down(grace, hurry or asyncio.Event())
        finally:
            worker.cancel()

    async def _wind_down(self, grace: float, hurry: asyncio.Event) -> bool:
        schedule = self._services.schedule
        logs.log_event(logger, "worker_stopping", waiting=schedule.waiting, running=schedule.running)
        ended = await schedule.close(grace, STOP_SECONDS, hurry)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*(talk.drained() for talk in self._conversations)), LAST_SECONDS)
        return ended

    async def _listen(self, host: str, port: int, tls: ssl.SSLContext | None) -> WebSocketServer:
        try:
            return await serve(
                self._converse,
                host,
                port,
                ssl=tls,
                ssl_handshake_timeout=self._limits.greeting_seconds if tls else None,
                process_request=partial(self._answer_http, by_any_name=not _is_loopback(host)),
                create_connection=partial(_Counted, self._sockets, SOCKETS * self._limits.connections),  # type: ignore[arg-type]
                compression=None,
                max_size=MAX_STRANGE,
                max_queue=4,
                open_timeout=self._limits.greeting_seconds,
                ping_interval=None,
                close_timeout=2.0,
                server_header=None,
            )
        except (OSError, OverflowError, UnicodeError) as error:  # of numbers that no port has, and names that no machine has
            why = error.strerror if isinstance(error, OSError) else text("there is no such address")
            hint = "Choose another port, or 0 for any free one."
            raise TttlrmError(
                "The worker cannot listen on {}, port {}: {}.", host, port, why, hint=hint, code=Code.NO_PORT
            ) from error

    def _answer_http(self, connection: ServerConnection, request: Request, by_any_name: bool) -> Response | None:
        verb = getattr(request, "method", "GET")  # websockets up to 15 accepts no other
        if refusal := _refuse_browsers(connection, request, by_any_name):
            return refusal
        if request.path == health.PATH and verb in VERBS:
            return self._health().response(with_body=verb == "GET")
        return None if verb == "GET" else connection.respond(405, "Only GET is understood here.\n")

    def _health(self) -> health.Health:
        schedule, sessions = self._services.schedule, self._services.sessions
        status = "stopping" if schedule.closing else "serving"
        seconds = round(time.monotonic() - self._started, 3)
        return health.Health(status, seconds, schedule.waiting, schedule.running, len(sessions), len(self._conversations))

    async def _converse(self, socket: ServerConnection) -> None:
        client = next(self._numbers)
        talk = Conversation(client, self._services)
        with logs.about(client=client):
            try:
                keep_alive(socket.transport.get_extra_info("socket"), OF_CLIENTS)
                await self._meet(socket, talk)
                await talk.run(socket)
            except ConnectionClosed:
                pass
            except TttlrmError as error:
                logs.log_event(logger, "client_refused", logging.WARNING, code=error.code, error=error.sentence)
                await socket.close(1008, error.sentence.encode()[:120].decode(errors="ignore"))
            finally:
                if talk in self._conversations:
                    self._conversations.remove(talk)
                    logs.log_event(logger, "client_left")

    async def _meet(self, socket: ServerConnection, talk: Conversation) -> None:
        mine = Hello(capabilities=list(self._services.jobs))
        try:
            theirs = await self._hello(socket, talk)
            if not hmac.compare_digest(theirs.token.encode("utf-8", "surrogatepass"), self._token.encode()):
                hint = "Use the token of that worker."
                raise TttlrmError("The worker rejected the token.", hint=hint, code=Code.WRONG_TOKEN)
            self._admit(talk)
        except TttlrmError as error:
            await socket.send("".join(map(str, encode(0, Failed.of(error)))))
            raise
        await socket.send("".join(map(str, encode(0, mine))))
        check_versions(worker=mine, client=theirs)
        _accept_frames(socket, MAX_FRAME)
        logs.log_event(logger, "client_came")

    def _admit(self, talk: Conversation) -> None:
        if len(self._conversations) >= self._limits.connections:
            raise TttlrmError(
                "The worker has {} connections and accepts no more.",
                self._limits.connections,
                hint="Close one of them, or try again later.",
                code=Code.TOO_MANY_CONNECTIONS,
            )
        self._conversations.add(talk)

    async def _hello(self, socket: ServerConnection, talk: Conversation) -> Hello:
        """The client's greeting, which it has to send in time, and sooner where others wait."""
        self._make_room()
        try:
            async with asyncio.timeout(self._limits.greeting_seconds) as patience:
                self._strangers[talk] = patience
                frame = await socket.recv()
        except TimeoutError:
            raise (
                _crowded() if len(self._strangers) >= self._limits.connections else malformed("it did not arrive in time")
            ) from None
        finally:
            del self._strangers[talk]
        received = Decoder(0).feed(frame) if len(frame) <= MAX_HELLO else None
        if received is None or not isinstance(received[1], Hello):
            raise malformed("the first message is not a hello")
        return received[1]

    def _make_room(self) -> None:
        """Let the one who has been silent for longest go where too many have not said hello. Raises `TttlrmError`."""
        if len(self._strangers) < self._limits.connections:
            return
        now = asyncio.get_running_loop().time()
        most = now + self._limits.greeting_seconds - SILENT_SECONDS
        silent = (patience for patience in self._strangers.values() if now < (patience.when() or 0) <= most)
        oldest = next(silent, None)
        if oldest is None:
            raise _crowded()
        oldest.reschedule(now)


class _Counted(ServerConnection):
    """A connection that is closed at once if too many are open."""

    def __init__(self, others: set[ServerConnection], most: int, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._others, self._most = others, most

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._others.add(self)
        if len(self._others) > self._most:
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._others.discard(self)
        super().connection_lost(exc)


def _crowded() -> TttlrmError:
    return TttlrmError("Too many clients are connecting to the worker.", hint="Try again later.", code=Code.TOO_MANY_CONNECTIONS)


def _accept_frames(socket: ServerConnection, most: int) -> None:
    """Accept frames of so many bytes from a client that is known now."""
    protocol: Any = socket.protocol
    setattr(protocol, "max_message_size" if hasattr(protocol, "max_message_size") else "max_size", most)  # up to websockets 15


def _address(host: str, encrypted: bool) -> str:
    """The address of a host. Raises `TttlrmError` unless it is this machine or connections are encrypted."""
    address = "127.0.0.1" if host == "localhost" else host
    if encrypted or _is_loopback(address):
        return address
    raise TttlrmError(
        "The worker cannot listen on {}: without encryption it serves only this machine.",
        host,
        hint="Use --tls to encrypt connections, or 127.0.0.1 and an SSH tunnel from other machines.",
        code=Code.NOT_LOOPBACK,
    )


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _refuse_browsers(connection: ServerConnection, request: Request, by_any_name: bool) -> Response | None:
    """Refuse connections of web pages, which send an origin or use another host name; our clients do neither.

    A worker for other machines may be reached `by_any_name`.
    """
    hosts = request.headers.get_all("Host")
    named_here = by_any_name or (len(hosts) == 1 and LOOPBACK_HOST.fullmatch(hosts[0]))
    if request.headers.get_all("Origin") or not named_here:
        return connection.respond(403, "Browsers are not welcome here.\n")
    return None
