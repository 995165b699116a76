# SPDX-License-Identifier: GPL-3.0-or-later
"""How tests wait for a worker: until something happens, however busy the machine is."""

import json
import time
import urllib.request
from collections.abc import Callable

PATIENCE = 60.0  # seconds after which it does not happen any more


def until(wanted: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Wait for something to become true."""
    deadline = time.monotonic() + seconds
    while not wanted():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def health(port: int) -> dict:
    """The health of a server on this machine."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=PATIENCE) as answer:
        assert answer.headers["Content-Type"] == "application/json"
        return json.load(answer)
