# SPDX-License-Identifier: GPL-3.0-or-later
"""How each side notices that the other's machine or network is gone: one that is merely busy need not answer anything."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from typing import Any

# When a silent connection is asked for a sign of life, how often, and how many times in vain: seconds, seconds, times.
OF_WORKERS = {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 15, "TCP_KEEPCNT": 4}  # two minutes: somebody waits for the worker
OF_CLIENTS = {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 60, "TCP_KEEPCNT": 14}  # a quarter of an hour: a laptop may be asleep


def keep_alive(connection: Any, signs: Mapping[str, int]) -> None:
    """Have the system ask for signs of life on a TCP socket, or on what asyncio has in its place."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in signs.items():
        if hasattr(socket, option):
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
