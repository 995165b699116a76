# SPDX-License-Identifier: GPL-3.0-or-later
"""Many clients at once, some of which misbehave; soak/clients.py has more of them."""

import pytest

from tests.worker.crowd import measured


@pytest.mark.slow
def test_bad_clients_keep_nobody_from_their_results():
    figures = measured(clients=8, bad=3, jobs=3)
    assert figures.right == 15 and not figures.wrong
    assert len(figures.bad) == 3
    assert figures.health["idle"] and figures.health["status"] == "serving"
