# SPDX-License-Identifier: GPL-3.0-or-later
"""The client with a real server: jobs, events, uploads, errors."""

import re
import socket
import threading
import time
from dataclasses import replace

import numpy as np
import pytest
from websockets.exceptions import ConnectionClosedError, InvalidMessage
from websockets.sync.server import serve

from tests.worker.small_worker import BREAK, COUNT, LONG, TOKEN, BreakResult, BreakSettings, CountSettings, serving, splats
from tttlrm_blender import __version__, errors
from tttlrm_blender.client import Client, connection
from tttlrm_blender.errors import TttlrmError, text
from tttlrm_blender.protocol.frames import RUN_BYTES
from tttlrm_blender.protocol.messages import PROTOCOL, Cancelled, Done, Failed, Hello, Note, Preview, Progress, Queued, encode
from tttlrm_blender.protocol.start import Start
from tttlrm_blender.worker.limits import Limits
from tttlrm_blender.worker.session import STARTS


@pytest.fixture
def client(port):
    """A connection with a scene "s"."""
    with Client("127.0.0.1", port, TOKEN) as client:
        client.upload("s", {"images/a.jpg": b"123"})
        yield client


def test_a_job_from_files_to_arrays(client, tmp_path):
    (tmp_path / "b.jpg").write_bytes(b"12345")
    heard = []
    files = {"images/b.jpg": tmp_path / "b.jpg", "empty": b""}
    job = client.submit("s", COUNT, CountSettings(), files, previews=True)
    result = job.result(heard.append)
    assert result.files == {"images/a.jpg": 3, "images/b.jpg": 5, "empty": 0} and result.jobs == 1
    assert np.array_equal(result.rows, np.arange(9, dtype=np.float32).reshape(3, 3))
    assert result.none.shape == (0, 3) and result.none.dtype == np.int32
    stages = [event.stage for event in heard if isinstance(event, Progress)]
    assert stages[0] == "upload" and stages[-1] == "count"
    assert {Queued, Preview, Progress, Done} == {type(event) for event in heard}


def test_arrays_and_files_of_many_frames_arrive_whole(client):
    rows = RUN_BYTES // 12 * 2 + 7
    job = client.submit("s", COUNT, CountSettings(rows=rows), files={"large": bytes(2 * RUN_BYTES + 3)})
    result = job.result()
    assert result.files["large"] == 2 * RUN_BYTES + 3
    assert np.array_equal(result.rows.reshape(-1), np.arange(rows * 3, dtype=np.float32))


def test_splats_that_the_worker_has_are_not_sent_again(client, monkeypatch):
    sent, uploads = [], connection.uploads
    monkeypatch.setattr(connection, "uploads", lambda session, path, source: sent.append(path) or uploads(session, path, source))

    def job_on(number: int, refined: bool = False) -> list[str]:
        """The files that were sent for a job on so many splats."""
        sent.clear()
        result = client.submit("s", COUNT, CountSettings(), start=Start(splats(number), refined)).result()
        assert Start(splats(number), refined).path in result.files
        return list(sent)

    assert job_on(1) == [Start(splats(1)).path] and job_on(1) == []
    assert len(job_on(1, refined=True)) == 1, "which says something else of them"
    for number in range(2, STARTS + 1):
        assert len(job_on(number)) == 1 and job_on(1) == [], "it is used all the time"
    for number in range(STARTS + 1, 2 * STARTS + 1):
        job_on(number)
    assert job_on(1) == [Start(splats(1)).path], "it was forgotten for newer ones"


def test_splats_of_a_scene_that_is_gone_are_an_error(client):
    with pytest.raises(TttlrmError) as caught:
        client.submit("nobody", COUNT, CountSettings(), start=Start(splats(1))).result()
    assert caught.value.code == "no_scene"


def test_poll_never_waits(client):
    job = client.submit("s", COUNT, LONG)
    events, deadline = [], time.monotonic() + 60
    while not any(isinstance(event, Progress) for event in events) and time.monotonic() < deadline:
        events += job.poll()
    assert not job.ended
    job.cancel()
    while not job.ended and time.monotonic() < deadline:
        pass
    assert isinstance((events + job.poll())[-1], Cancelled) and job.poll() == []


def test_cancelling_a_running_job_and_one_in_line(client):
    running, waiting = client.submit("s", COUNT, LONG), client.submit("s", COUNT, LONG)
    assert next(event.position for event in waiting.events() if isinstance(event, Queued)) == 1
    for job in (waiting, running):
        job.cancel()
        with pytest.raises(errors.Cancelled):
            job.result()
    assert client.submit("s", COUNT, CountSettings()).result().jobs == 2


