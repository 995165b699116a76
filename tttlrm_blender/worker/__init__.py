# SPDX-License-Identifier: GPL-3.0-or-later
"""The server process: sessions, job queue, events."""

from .program import Options, Ready, add_arguments, serve

__all__ = ["Options", "Ready", "add_arguments", "serve"]
