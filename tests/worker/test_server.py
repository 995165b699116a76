# SPDX-License-Identifier: GPL-3.0-or-later
"""Access to the worker, and clients that violate the protocol, with raw sockets."""

import asyncio
import json
import socket

import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tests.worker.small_worker import COUNT, JOBS, LONG, TOKEN, CountSettings, Scene, serving
from tests.worker.waiting import until
from tttlrm_blender.client import Client
from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.protocol import messages
from tttlrm_blender.protocol.frames import MAX_FRAME, pack, split
from tttlrm_blender.protocol.messages import (
    MAX_REQUEST,
    Cancel,
    Decoder,
    Done,
    Failed,
    Finish,
    Hello,
    Note,
    Progress,
    Queued,
    Submit,
    Upload,
    encode,
)
from tttlrm_blender.protocol.settings_json import to_json
from tttlrm_blender.worker.limits import Limits
from tttlrm_blender.worker.server import Server
from tttlrm_blender.worker.sessions import LABEL


def send(connection, number, message):
    """Send one message."""
    for frame in encode(number, message):
        connection.send(frame)


def receive(connection):
    """Number and message of the next text frame."""
    return Decoder(0).feed(connection.recv(10))


def receive_until(connection, *wanted):
    """Receive until certain messages have come, in any order."""
    missing = list(wanted)
    while missing:
        heard = receive(connection)
        if heard in missing:
            missing.remove(heard)


def greeted(port, **options):
    """A connection that has said hello."""
    connection = connect(f"ws://127.0.0.1:{port}/", compression=None, **options)
    send(connection.__enter__(), 0, Hello(token=TOKEN))
    receive(connection)
    return connection


def assert_refused(connection, reason):
    """The worker closes the connection, saying why."""
    with pytest.raises(ConnectionClosed):
        while True:
            connection.recv(10)
    assert reason in connection.close_reason


def assert_alive(port):
    """The worker still does jobs."""
    with Client("127.0.0.1", port, TOKEN) as client:
        client.upload("alive", {"a": b"1"})
        assert client.submit("alive", COUNT, CountSettings()).result().files == {"a": 1}


def test_the_greeting_tells_versions_and_jobs(port):
    with connect(f"ws://127.0.0.1:{port}/") as connection:
        send(connection, 0, Hello(token=TOKEN))
        assert receive(connection) == (0, Hello(capabilities=["count", "break"]))


@pytest.mark.parametrize("token", ["", "wrong", TOKEN + "x", "ä", "\ud800"])
def test_a_wrong_token_is_refused(port, token):
    with connect(f"ws://127.0.0.1:{port}/") as connection:
        send(connection, 0, Hello(token=token))
        assert receive(connection)[1].code == "wrong_token"
        assert_refused(connection, "rejected the token")
    assert_alive(port)


def test_a_client_of_another_protocol_learns_the_workers_and_is_refused(port):
    with connect(f"ws://127.0.0.1:{port}/") as connection:
        connection.send('{"type": "hello", "request": 0, "protocol": 99, "version": "9.0", "token": "' + TOKEN + '", "new": 1}')
        assert receive(connection)[1].protocol == messages.PROTOCOL
        assert_refused(connection, "not compatible")


HELLO = next(encode(0, Hello(token=TOKEN)))
UPLOAD = json.dumps({"type": "upload", "request": 1, "session": "s", "path": "a", "size": 1, "offset": 0})


@pytest.mark.parametrize(
    "first", ["", "hello", b"", b"\0" * 40, '{"type": "forget", "request": 1, "session": "s"}', HELLO + " " * (1 << 16)]
)
def test_nothing_comes_before_the_greeting(port, first):
    with connect(f"ws://127.0.0.1:{port}/") as connection:
        connection.send(first)
        assert receive(connection)[1].code == "bad_message"
        assert_refused(connection, "cannot be read")
    assert_alive(port)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://example.com"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1"},
    ],
)
def test_browsers_are_refused(port, headers):
    with pytest.raises(InvalidStatus) as caught, connect(f"ws://127.0.0.1:{port}/", additional_headers=headers):
        pass
    assert caught.value.response.status_code == 403