def test_cancelling_during_the_upload(client):
    job = client.submit("s", COUNT, LONG, files={str(number): bytes(RUN_BYTES) for number in range(20)})
    job.cancel()
    with pytest.raises(errors.Cancelled):
        job.result()


BREAKS = {"error": "bad_photo", "memory": "out_of_memory", "nan": "internal", "exit": "internal", "divide": "internal"}


@pytest.mark.parametrize(("how", "code"), BREAKS.items())
def test_a_broken_job_is_one_clear_error_and_the_worker_goes_on(client, how, code):
    with pytest.raises(TttlrmError) as caught:
        client.submit("s", BREAK, BreakSettings(how)).result()
    assert caught.value.code == code
    assert client.submit("s", COUNT, CountSettings()).result().rows.shape == (3, 3)


def test_errors_and_notes_name_files_as_they_were_uploaded(client):
    events = []
    with pytest.raises(
        TttlrmError, match=r"^The photo images/a\.jpg in the scene is broken\. Look at images/a\.jpg: it lies in images\.$"
    ):
        client.submit("s", BREAK, BreakSettings("file")).result(events.append)
    assert Note(text("The photo {} is left out of {}.", "images/b.jpg", "kept")) in events


def test_requests_that_make_no_sense_fail_and_the_connection_lives(client):
    for session, kind, settings, code in [
        ("s", replace(COUNT, name="dance"), CountSettings(), "bad_job"),
        ("s", COUNT, BreakSettings(), "bad_settings"),
        ("s", COUNT, CountSettings(steps=-5), "bad_settings"),
        ("s", BREAK, BreakSettings("foo"), "bad_settings"),
        ("nobody", COUNT, CountSettings(), "no_scene"),
    ]:
        with pytest.raises(TttlrmError) as caught:
            client.submit(session, kind, settings).result()
        assert caught.value.code == code
    assert client.submit("s", COUNT, CountSettings()).result().jobs == 1


def test_a_result_of_another_type_is_refused_and_the_connection_lives(client):
    with pytest.raises(TttlrmError, match="BreakResult has no") as caught:
        client.submit("s", replace(COUNT, result=BreakResult), CountSettings()).result()
    assert caught.value.code == "bad_message"
    assert client.submit("s", COUNT, CountSettings()).result().jobs == 2


@pytest.mark.parametrize("path", ["../a", "/tmp/a", "a/../../b", "a\\b"])
def test_uploads_cannot_leave_the_scene(client, tmp_path, path):
    with pytest.raises(TttlrmError) as caught:
        client.upload("s", {path: b"1" * (3 * RUN_BYTES)})
    assert caught.value.code == "bad_path"
    assert client.submit("s", COUNT, CountSettings()).result().files == {"images/a.jpg": 3}


def test_a_file_too_large_is_refused_early(tmp_path):
    with serving(tmp_path, Limits(file_bytes=10)) as port, Client("127.0.0.1", port, TOKEN) as client:
        job = client.submit("s", COUNT, CountSettings(), files={"small": b"1", "large": bytes(3 * RUN_BYTES)})
        with pytest.raises(TttlrmError, match="large is too large"):
            job.result()
        assert client.submit("s", COUNT, CountSettings()).result().files == {"small": 1}


def test_a_file_that_is_not_there_is_named(client, tmp_path):
    with pytest.raises(TttlrmError, match=r"missing\.jpg cannot be read"):
        client.submit("s", COUNT, CountSettings(), files={"a": tmp_path / "missing.jpg"}).result()


def test_forgetting_stops_the_jobs_and_removes_the_files(client, tmp_path):
    client.upload("other", {"b.jpg": b"1"})
    jobs = [client.submit("s", COUNT, LONG) for _ in range(2)]
    client.forget("s")
    assert [list(job.events())[-1] for job in jobs] == [Cancelled(), Cancelled()]
    assert not list(tmp_path.rglob("a.jpg")) and list(tmp_path.rglob("b.jpg"))
    client.forget("s")
    with pytest.raises(TttlrmError, match="does not have this scene"):
        client.submit("s", COUNT, CountSettings()).result()


def test_two_clients_share_the_worker_and_the_scenes(client, port):
    with Client("127.0.0.1", port, TOKEN) as other:
        first = client.submit("s", COUNT, LONG)
        second = other.submit("s", COUNT, CountSettings())
        assert next(event.position for event in second.events() if isinstance(event, Queued)) == 1
        first.cancel()
        assert second.result().jobs == 2


