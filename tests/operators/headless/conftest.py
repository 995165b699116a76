# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands are tested from a checkout, with toy workers."""

import signal
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def with_toys(registered: None, toy_workers: None) -> None:
    """Every test has them."""


@pytest.fixture(autouse=True)
def interruptible() -> Iterator[None]:
    """Ctrl+C interrupts, also where the tests run in a shell's background, whose processes ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def quick(monkeypatch):
    """Tasks that die are noticed soon."""
    from operators.headless import claims

    monkeypatch.setattr(claims, "LOOK", 0.05)
    monkeypatch.setattr(claims, "BEAT", 0.3)
    monkeypatch.setattr(claims, "SILENCE", 1.0)
