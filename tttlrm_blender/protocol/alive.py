# SPDX-License-Identifier: GPL-3.0-or-later
"""How each side notices that the other's machine or network is gone: one that is merely busy need not answer anything."""

from __future__ import annotations

import socket
from typing import Any

# When a silent connection is asked for a sign of life, how often, and how many times in vain: seconds, seconds, times.
KEEP_ALIVE = {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 15, "TCP_KEEPCNT": 4}


def keep_alive(connection: Any) -> None:
    """Have the system ask for signs of life on a TCP socket, or on what asyncio has in its place."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in KEEP_ALIVE.items():
        if hasattr(socket, option):
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
