# SPDX-License-Identifier: GPL-3.0-or-later
"""The worker that all Blenders of a user share."""

import json
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path
from unittest.mock import Mock

import pytest
from filelock import FileLock
from websockets.sync.server import serve

from tests.client.test_launch import SMALL
from tests.worker.small_worker import COUNT, CountSettings
from tests.worker.waiting import until
from tttlrm_blender import shared_place
from tttlrm_blender.client import Client, SharedWorker, connection, shared
from tttlrm_blender.errors import Code, TttlrmError

pytestmark = pytest.mark.slow

PLACE = {"host": "127.0.0.1", "port": 9, "token": "t", "pid": 1, "python": "p"}  # where nobody is


@pytest.fixture
def blender(tmp_path):
    """What makes another Blender of the same user."""
    made = []

    def make(python: str | None = None) -> SharedWorker:
        made.append(SharedWorker(python, tmp_path / "worker.log", tmp_path / "scenes", SMALL))
        return made[-1]

    yield make
    for worker in made:
        worker.stop()


def count(client: Client) -> dict[str, int]:
    return client.submit("s", COUNT, CountSettings()).result().files


def pid(tmp_path: Path) -> int:
    return shared_place.find(tmp_path / "scenes").pid


def test_others_join_and_the_last_one_ends_it(blender, tmp_path):
    first, second = blender(), blender()
    with first.connect() as one, second.connect() as other:
        one.upload("s", {"a": b"1"})
        assert count(other) == {"a": 1} and first.note is second.note is None
        process = first._started.process
        one.close()
        first.stop()
        assert count(other) == {"a": 1}
    second.stop()
    assert process.wait(60) == 0 and shared_place.find(tmp_path / "scenes") is None


def test_it_is_asked_to_end_without_signals_which_kill_on_windows(blender, tmp_path, monkeypatch):
    kill = os.kill
    monkeypatch.setattr(os, "kill", lambda process, number: kill(process, 9))
    worker = blender()
    worker.connect().close()
    process = worker._started.process
    worker.stop()
    assert process.wait(60) == 0 and not (tmp_path / "scenes" / shared_place.NAME).exists()


def test_one_that_was_asked_to_end_is_found_again_if_another_came_meanwhile(blender, tmp_path):
    with blender().connect():
        shared_place.withdraw(tmp_path / "scenes")
        until(lambda: shared_place.find(tmp_path / "scenes"))
        with blender().connect() as other:
            assert other.connected


@pytest.mark.skipif(os.name != "posix", reason="files have other rights there")
def test_only_the_user_can_read_where_it_is(blender, tmp_path):
    with blender().connect():
        assert stat.S_IMODE((tmp_path / "scenes" / shared_place.NAME).stat().st_mode) == 0o600


def test_those_that_start_at_once_have_the_same(blender, tmp_path):
    clients: list[Client] = []
    workers = [blender() for _ in range(3)]
    threads = [threading.Thread(target=lambda worker=worker: clients.append(worker.connect())) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    clients[0].upload("s", {"a": b"1"})
    assert [count(client) for client in clients] == [{"a": 1}] * 3
    for client in clients:
        client.close()


@pytest.mark.skipif(os.name != "posix", reason="processes are killed otherwise there")
def test_one_that_was_killed_is_replaced_with_its_scenes(blender, tmp_path):
    worker = blender()
    with worker.connect() as client:
        client.upload("s", {"a": b"1"})
        os.kill(pid(tmp_path), 9)
        with pytest.raises(TttlrmError, match="stopped unexpectedly"):
            count(client)
    with blender().connect() as client:
        assert count(client) == {"a": 1}


@pytest.mark.parametrize("content", ["", "[]", '{"host": "127.0.0.1"}', json.dumps(PLACE), json.dumps(PLACE | {"port": None})])
def test_a_place_where_nothing_is_does_no_harm(blender, tmp_path, content):
    (tmp_path / "scenes").mkdir()
    (tmp_path / "scenes" / shared_place.NAME).write_text(content)
    with blender().connect() as client:
        assert client.connected


def test_another_program_at_the_port_does_no_harm(blender, tmp_path):
    (tmp_path / "scenes").mkdir()
    with serve(lambda client: client.send("hello"), "127.0.0.1", 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        place = PLACE | {"port": server.socket.getsockname()[1]}
        (tmp_path / "scenes" / shared_place.NAME).write_text(json.dumps(place))
        with blender().connect() as client:
            assert client.connected


def test_a_long_log_is_begun_anew_unless_it_cannot_be(blender, tmp_path, monkeypatch):
    log = tmp_path / "worker.log"
    monkeypatch.setattr(shared, "LARGEST_LOG", 3)
    log.write_text("long")
    with monkeypatch.context() as refusing:
        refusing.setattr(Path, "unlink", Mock(side_effect=PermissionError))
        worker = blender()
        worker.connect().close()
    assert log.read_text().startswith("long")
    worker.stop()
    blender().connect().close()
    assert not log.read_text().startswith("long")


def test_another_python_is_told(blender, tmp_path):
    other = blender(str(tmp_path / "elsewhere" / "python"))
    with blender().connect(), other.connect():
        assert "elsewhere" in str(other.note) and sys.executable in str(other.note)


def test_another_version_is_told(blender, monkeypatch):
    def refuse(worker, client):
        raise TttlrmError("The worker is 0.1.", code=Code.VERSION_MISMATCH)

    with blender().connect():
        monkeypatch.setattr(connection, "check_versions", refuse)
        with pytest.raises(TttlrmError, match="another version") as caught:
            blender().connect()
    assert "0.1" in str(caught.value.hint)


def test_a_folder_that_somebody_else_has_is_told(blender, tmp_path):
    (tmp_path / "scenes").mkdir()
    with FileLock(tmp_path / "scenes" / "lock"), pytest.raises(TttlrmError, match="does not answer"):
        blender().connect(timeout=1)


def test_one_that_nobody_uses_ends_by_itself(tmp_path, monkeypatch):
    monkeypatch.setattr(shared, "UNUSED_SECONDS", 1.0)
    worker = SharedWorker(None, tmp_path / "worker.log", tmp_path / "scenes", SMALL)
    with worker.connect() as client:
        with pytest.raises(subprocess.TimeoutExpired):
            worker._started.process.wait(2)
        assert client.connected
    assert worker._started.process.wait(60) == 0