def test_other_names_for_this_machine_are_refused(port):
    plain = socket.create_connection(("127.0.0.1", port))
    with pytest.raises(InvalidStatus) as caught, connect(f"ws://rebound.example.com:{port}/", sock=plain, proxy=None):
        pass
    assert caught.value.response.status_code == 403


@pytest.mark.parametrize(
    "frame",
    [
        "garbage",
        b"garbage",
        "{}",
        b"\xff" * 1000,
        pack({}, {}),
        next(encode(1, Hello())),
        next(encode(1, Done())),
        UPLOAD,
        next(split(UPLOAD, {"bytes": np.zeros(1, np.float32)})),
        next(split(UPLOAD, {"other": np.zeros(1, np.uint8)})),
        '{"type": "submit", "request": 1, "session": "s", "kind": "count", "settings": {"a": "' + "x" * MAX_REQUEST + '"}}',
        pack({"message": "x" * MAX_REQUEST, "arrays": "{}"}, {}),
    ],
    ids=range(12),
)
def test_garbage_ends_the_connection_and_nothing_else(port, frame):
    with Client("127.0.0.1", port, TOKEN) as other:
        with greeted(port) as connection:
            connection.send(frame)
            assert_refused(connection, "cannot be read")
        other.upload("s", {"a": b"1"})
        assert other.submit("s", COUNT, CountSettings()).result().jobs == 1


@pytest.mark.parametrize("kind", [str, bytes])
def test_a_frame_over_the_limit_ends_the_connection_and_nothing_else(port, kind):
    with greeted(port) as connection:
        with pytest.raises(ConnectionClosed):
            connection.send("x" * (MAX_FRAME + 1) if kind is str else b"x" * (MAX_FRAME + 1))
            connection.recv(10)
        assert connection.close_code == 1009
    assert_alive(port)


def test_http_and_silence_do_no_harm(port):
    with socket.create_connection(("127.0.0.1", port)) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert plain.recv(100).startswith(b"HTTP/1.1 4")
    with socket.create_connection(("127.0.0.1", port)):
        assert_alive(port)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "example.com"])
def test_only_this_machine_is_served(tmp_path, host):
    server = Server(JOBS, Scene, tmp_path, TOKEN)
    with pytest.raises(TttlrmError) as caught:
        asyncio.run(server.run(host, 0, lambda host, port: None, asyncio.Event()))
    assert caught.value.code == "not_loopback"


def test_a_port_in_use_is_said(port, tmp_path):
    server = Server(JOBS, Scene, tmp_path, TOKEN)
    with pytest.raises(TttlrmError, match=str(port)) as caught:
        asyncio.run(server.run("127.0.0.1", port, lambda host, port: None, asyncio.Event()))
    assert caught.value.code == "no_port"


def test_jobs_wait_in_line_and_move_up(port):
    with greeted(port) as connection:
        send(connection, 1, Upload("s", "a", 0, 0, np.zeros(0, np.uint8)))
        assert receive(connection) == (1, Done())
        for number in (2, 3, 4):
            send(connection, number, Submit("s", "count", to_json(LONG)))
        receive_until(connection, (2, Queued(0)), (3, Queued(1)), (4, Queued(2)))
        send(connection, 3, Cancel())
        receive_until(connection, (3, messages.Cancelled()), (4, Queued(1)))
        send(connection, 2, Cancel())
        receive_until(connection, (2, messages.Cancelled()), (4, Progress("count", 0.0)))


def test_jobs_without_a_result_are_stopped_by_finishing(port):
    with greeted(port) as connection:
        send(connection, 1, Upload("s", "a", 0, 0, np.zeros(0, np.uint8)))
        assert receive(connection) == (1, Done())
        for number in (2, 3):
            send(connection, number, Submit("s", "count", to_json(LONG)))
        receive_until(connection, (2, Progress("count", 0.0)), (3, Queued(1)))
        send(connection, 3, Finish())
        receive_until(connection, (3, messages.Cancelled()))
        send(connection, 2, Finish())
        receive_until(connection, (2, messages.Cancelled()))


def test_a_client_that_does_not_read_holds_nobody_up(port):
    with greeted(port, max_queue=1, close_timeout=0.2) as silent:
        send(silent, 1, Upload("s", "a", 0, 0, np.zeros(0, np.uint8)))
        send(silent, 2, Submit("s", "count", to_json(CountSettings(rows=8_000_000))))
        assert_alive(port)


