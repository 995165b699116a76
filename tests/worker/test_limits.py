# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients that request too much, send nothing, or do not read; and health checks."""

import contextlib
import json
import re
import socket
import urllib.error
import urllib.request
from argparse import ArgumentTypeError
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.worker.photo_folder import write_checkpoint, write_photos
from tests.worker.small_worker import COUNT, LONG, TOKEN, CountSettings, serving
from tests.worker.test_server import assert_alive, greeted, receive, send
from tests.worker.waiting import health, until
from tttlrm_blender import __version__
from tttlrm_blender.client import Client
from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.pipeline.jobs import JOBS
from tttlrm_blender.pipeline.store import open_scene
from tttlrm_blender.protocol import kinds
from tttlrm_blender.protocol.alive import OF_WORKERS, keep_alive
from tttlrm_blender.protocol.frames import MAX_FRAME
from tttlrm_blender.protocol.messages import PROTOCOL, Decoder, Done, Failed, Forget, Queued, Submit, Upload
from tttlrm_blender.protocol.settings import DRAFT, DecodeSettings, ReconstructSettings
from tttlrm_blender.protocol.settings_json import to_json
from tttlrm_blender.worker.limits import Limits, limit


@contextlib.contextmanager
def limited(folder, **limits):
    """A client of a server with small limits; and its port."""
    with serving(folder, Limits(**limits)) as port, Client("127.0.0.1", port, TOKEN) as client:
        yield client, port


def part(path: str, size: int = 0, data: bytes = b"") -> Upload:
    """An upload, or its first bytes."""
    return Upload("s", path, size, 0, np.frombuffer(data, np.uint8))


def test_the_queue_has_a_length(tmp_path):
    with limited(tmp_path, session_jobs=2, jobs=3) as (client, _):
        client.upload("a", {"f": b"1"})
        client.upload("b", {"f": b"1"})
        running = client.submit("a", COUNT, LONG)
        next(event for event in running.events() if not isinstance(event, Queued))
        waiting = [client.submit(scene, COUNT, CountSettings()) for scene in ("a", "a", "b")]
        for scene, words in (("a", "The worker has 3 jobs waiting"), ("b", "The worker has 3 jobs waiting")):
            with pytest.raises(TttlrmError, match=words) as caught:
                client.submit(scene, COUNT, CountSettings()).result()
            assert caught.value.code == "queue_full"
        waiting.pop().cancel()
        with pytest.raises(TttlrmError, match="The scene has 2 jobs waiting"):
            client.submit("a", COUNT, CountSettings()).result()
        running.cancel()
        assert all(job.result() for job in waiting)


def test_scenes_have_a_number_and_short_names(tmp_path):
    with limited(tmp_path, sessions=2, name=5) as (client, _):
        client.upload("a", {"f": b"1"})
        client.upload("b", {"f": b"1"})
        with pytest.raises(TttlrmError, match="stores 2 scenes") as caught:
            client.upload("c", {"f": b"1"})
        assert caught.value.code == "too_many_scenes"
        with pytest.raises(TttlrmError) as caught:
            client.upload("too long", {"f": b"1"})
        assert caught.value.code == "bad_name"
        client.forget("a")
        client.upload("c", {"f": b"1"})
        with pytest.raises(TttlrmError):
            client.upload("d", {"f": b"1"})
        client.submit("c", COUNT, CountSettings()).result()  # which drops the other one
        client.upload("d", {"f": b"1"})


def test_connections_have_a_number(tmp_path):
    with limited(tmp_path, connections=2) as (first, port):
        with Client("127.0.0.1", port, TOKEN):
            with pytest.raises(TttlrmError, match="has 2 connections") as caught:
                Client("127.0.0.1", port, TOKEN)
            assert caught.value.code == "too_many_connections"
        until(lambda: health(port)["connections"] == 1)
        assert_alive(port)
        assert first.connected


