# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands are tested from a checkout, with toy workers."""

import pytest


@pytest.fixture(autouse=True)
def with_toys(registered: None, toy_workers: None) -> None:
    """Every test has them."""


@pytest.fixture
def quick(monkeypatch):
    """Tasks that die are noticed soon."""
    from operators.headless import claims

    monkeypatch.setattr(claims, "LOOK", 0.05)
    monkeypatch.setattr(claims, "BEAT", 0.3)
    monkeypatch.setattr(claims, "SILENCE", 1.0)
