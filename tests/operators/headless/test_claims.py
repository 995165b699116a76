# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks agree by files which of them is at a photo set."""

import os
import threading
import time

import pytest

from operators.headless import claims


@pytest.mark.slow
def test_one_of_many_gets_it(tmp_path, quick, monkeypatch):
    monkeypatch.setattr(claims, "BEAT", 0.05)  # a busy machine may miss some beats
    (tmp_path / ".a.claim-1").touch()  # of a task that died
    watches = [claims.Watch() for _ in range(8)]
    won: list[claims.Claim] = []
    over = threading.Event()

    def strive(watch: claims.Watch) -> None:
        while not over.is_set():
            if claim := watch.claim(tmp_path / "a"):
                won.append(claim.__enter__())
                return
            time.sleep(0.001)

    strivers = [threading.Thread(target=strive, args=(watch,)) for watch in watches]
    for striver in strivers:
        striver.start()
    until = time.monotonic() + 60
    while not won and time.monotonic() < until:
        time.sleep(0.01)
    time.sleep(0.5)  # for others to win as well
    over.set()
    for striver in strivers:
        striver.join()
    assert len(won) == 1
    won[0].__exit__(None, None, None)
    assert not list(tmp_path.iterdir())
    assert watches[0].claim(tmp_path / "a") or watches[1].claim(tmp_path / "a")


def test_life_is_seen(tmp_path, quick):
    watch, folder = claims.Watch(), tmp_path / "a"
    with claims.Watch().claim(folder):
        assert not watch.alive(folder), "nothing is known at the first look"
        until = time.monotonic() + 60
        while not watch.alive(folder) and time.monotonic() < until:
            time.sleep(claims.LOOK)
        assert watch.alive(folder) and watch.claim(folder) is None


def test_a_touch_during_a_pause_is_no_sign_of_life(tmp_path, quick):
    """Its task may have died since, while this one was busy."""
    watch, claim = claims.Watch(), tmp_path / ".a.claim-1"
    claim.touch()
    assert watch.claim(tmp_path / "a") is None
    os.utime(claim, (1, 1))
    time.sleep(2 * claims.BEAT)
    assert not watch.alive(tmp_path / "a")
    time.sleep(1.1 * claims.SILENCE)
    assert watch.claim(tmp_path / "a")


def test_a_lost_claim_is_not_taken_from_its_new_owner(tmp_path):
    folder = tmp_path / "a"
    with claims.Claim(folder, 1):
        later = claims.Claim(folder, 2)
    assert [path.name for path in tmp_path.iterdir()] == [".a.claim-2"]
    with later:
        pass
    assert not list(tmp_path.iterdir())


def test_other_folders_with_such_names_are_no_matter(tmp_path):
    with claims.Claim(tmp_path / "a", 1), claims.Watch().claim(tmp_path / "a.claim-1"):
        assert claims.Watch().claim(tmp_path / "a") is None
