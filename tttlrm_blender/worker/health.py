# SPDX-License-Identifier: GPL-3.0-or-later
"""How a worker is, for those who watch over it: plain HTTP, no token, no secrets."""

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
    """What GET /health answers, as JSON."""

    status: str  # "serving", or "stopping" when no more jobs are taken
    seconds_up: float
    waiting: int  # jobs
    running: bool  # whether a job is at work
    sessions: int  # scenes
    connections: int  # that have said hello
    version: str = __version__
    protocol: int = PROTOCOL

    def response(self) -> Response:
        """The answer."""
        body = json.dumps(asdict(self)).encode() + b"\n"
        headers = Headers({"Content-Type": "application/json", "Cache-Control": "no-store", "Connection": "close"})
        headers["Content-Length"] = str(len(body))
        return Response(200, "OK", headers, body)
