# SPDX-License-Identifier: GPL-3.0-or-later
"""TCP keepalive: each side notices that the other's machine or network is gone, while a busy one need not answer."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from typing import Any

# Seconds of silence before the first probe, seconds between probes, and number of unanswered probes.
OF_WORKERS = {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 15, "TCP_KEEPCNT": 4}  # two minutes: a user waits for the worker
OF_CLIENTS = {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 60, "TCP_KEEPCNT": 14}  # 15 minutes: a laptop may be asleep


def keep_alive(connection: Any, signs: Mapping[str, int]) -> None:
    """Enable keepalive probes on a TCP socket, or on asyncio's equivalent."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in signs.items():
        if hasattr(socket, option):
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