def test_a_job_outlives_its_client(port):
    with Client("127.0.0.1", port, TOKEN) as first:
        first.upload("s", {"a": b"1"})
        job = first.submit("s", COUNT, CountSettings(steps=20, seconds=0.02))
        next(event for event in job.events() if isinstance(event, Progress))
    assert [event.code for event in job.poll() if isinstance(event, Failed)] == ["closed"]
    with pytest.raises(TttlrmError, match="was closed"):
        first.submit("s", COUNT, CountSettings())
    with Client("127.0.0.1", port, TOKEN) as second:
        assert second.submit("s", COUNT, CountSettings()).result().jobs == 2


def test_events_that_nobody_polls_do_not_pile_up(client, port):
    with Client("127.0.0.1", port, TOKEN) as other:
        silent = other.submit("s", COUNT, CountSettings(steps=30, seconds=0.01), previews=True)
        assert client.submit("s", COUNT, CountSettings()).result().jobs == 2
        assert len(silent.poll()) <= 4


def test_the_client_knows_when_the_worker_is_gone(tmp_path):
    with serving(tmp_path) as port:
        client = Client("127.0.0.1", port, TOKEN)
        client.upload("s", {"a": b"1"})
        job = client.submit("s", COUNT, LONG)
        next(event for event in job.events() if isinstance(event, Progress))
        assert client.connected
    with pytest.raises((TttlrmError, errors.Cancelled)):
        job.result()
    with pytest.raises(TttlrmError) as caught:
        client.submit("s", COUNT, LONG)
    assert caught.value.code == "worker_lost" and not client.connected
    client.close()


@pytest.mark.parametrize("token", ["", "wrong token"])
def test_a_wrong_token_is_said(port, token):
    with pytest.raises(TttlrmError) as caught:
        Client("127.0.0.1", port, token)
    assert caught.value.code == "wrong_token"


def test_no_worker_is_said():
    with pytest.raises(TttlrmError) as caught:
        Client("127.0.0.1", 1, TOKEN)
    assert caught.value.code == "no_worker"


def answering(*frames: str | bytes):
    """A server that answers a hello with some frames."""

    def handle(connection) -> None:
        connection.recv()
        for frame in frames:
            connection.send(frame)
        connection.recv()

    server = serve(handle, "127.0.0.1", 0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.mark.parametrize(
    ("frame", "code", "words"),
    [
        (next(encode(0, Hello(protocol=99, version="9.0"))), "version_mismatch", "Update tttLRM in Blender"),
        (next(encode(0, Hello(protocol=0, version="0.0.1"))), "version_mismatch", "Update tttLRM in the worker's Python"),
        (
            next(encode(0, Hello(PROTOCOL - 1, "0.1.0"))),
            "version_mismatch",
            rf"is tttLRM 0\.1\.0 .* is {re.escape(__version__)} ",
        ),
        (next(encode(0, Done())), "no_worker", "did not send a greeting"),
        ("garbage", "bad_message", "cannot be read"),
        (b"garbage", "bad_message", "cannot be read"),
    ],
)
def test_a_worker_that_speaks_otherwise_is_said(frame, code, words):
    server = answering(frame)
    try:
        with pytest.raises(TttlrmError, match=words) as caught:
            Client("127.0.0.1", server.socket.getsockname()[1], TOKEN)
    finally:
        server.shutdown()
    assert caught.value.code == code


@pytest.mark.parametrize("garbage", ["garbage", b"garbage"])
def test_garbage_from_the_worker_ends_the_jobs_with_an_error(garbage):
    server = answering(next(encode(0, Hello())), garbage)
    try:
        with (
            Client("127.0.0.1", server.socket.getsockname()[1], TOKEN) as client,
            pytest.raises(TttlrmError, match="cannot be read"),
        ):
            client.submit("s", COUNT, CountSettings()).result()
    finally:
        server.shutdown()


@pytest.mark.parametrize("error", [ConnectionClosedError(None, None), InvalidMessage("cut"), ConnectionResetError()])
def test_a_line_that_is_cut_during_the_handshake_is_a_sentence(monkeypatch, error):
    def cut(*_, **__):
        raise error

    monkeypatch.setattr("tttlrm_blender.client.reach.connect", cut)
    with socket.create_server(("127.0.0.1", 0)) as server, pytest.raises(TttlrmError) as caught:
        Client("127.0.0.1", server.getsockname()[1], "a token")
    assert caught.value.code == "no_worker"
