# SPDX-License-Identifier: GPL-3.0-or-later
"""Connect to a worker by WebSocket: unencrypted on this machine, with TLS to others."""

from __future__ import annotations

import hashlib
import ipaddress
import socket
import ssl

from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from ..errors import Code, TttlrmError
from ..protocol.alive import OF_WORKERS, keep_alive
from ..protocol.frames import MAX_FRAME


def reach(host: str, port: int, timeout: float, fingerprint: str = "") -> ClientConnection:
    """Connect to a worker that has the certificate with this fingerprint; without one, the worker must be on this machine.

    Raises `TttlrmError` before anything secret is sent.
    """
    plain = _dial(host, port, timeout)
    try:
        stream = _encrypted(plain, host, port, fingerprint) if fingerprint else _local(plain, host, port)
        stream.settimeout(None)  # from here on, work takes as long as it takes; TCP keepalive notices silence
        return _shake_hands(stream, host, port, timeout)
    except BaseException:
        plain.close()
        raise


def _dial(host: str, port: int, timeout: float) -> socket.socket:
    try:
        plain = socket.create_connection((host, port), timeout)  # made here to bypass proxies
        keep_alive(plain, OF_WORKERS)
        return plain
    except OSError as error:
        hint = "Start a worker, or correct host and port."
        raise TttlrmError("No worker answers at {}, port {}.", host, port, hint=hint, code=Code.NO_WORKER) from error


def _local(stream: socket.socket, host: str, port: int) -> socket.socket:
    try:
        address = stream.getpeername()[0]
    except OSError as error:  # it has hung up already
        raise _no_worker(host, port) from error
    if not ipaddress.ip_address(address.partition("%")[0]).is_loopback:
        raise TttlrmError(
            "The worker on {} is on another machine, where the token could be intercepted without TLS.",
            host,
            hint="Start it with --tls and give the fingerprint that it prints, or use an SSH tunnel.",
            code=Code.NO_FINGERPRINT,
        )
    return stream


def _encrypted(plain: socket.socket, host: str, port: int, fingerprint: str) -> ssl.SSLSocket:
    wanted = "".join(fingerprint.replace(":", "").split()).lower()
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # the fingerprint is a stronger check
    try:
        stream = context.wrap_socket(plain, server_hostname=host)
    except OSError as error:
        hint = "Start it with --tls, or leave the fingerprint empty for a worker on this machine."
        raise TttlrmError("The server at {}, port {} does not use TLS.", host, port, hint=hint, code=Code.NO_TLS) from error
    found = hashlib.sha256(stream.getpeercert(True) or b"").hexdigest()
    if found != wanted:
        stream.close()
        raise TttlrmError(
            "The worker at {}, port {} has a different certificate than expected: its fingerprint is {}.",
            host,
            port,
            found,
            hint="Use this fingerprint only if the worker printed it at its start; else someone may be listening in.",
            code=Code.WRONG_FINGERPRINT,
        )
    return stream


def _shake_hands(stream: socket.socket, host: str, port: int, timeout: float) -> ClientConnection:
    try:
        return connect(
            f"ws://{f'[{host}]' if ':' in host else host}:{port}/",  # the stream is already encrypted if it has to be
            sock=stream,
            open_timeout=timeout,
            compression=None,  # floats do not compress
            max_size=MAX_FRAME,
            max_queue=4,
            ping_interval=None,  # a worker busy in native code may not answer for long; TCP keepalive is used instead
        )
    except (OSError, WebSocketException) as error:  # the latter also where the line is cut meanwhile
        stream.close()
        raise _no_worker(host, port) from error


def _no_worker(host: str, port: int) -> TttlrmError:
    return TttlrmError(
        "The server at {}, port {} is not a worker.",
        host,
        port,
        hint="For a worker with TLS, enter the fingerprint that it printed at its start.",
        code=Code.NO_WORKER,
    )
