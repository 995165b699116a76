# SPDX-License-Identifier: GPL-3.0-or-later
"""The worker's health, for monitoring: plain HTTP, without a token and without secrets."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from websockets.datastructures import Headers
from websockets.http11 import Response

from .. import __version__
from ..protocol.messages import PROTOCOL

PATH = "/health"


@dataclass(frozen=True)
class Health:
    """The answer to GET /health, as JSON."""

    status: str  # "serving", or "stopping" when no more jobs are accepted
    seconds_up: float
    waiting: int  # number of jobs
    running: bool  # whether a job is running
    sessions: int  # number of scenes
    connections: int  # after the greeting
    version: str = __version__
    protocol: int = PROTOCOL

    def response(self, with_body: bool = True) -> Response:
        """The HTTP response, without its body for HEAD."""
        body = json.dumps(asdict(self)).encode() + b"\n"
        headers = Headers({"Content-Type": "application/json", "Cache-Control": "no-store", "Connection": "close"})
        headers["Content-Length"] = str(len(body))
        return Response(200, "OK", headers, body if with_body else b"")
