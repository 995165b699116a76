# SPDX-License-Identifier: GPL-3.0-or-later
"""Suspended processes, as on a sleeping laptop, lose nothing."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.worker.small_worker import COUNT, TOKEN, CountSettings
from tests.worker.waiting import health, until
from tttlrm_blender.client import launch_worker
from tttlrm_blender.protocol.messages import Progress

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals are sent otherwise there")

ROOT = Path(__file__).resolve().parents[2]
SMALL = (str(ROOT / "tests" / "worker" / "small_worker.py"),)
BUSY = CountSettings(steps=100, seconds=0.01, rows=100_000)
ASLEEP, TIMEOUT = 6.0, 4.0  # seconds: longer than connecting may take


@contextmanager
def suspended(pid: int) -> Iterator[None]:
    """Suspend the process in the block."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@pytest.mark.slow
def test_a_worker_that_stood_still_goes_on_with_everything():
    with launch_worker(program=SMALL) as worker, worker.connect(TIMEOUT) as client, worker.connect(TIMEOUT) as other:
        client.upload("s", {"a": b"1"})
        running, waiting = (client.submit("s", COUNT, BUSY, previews=True) for _ in range(2))
        next(event for event in running.events() if isinstance(event, Progress))
        with suspended(worker.process.pid):
            arriving = client.submit("t", COUNT, BUSY, files={"large": bytes(20 << 20)})
            forgotten = threading.Thread(target=other.forget, args=("u",))
            forgotten.start()
            time.sleep(ASLEEP)
        assert [job.result().jobs for job in (running, waiting, arriving)] == [1, 2, 1]
        forgotten.join(60)
        assert not forgotten.is_alive() and client.connected and other.connected


CLIENT = """
import sys
from tests.worker.small_worker import COUNT, CountSettings
from tttlrm_blender.client import Client
from tttlrm_blender.protocol.messages import Progress
with Client("127.0.0.1", int(sys.argv[1]), sys.argv[2], float(sys.argv[3])) as client:
    client.upload("s", {"a": b"1"})
    job = client.submit("s", COUNT, CountSettings(steps=100, seconds=0.01, rows=100_000), previews=True)
    next(event for event in job.events() if isinstance(event, Progress))
    print("at work", flush=True)
    print(job.result().rows.shape)
    again = client.submit("s", COUNT, CountSettings())
    print(again.result().jobs)
"""


@pytest.mark.slow
def test_a_client_that_stood_still_gets_all_that_it_has_missed(port):
    command = [sys.executable, "-c", CLIENT, str(port), TOKEN, str(TIMEOUT)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)}) as client:
        assert client.stdout.readline() == b"at work\n"
        with suspended(client.pid):
            until(lambda: not health(port)["running"], 60)
            time.sleep(ASLEEP)
            assert health(port)["connections"] == 1
        assert client.stdout.read() == b"(100000, 3)\n2\n"
        assert client.wait(60) == 0
