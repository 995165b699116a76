# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines that carry little, and workers that stand still: time-outs are for silence before the greeting, not for work."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from tests.worker.small_worker import COUNT, TOKEN, CountSettings, serving
from tests.worker.waiting import until
from tttlrm_blender.client import Client, connection
from tttlrm_blender.client.reach import reach
from tttlrm_blender.errors import TttlrmError

TIMEOUT = 2.0  # seconds to connect; everything else takes longer in these tests
PIECE = 1 << 16


class Line:
    """A proxy on this machine that can be blocked, in the direction of the worker."""

    def __init__(self, worker: int) -> None:
        self._worker, self.free, self.carried = worker, threading.Event(), 0
        self.free.set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, PIECE)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                here, _ = self._listener.accept()
                there = socket.create_connection(("127.0.0.1", self._worker))
                threading.Thread(target=self._carry, args=(here, there, self.free), daemon=True).start()
                threading.Thread(target=self._carry, args=(there, here, threading.Event()), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, free: threading.Event) -> None:
        with contextlib.suppress(OSError), source, target:
            while data := source.recv(PIECE):
                if free is self.free:
                    free.wait()
                    self.carried += len(data)
                target.sendall(data)

    def close(self) -> None:
        self.free.set()
        self._listener.close()


@pytest.fixture
def line(tmp_path) -> Iterator[Line]:
    """A line to a worker."""
    with serving(tmp_path) as port, contextlib.closing(Line(port)) as line:
        yield line


def longer_than_the_timeout() -> None:
    """Wait for the clock, by which the mistake would be made."""
    due = time.monotonic() + 1.5 * TIMEOUT
    until(lambda: time.monotonic() > due)


def test_a_connection_has_no_time_out(port):
    with reach("127.0.0.1", port, TIMEOUT) as opened:
        assert opened.socket.gettimeout() is None


def test_silence_before_the_greeting_has_one():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        for attempt in (reach, lambda *where: Client(*where[:2], TOKEN, where[2])):
            with pytest.raises(TttlrmError) as caught:
                attempt("127.0.0.1", silent.getsockname()[1], 0.2)
            assert caught.value.code == "no_worker"


@pytest.mark.slow
def test_a_frame_takes_as_long_as_it_takes(line):
    """And so does the answer to a client that has nothing to do."""
    with Client("127.0.0.1", line.port, TOKEN, TIMEOUT) as client, Client("127.0.0.1", line.port, TOKEN, TIMEOUT) as idle:
        line.free.clear()
        job = client.submit("s", COUNT, CountSettings(), files={"large": bytes(20 << 20)})
        longer_than_the_timeout()
        assert client.connected and idle.connected and line.carried < 8 << 20
        line.free.set()
        assert job.result().files == {"large": 20 << 20}
        assert idle.submit("s", COUNT, CountSettings()).result().jobs == 2


def test_a_client_can_leave_in_the_middle_of_a_frame(line, monkeypatch):
    monkeypatch.setattr(connection, "CLOSE_SECONDS", 0.2)
    client = Client("127.0.0.1", line.port, TOKEN)
    line.free.clear()
    job = client.submit("s", COUNT, CountSettings(), files={"large": bytes(20 << 20)})
    before = line.carried
    until(lambda: line.carried == before)
    client.close()
    with pytest.raises(TttlrmError, match="closed"):
        job.result()
