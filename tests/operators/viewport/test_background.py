# SPDX-License-Identifier: GPL-3.0-or-later
"""Work that is done while Blender draws."""

from threading import Event
from time import sleep

import pytest

from operators.viewport.background import Background


@pytest.fixture
def background():
    made = Background()
    yield made
    made.close()


def test_the_newest_wins_and_what_was_begun_is_finished(background):
    begun, go = Event(), Event()

    def first():
        begun.set()
        go.wait()
        return "first"

    background.ask("view", first)
    begun.wait()
    assert background.take("view") is None and background.busy
    background.ask("view", lambda: "second")
    background.ask("view", lambda: "third")
    background.ask("other", lambda: "else")
    go.set()
    background.wait()
    assert background.take("view") == "third" and background.take("view") is None
    assert background.take("other") == "else"


def test_news_are_told_once(background):
    assert not background.news() and not background.busy
    background.ask("view", lambda: 1)
    while not background.news():
        sleep(0.001)
    assert not background.news() and not background.busy
    assert background.take("view") == 1


def test_what_went_wrong_is_raised_once(background):
    background.ask("view", lambda: 1 / 0)
    background.wait()
    with pytest.raises(ZeroDivisionError):
        background.take("view")
    assert background.take("view") is None


def test_what_is_forgotten_is_not_waited_for(background):
    begun, go = Event(), Event()
    background.ask("view", lambda: (begun.set(), go.wait()))
    begun.wait()
    background.ask("gone", lambda: "never")
    background.forget("gone")
    go.set()
    background.wait()
    assert background.take("gone") is None
    background.take("view")
    background.news()
    assert not background.busy
