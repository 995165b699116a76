# SPDX-License-Identifier: GPL-3.0-or-later
"""Many concurrent clients of one worker, some of which misbehave; soak/clients.py runs more of them for longer.

The worker is a process with the small jobs of the tests: the server, its line and its connections are the product's own,
and results are known. Good clients upload files, submit jobs and compare what comes back with what should. Bad ones, each in
its own way, go on until the good ones are done.
"""

from __future__ import annotations

import json
import random
import socket
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from tests.worker.small_worker import COUNT, CountSettings
from tttlrm_blender.client import Client, WorkerProcess, launch_worker
from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.protocol.frames import MAX_FRAME
from tttlrm_blender.protocol.messages import Hello, Message, Submit, Upload, encode
from tttlrm_blender.protocol.settings_json import to_json

SMALL = (str(Path(__file__).with_name("small_worker.py")),)
PATIENCE = 60.0  # seconds for the worker to be idle in the end


@dataclass
class Figures:
    """The outcome of a run."""

    right: int = 0  # results that good clients got
    wrong: list[str] = field(default_factory=list)  # what they got instead of others
    seconds: list[float] = field(default_factory=list)  # from a request to its result
    bad: Counter[str] = field(default_factory=Counter)  # times that each kind of bad client did its deed
    health: dict[str, Any] = field(default_factory=dict)  # of the worker in the end


def measured(clients: int, bad: int, jobs: int) -> Figures:
    """Run clients against a worker of their own; `bad` of them misbehave, the others do some jobs each."""
    figures, lock, over = Figures(), threading.Lock(), threading.Event()
    with launch_worker(program=SMALL) as worker, ThreadPoolExecutor(clients) as pool:
        deeds = [DEEDS[number % len(DEEDS)] for number in range(bad)]
        bad_ones = [pool.submit(_misbehave, worker, deed, over, figures, lock) for deed in deeds]
        good_ones = [pool.submit(_behave, worker, number, jobs, figures, lock) for number in range(clients - bad)]
        try:
            for client in good_ones:
                client.result()
        finally:
            over.set()
        for client in bad_ones:
            client.result()
        figures.health = _idle(worker)
    return figures


def _behave(worker: WorkerProcess, number: int, jobs: int, figures: Figures, lock: threading.Lock) -> None:
    name = f"scene {number}"
    try:
        with worker.connect(timeout=60) as client:
            for job in range(jobs):
                started = time.perf_counter()
                _one_job(client, name, number, job)
                with lock:
                    figures.right += 1
                    figures.seconds.append(time.perf_counter() - started)
            client.forget(name)
    except (TttlrmError, AssertionError) as error:
        with lock:
            figures.wrong.append(f"{name}: {type(error).__name__} {error}")


def _one_job(client: Client, name: str, number: int, job: int) -> None:
    """Upload a file, count rows; all must be this client's own."""
    rows = 1 + 1000 * number + job
    settings = CountSettings(steps=3, seconds=0.002, rows=rows)
    result = client.submit(name, COUNT, settings, files={f"{job}.jpg": bytes(number * 1000 + job)}, previews=True).result()
    assert result.files == {f"{earlier}.jpg": number * 1000 + earlier for earlier in range(job + 1)}, "other files"
    assert result.jobs == job + 1, "other jobs"
    assert np.array_equal(result.rows.reshape(-1), np.arange(rows * 3, dtype=np.float32)), "other rows"


def _misbehave(
    worker: WorkerProcess,
    deed: Callable[[WorkerProcess, random.Random], None],
    over: threading.Event,
    figures: Figures,
    lock: threading.Lock,
) -> None:
    chance = random.Random(deed.__name__)
    while not over.is_set():
        with suppress(OSError, WebSocketException):  # the worker ends the connections of most
            deed(worker, chance)
        with lock:
            figures.bad[deed.__name__.replace("_", " ")] += 1
        over.wait(0.05)


def silent(worker: WorkerProcess, chance: random.Random) -> None:
    """Connects and says nothing for a while, not even a greeting."""
    with socket.create_connection((worker.host, worker.port)), connect(_address(worker)):
        time.sleep(0.5)