def test_files_on_their_way_have_a_number(tmp_path):
    with serving(tmp_path, Limits(uploads=2)) as port, greeted(port) as connection:
        for number, path in enumerate("abc"):
            send(connection, number, part(path, 4, b"12"))
        number, event = receive(connection)
        assert number == 2 and event.code == "too_many_uploads"
        send(connection, 0, Upload("s", "a", 4, 2, np.zeros(2, np.uint8)))
        assert receive(connection) == (0, Done())
        send(connection, 3, part("c"))
        assert receive(connection) == (3, Done())


@pytest.mark.slow
def test_a_connection_that_says_nothing_is_dropped(tmp_path):
    with limited(tmp_path, greeting_seconds=1.0) as (client, port):
        with socket.create_connection(("127.0.0.1", port)) as plain:  # not even a request
            assert plain.recv(100) == b""
        with socket.create_connection(("127.0.0.1", port)) as plain:
            plain.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n")  # half of one
            assert plain.recv(100) == b""
        with connect(f"ws://127.0.0.1:{port}/") as silent:
            assert receive(silent)[1].code == "bad_message"
            with pytest.raises(ConnectionClosed):
                silent.recv(10)
        assert client.connected
        assert_alive(port)


def test_strangers_do_not_take_the_places_of_clients(tmp_path):
    with limited(tmp_path, connections=2) as (_, port), contextlib.ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(connect(f"ws://127.0.0.1:{port}/", close_timeout=0.1))
        until(lambda: refused_at_once(port))
        assert health(port)["connections"] == 1
    with limited(tmp_path, connections=2) as (_, port), connect(f"ws://127.0.0.1:{port}/", close_timeout=0.1):
        assert_alive(port)


def refused_at_once(port: int) -> bool:
    """Whether one more stranger is refused, and told why."""
    try:
        with connect(f"ws://127.0.0.1:{port}/", close_timeout=0.1) as stranger:
            return Decoder(0).feed(stranger.recv(0.2))[1].code == "too_many_connections"
    except TimeoutError:
        return False


@pytest.mark.slow
def test_many_who_say_nothing_shut_nobody_out(tmp_path):
    with serving(tmp_path) as port, contextlib.ExitStack() as stack:
        silent = [stack.enter_context(connect(f"ws://127.0.0.1:{port}/", close_timeout=0.1)) for _ in range(64)]
        said = []
        until(lambda: let_in(port, said))
        assert set(said) <= {"too_many_connections"}
        assert receive(silent[0])[1].code == "too_many_connections"


def test_the_worker_keeps_descriptors_for_its_jobs(tmp_path):
    with limited(tmp_path, connections=2) as (client, port), contextlib.ExitStack() as stack:
        silent = [stack.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(20)]
        for late in silent[7:]:  # the client has a place, too
            late.settimeout(60)
            with contextlib.suppress(ConnectionResetError):
                assert late.recv(1) == b""
        client.upload("s", {"a": b"1"})
        assert client.submit("s", COUNT, CountSettings()).result().files == {"a": 1}
        stack.close()
        until(lambda: let_in(port, []))


def let_in(port: int, said: list[str]) -> bool:
    """Whether a client gets in; the code of its error, if not, is added to what was said."""
    try:
        Client("127.0.0.1", port, TOKEN).close()
    except TttlrmError as error:
        said.append(error.code)
        return False
    return True


@pytest.mark.parametrize("size", [100_000, 1 << 20, MAX_FRAME - 100])
@pytest.mark.parametrize("kind", [str, bytes])
def test_strangers_send_little(tmp_path, kind, size):
    with limited(tmp_path) as (client, port), connect(f"ws://127.0.0.1:{port}/", close_timeout=0.1, compression=None) as stranger:
        with pytest.raises(ConnectionClosed):
            stranger.send("x" * size if kind is str else b"x" * size)
            while Decoder(0).feed(stranger.recv(10))[1].code == "bad_message":
                pass
        client.upload("s", {"a": bytes(9 << 20)})
        assert_alive(port)


