# SPDX-License-Identifier: GPL-3.0-or-later
"""The server process: connections, sessions, the queue of jobs, limits, logs and health."""

from .program import Options, Ready, add_arguments, serve

__all__ = ["Options", "Ready", "add_arguments", "serve"]
