# SPDX-License-Identifier: GPL-3.0-or-later
"""The server that the worker's tests use."""

from tests.worker.conftest import port

__all__ = ["port"]