HOSTS = ["127.0.0.1:{}@evil", "127.0.0.1:{}@evil:80", "evil@127.0.0.1:{}", "127.0.0.1:evil", "127.0.0.1:", "127.0.0.1:80:80"]
HOSTS += ["localhost.evil:{}", "127.0.0.1:{}/x", "127.0.0.1.evil:{}", "127.0.0.2:{}x", "[::1]:{}@x", "127.0.0.1:٣", "evil"]


@pytest.mark.parametrize("host", HOSTS)
def test_only_names_of_this_machine_are_its_names(port, host):
    assert answer_of(port, "GET", host.format(port)) in (400, 403)


@pytest.mark.parametrize(
    ("verb", "path", "status"),
    [("GET", "/health", 200), ("HEAD", "/health", 200), ("GET", "/", 426), ("GET", "/health/", 426)]
    + [(verb, "/health", 405) for verb in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "get", "X")]
    + [("POST", "/", 405), ("HEAD", "/", 405)],
)
def test_health_is_only_read(port, verb, path, status):
    allowed = {status} if verb == "GET" else {status, 400}  # websockets up to 15 answers nothing else than GET
    assert answer_of(port, verb, f"127.0.0.1:{port}", path) in allowed


def answer_of(port: int, verb: str, host: str, path: str = "/health") -> int:
    """The status of the answer to a request without a body, nor may the answer to HEAD have one."""
    with socket.create_connection(("127.0.0.1", port)) as plain:
        plain.sendall(f"{verb} {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        answer = b"".join(iter(lambda: plain.recv(1000), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert verb != "HEAD" or not body or b" 405 " in head
    return int(head.split()[1]) if head else 400


def test_a_client_that_asks_and_does_not_read_is_not_heard_any_more(tmp_path):
    with limited(tmp_path, unread_events=10) as (_, port), greeted(port, max_queue=1, close_timeout=0.2) as deaf:
        try:
            for number in range(100_000):  # each is answered; the answers of a few fill all buffers on the way
                deaf.socket.settimeout(0.3)
                send(deaf, number, Forget("x" * 1000))
                send(deaf, number, Submit("s", "x" * 20_000, {}))
        except (TimeoutError, ConnectionClosed):
            pass
        else:
            raise AssertionError("the worker heard everything")
        assert_alive(port)


def test_results_that_nobody_reads_fail_and_jobs_go_on(tmp_path):
    options = {"max_queue": 1, "max_size": MAX_FRAME, "close_timeout": 0.2}
    with limited(tmp_path, unread_bytes=1 << 20) as (_, port), greeted(port, **options) as deaf:
        send(deaf, 1, part("a"))
        for number in range(2, 12):
            send(deaf, number, Submit("s", "count", to_json(CountSettings(rows=2_000_000))))  # 24 MB
        until(lambda: health(port)["connections"] == 2 and not health(port)["running"] and not health(port)["waiting"], 60)
        assert_alive(port)
        ends = {}
        frames = (frame for frame in iter(lambda: deaf.recv(10), None) if isinstance(frame, str))
        while len(ends) < 8:
            event = json.loads(next(frames))
            if event["type"] in ("failed", "done"):
                ends[event["request"]] = event.get("code", event["type"])
        assert set(ends.values()) == {"done", "unread"}


def test_health_tells_what_goes_on_without_a_token(tmp_path):
    with limited(tmp_path) as (client, port):
        told = health(port)
        assert told.pop("seconds_up") > 0
        assert told == {
            "status": "serving",
            "version": __version__,
            "protocol": PROTOCOL,
            "waiting": 0,
            "running": False,
            "sessions": 0,
            "connections": 1,
        }
        client.upload("my secret scene", {"f": b"1"})
        jobs = [client.submit("my secret scene", COUNT, LONG) for _ in range(3)]
        until(lambda: health(port)["running"])
        told = health(port)
        assert (told["waiting"], told["sessions"]) == (2, 1)
        assert "secret" not in json.dumps(told) and TOKEN not in json.dumps(told)
        for job in jobs:
            job.cancel()
        until(lambda: not health(port)["running"])


@pytest.mark.parametrize(("path", "headers"), [("/health", {"Host": "evil.example.com"}), ("/health", {"Origin": "http://a.b"})])
def test_browsers_do_not_get_at_it(port, path, headers):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers)
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=60)
    assert caught.value.code == 403
    caught.value.close()