def deaf(worker: WorkerProcess, chance: random.Random) -> None:
    """Asks for large results and reads none."""
    with _greeted(worker, max_queue=1) as connection:
        _send(connection, 1, _part("deaf", "a"))
        for number in range(2, 8):
            _send(connection, number, Submit("deaf", "count", to_json(CountSettings(steps=1, rows=500_000))))
        time.sleep(1.0)


def garbage(worker: WorkerProcess, chance: random.Random) -> None:
    """Sends noise, before and after the greeting."""
    for begin in (lambda: connect(_address(worker)), lambda: _greeted(worker)):
        with suppress(WebSocketException), begin() as connection:
            for _ in range(10):
                noise = chance.randbytes(chance.randrange(2000))
                connection.send(chance.choice((noise, noise.decode("latin-1"))))
    with socket.create_connection((worker.host, worker.port)) as plain:
        plain.sendall(chance.randbytes(5000))


def huge(worker: WorkerProcess, chance: random.Random) -> None:
    """Sends frames over the limit."""
    with _greeted(worker) as connection:
        connection.send(chance.choice((b"x", "x")) * (MAX_FRAME + 1))
        connection.recv(60)


def gone_in_mid_upload(worker: WorkerProcess, chance: random.Random) -> None:
    """Sends half a file and cuts the line."""
    with _greeted(worker) as connection:
        _send(connection, 1, Upload("half", "a", 2000, 0, np.zeros(1000, np.uint8)))
        connection.socket.shutdown(socket.SHUT_RDWR)


def gone_in_mid_job(worker: WorkerProcess, chance: random.Random) -> None:
    """Submits jobs and cuts the line."""
    with _greeted(worker) as connection:
        _send(connection, 1, _part("gone", "a"))
        for number in (2, 3):
            _send(connection, number, Submit("gone", "count", to_json(CountSettings(steps=5, seconds=0.01))))
        time.sleep(0.02)
        connection.socket.shutdown(socket.SHUT_RDWR)


def endless(worker: WorkerProcess, chance: random.Random) -> None:
    """Asks for more jobs than the line takes."""
    with _greeted(worker) as connection:
        _send(connection, 1, _part("endless", "a"))
        for number in range(2, 200):
            _send(connection, number, Submit("endless", "count", to_json(CountSettings(steps=1))))
        connection.recv(60)


def dripping(worker: WorkerProcess, chance: random.Random) -> None:
    """Sends a request byte by byte, and stops in the middle of a frame."""
    with socket.create_connection((worker.host, worker.port)) as plain:
        for byte in b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n":
            plain.sendall(bytes([byte]))
            time.sleep(0.01)
    with _greeted(worker) as connection:
        connection.socket.sendall(b"\x82\xfe\xff\xff1234half")  # the head of a binary frame of 65535 bytes
        time.sleep(0.5)


DEEDS = (deaf, garbage, gone_in_mid_job, huge, silent, gone_in_mid_upload, endless, dripping)


def _address(worker: WorkerProcess) -> str:
    return f"ws://{worker.host}:{worker.port}/"


@contextmanager
def _greeted(worker: WorkerProcess, **options: Any) -> Iterator[ClientConnection]:
    with connect(_address(worker), compression=None, max_size=MAX_FRAME, close_timeout=0.5, **options) as connection:
        _send(connection, 0, Hello(token=worker.token))
        connection.recv(60)
        yield connection


def _part(session: str, path: str) -> Upload:
    return Upload(session, path, 0, 0, np.zeros(0, np.uint8))


def _send(connection: ClientConnection, number: int, message: Message) -> None:
    for frame in encode(number, message):
        connection.send(frame)


def _idle(worker: WorkerProcess) -> dict[str, Any]:
    """The worker's health once it is idle, or after a timeout."""
    deadline = time.monotonic() + PATIENCE
    while True:
        with urllib.request.urlopen(f"http://{worker.host}:{worker.port}/health", timeout=60) as answer:
            told = json.load(answer)
        idle = not told["waiting"] and not told["running"] and not told["connections"]
        if idle or time.monotonic() > deadline:
            return told | {"idle": idle}
        time.sleep(0.05)