def test_a_number_is_used_for_one_job(port):
    with greeted(port) as connection:
        send(connection, 1, Upload("s", "a", 0, 0, np.zeros(0, np.uint8)))
        receive(connection)
        for _ in range(2):
            send(connection, 2, Submit("s", "count", to_json(LONG)))
        assert_refused(connection, "used twice")


def test_half_an_upload_of_a_client_that_goes_leaves_nothing(port, tmp_path):
    with greeted(port) as connection:
        send(connection, 1, Upload("s", "a.jpg", 100, 0, np.zeros(50, np.uint8)))
        send(connection, 2, Upload("s", "b.jpg", 0, 0, np.zeros(0, np.uint8)))
        receive(connection)
        assert len(uploads(tmp_path)) == 2
    until(lambda: uploads(tmp_path) == ["b.jpg"])


def uploads(folder):
    """The names of all files that clients sent, whole or not."""
    return [path.name for path in folder.rglob("*") if path.is_file() and path.name != LABEL]


def test_a_cancelled_upload_leaves_nothing(port, tmp_path):
    with greeted(port) as connection:
        send(connection, 1, Upload("s", "a.jpg", 100, 0, np.zeros(50, np.uint8)))
        send(connection, 1, Cancel())
        assert receive(connection) == (1, messages.Cancelled())
        assert not uploads(tmp_path)


def test_parts_of_a_file_must_fit_together(port):
    with greeted(port) as connection:
        send(connection, 1, Upload("s", "a", 4, 0, np.zeros(2, np.uint8)))
        send(connection, 1, Upload("s", "a", 4, 3, np.zeros(1, np.uint8)))
        assert receive(connection)[1].code == "bad_upload"
        send(connection, 2, Upload("s", "a", 4, 0, np.zeros(5, np.uint8)))
        number, event = receive(connection)
        assert number == 2 and isinstance(event, Failed) and event.code == "bad_upload"


def test_scenes_of_an_ended_server_are_found_again(tmp_path):
    with serving(tmp_path, Limits()) as port, Client("127.0.0.1", port, TOKEN) as client:
        client.upload("s", {"images/a.jpg": b"1"})
    with serving(tmp_path, Limits()) as port, Client("127.0.0.1", port, TOKEN) as client:
        assert client.submit("s", COUNT, CountSettings()).result().files == {"images/a.jpg": 1}
        client.forget("s")
    assert not list(tmp_path.iterdir())


def test_the_client_hears_that_a_scene_will_be_dropped_and_then_it_is(tmp_path):
    with serving(tmp_path, Limits(total_bytes=1200)) as port, Client("127.0.0.1", port, TOKEN) as client:
        notes = []
        for name in ("first", "second"):
            client.upload(name, {"a": b"x" * 460})
            client.submit(name, COUNT, CountSettings()).result(notes.append)
        assert not [note for note in notes if isinstance(note, Note)]
        client.upload("second", {"b": b"x" * 200})
        client.submit("second", COUNT, CountSettings()).result(notes.append)
        client.upload("second", {"c": b"x" * 200})
        with pytest.raises(TttlrmError) as caught:
            client.submit("first", COUNT, CountSettings()).result()
    assert caught.value.code == "no_scene"
    assert next(str(note.text) for note in notes if isinstance(note, Note)).count("'first'") == 1


def test_events_are_plain_json_to_read(port):
    with greeted(port) as connection:
        send(connection, 7, Submit("nobody", "count", {}))
        event = json.loads(connection.recv(10))
    assert event["type"] == "failed" and event["request"] == 7 and event["code"] == "no_scene"


def test_a_fault_of_the_worker_ends_the_request_and_not_the_connection(port, monkeypatch):
    monkeypatch.setattr("tttlrm_blender.worker.conversation.from_json", lambda kind, values: 1 // 0)
    with Client("127.0.0.1", port, TOKEN) as client, greeted(port) as connection:
        client.upload("s", {"a": b"1"})
        send(connection, 1, Submit("s", "count", {}))
        number, failed = receive(connection)
        assert number == 1 and isinstance(failed, Failed) and failed.code == "internal"
        monkeypatch.undo()
        send(connection, 2, Submit("s", "count", to_json(CountSettings())))
        assert receive(connection)[0] == 2
