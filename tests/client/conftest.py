# SPDX-License-Identifier: GPL-3.0-or-later
"""A server to talk to."""

from collections.abc import Iterator

import pytest

from tests.worker.small_worker import serving


@pytest.fixture
def port(tmp_path) -> Iterator[int]:
    """The port of a server in this process, whose scenes lie in `tmp_path`."""
    with serving(tmp_path) as port:
        yield port