def test_clients_hear_how_their_jobs_end_when_the_worker_stops(tmp_path):
    with serving(tmp_path) as port:
        connection = greeted(port)
        send(connection, 1, part("a"))
        for number in (2, 3):
            send(connection, number, Submit("s", "count", to_json(LONG)))
        until(lambda: health(port)["waiting"] == 1)
    ends = []
    with pytest.raises(ConnectionClosed):
        while True:
            number, event = receive(connection)
            ends += [(number, type(event).__name__)] if not isinstance(event, Queued | Failed) else []
    assert (2, "Cancelled") in ends and (3, "Cancelled") in ends
    connection.close()


def test_the_system_is_asked_to_notice_machines_that_are_gone():
    with socket.socket() as plain:
        keep_alive(plain, OF_WORKERS)
        assert plain.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert not hasattr(socket, "TCP_KEEPIDLE") or plain.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 60


def test_limits_are_read_from_the_command_line():
    assert limit("jobs=3") == ("jobs", 3) and limit("greeting_seconds=2.5") == ("greeting_seconds", 2.5)


@pytest.mark.parametrize(
    "text", ["jobs", "jobs=", "jobs=many", "jobs=0", "jobs=-1", "jobs=1.5", "greeting_seconds=inf", "dogs=1"]
)
def test_limits_that_make_no_sense_are_refused(text):
    with pytest.raises(ArgumentTypeError):
        limit(text)


def test_the_page_on_operating_a_worker_lists_every_limit():
    page = (Path(__file__).resolve().parents[2] / "docs" / "worker.md").read_text()
    told = dict(re.findall(r"^\| `(\w+)` \| ([\d,.]+(?: [GM]iB)?) \|", page, re.MULTILINE))
    units = {"GiB": 1 << 30, "MiB": 1 << 20}
    for name, text in told.items():
        number, _, unit = text.replace(",", "").partition(" ")
        told[name] = float(number) * units.get(unit, 1)
    assert told == {field.name: field.default for field in fields(Limits)}


def test_an_idle_worker_frees_memory_and_reads_scenes_again(tmp_path, caplog):
    caplog.set_level("INFO")
    photos = write_photos(tmp_path / "photos")
    settings = ReconstructSettings(checkpoint=str(write_checkpoint(tmp_path / "small.safetensors")), refine=DRAFT)
    files = {path.relative_to(photos).as_posix(): path for path in photos.rglob("*") if path.is_file()}
    limits = Limits(idle_seconds=0.2)
    (tmp_path / "scenes").mkdir()
    with (
        serving(tmp_path / "scenes", limits, jobs=JOBS, make_scene=open_scene, any_file=True) as port,
        Client("127.0.0.1", port, TOKEN) as client,
    ):
        client.submit("s", kinds.RECONSTRUCT, settings, files).result()
        same = client.submit("s", kinds.DECODE, DecodeSettings(keep=0.5)).result()
        until(lambda: "memory_released" in caplog.text.rpartition("job_ended")[2])
        again = client.submit("s", kinds.DECODE, DecodeSettings(keep=0.5)).result()
    assert all(np.array_equal(array, again.gaussians.arrays()[name]) for name, array in same.gaussians.arrays().items())
