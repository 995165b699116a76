# SPDX-License-Identifier: GPL-3.0-or-later
"""The server: who may talk to the worker, and what connections share."""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import logging
import ssl
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from ..errors import TttlrmError
from ..protocol.frames import MAX_FRAME, malformed
from ..protocol.messages import Decoder, Failed, Hello, check_versions, encode
from .conversation import Conversation
from .kinds import JobKind
from .schedule import Schedule
from .sessions import Limits, Sessions

logger = logging.getLogger(__name__)

GREETING_SECONDS = 10.0
STOP_SECONDS = 5.0
LOOPBACK_NAMES = {"127.0.0.1", "localhost", "[::1]"}


class Server:
    """Serves jobs on scenes to any number of clients."""

    def __init__(
        self,
        jobs: Mapping[str, JobKind],
        make_scene: Callable[[Path], Any],
        folder: Path,
        token: str,
        log: Path | None = None,
        limits: Limits = Limits(),  # noqa: B008 (frozen)
    ) -> None:
        """`make_scene` gets the folder of a scene's uploaded files, which is below `folder`; `log` is named in errors."""
        self._jobs, self._token, self._log = jobs, token, log
        self._sessions = Sessions(folder, make_scene, limits)

    async def run(
        self,
        host: str,
        port: int,
        ready: Callable[[str, int], None],
        stop: asyncio.Event,
        tls: ssl.SSLContext | None = None,
    ) -> bool:
        """Serve until `stop` is set; `ready` hears host and port once clients can come.

        Without `tls` only this machine is served. Says whether the last job ended in time. Raises `TttlrmError` if the
        address cannot be used.
        """
        self._schedule = Schedule(self._log)
        worker = asyncio.create_task(self._schedule.run())
        try:
            await self._listen(_address(host, tls is not None), port, ready, stop, tls)
        finally:
            ended = await self._schedule.close(STOP_SECONDS)
            worker.cancel()
        return ended

    async def _listen(
        self, host: str, port: int, ready: Callable[[str, int], None], stop: asyncio.Event, tls: ssl.SSLContext | None
    ) -> None:
        try:
            listener = await serve(
                self._converse,
                host,
                port,
                ssl=tls,
                ssl_handshake_timeout=GREETING_SECONDS if tls else None,
                process_request=partial(_refuse_browsers, by_any_name=not _is_loopback(host)),
                compression=None,
                max_size=MAX_FRAME,
                max_queue=4,
                ping_interval=None,
                close_timeout=2.0,
                server_header=None,
            )
        except OSError as error:
            hint = "Choose another port, or 0 for any free one."
            raise TttlrmError(f"The worker cannot listen at {host}, port {port}: {error.strerror}.", hint, "no_port") from error
        async with listener:
            ready(host, listener.sockets[0].getsockname()[1])
            await stop.wait()

    async def _converse(self, socket: ServerConnection) -> None:
        try:
            await self._greet(socket)
            await Conversation(self._jobs, self._sessions, self._schedule).run(socket)
        except ConnectionClosed:
            pass
        except TttlrmError as error:
            logger.warning("a client was refused: %s", error)
            await socket.close(1008, error.sentence.encode()[:120].decode(errors="ignore"))

    async def _greet(self, socket: ServerConnection) -> None:
        mine = Hello(capabilities=list(self._jobs))
        try:
            theirs = await self._hello(socket)
            if not hmac.compare_digest(theirs.token.encode("utf-8", "surrogatepass"), self._token.encode()):
                hint = "Use the token that the worker was started with."
                raise TttlrmError("The worker refused the token.", hint, "wrong_token")
        except TttlrmError as error:
            await socket.send("".join(map(str, encode(0, Failed.of(error)))))
            raise
        await socket.send("".join(map(str, encode(0, mine))))
        check_versions(worker=mine, client=theirs)

    async def _hello(self, socket: ServerConnection) -> Hello:
        try:
            async with asyncio.timeout(GREETING_SECONDS):
                received = Decoder(0).feed(await socket.recv())
        except TimeoutError:
            received = None
        if received is None or not isinstance(received[1], Hello):
            raise malformed("the first one is not a hello")
        return received[1]


def _address(host: str, encrypted: bool) -> str:
    """The address of a host, which must be this machine unless connections are encrypted."""
    address = "127.0.0.1" if host == "localhost" else host
    if encrypted or _is_loopback(address):
        return address
    raise TttlrmError(
        f"The worker cannot listen on {host}: its connections are not encrypted, so it serves this machine only.",
        "Say --tls to encrypt them, or use 127.0.0.1 and an SSH tunnel from other machines.",
        "not_loopback",
    )


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _refuse_browsers(connection: ServerConnection, request: Request, by_any_name: bool) -> Response | None:
    """Web pages name their origin, or reach this machine under a name of theirs; no client of ours does either.

    A worker for other machines is reached `by_any_name` that they have for this one.
    """
    hosts = request.headers.get_all("Host")
    named_here = by_any_name or (len(hosts) == 1 and hosts[0].rpartition(":")[0] in LOOPBACK_NAMES)
    if request.headers.get_all("Origin") or not named_here:
        return connection.respond(403, "Browsers are not welcome here.\n")
    return None
