# SPDX-License-Identifier: GPL-3.0-or-later
"""A worker and a client on a private network that fails silently: `unshare --net python half_open.py returns FOLDER`."""

import fcntl
import logging
import socket
import struct
import sys
import time
from pathlib import Path

from tests.worker.small_worker import COUNT, TOKEN, CountSettings, serving
from tests.worker.waiting import until
from tttlrm_blender.client import Client
from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.protocol import alive
from tttlrm_blender.protocol.messages import Progress

SHORT = {"TCP_KEEPIDLE": 1, "TCP_KEEPINTVL": 1, "TCP_KEEPCNT": 2}
EVENTS: list[str] = []  # of the worker's log
BUSY = {"returns": CountSettings(steps=20, seconds=0.1), "stays away": CountSettings(steps=60, seconds=0.1)}
GET_FLAGS, SET_FLAGS, UP = 0x8913, 0x8914, 1  # of <linux/sockios.h> and <net/if.h>


def network(up: bool) -> None:
    """Make the loopback interface pass or drop packets."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        name, flags = struct.unpack("16sh", fcntl.ioctl(any_socket, GET_FLAGS, struct.pack("16sh", b"lo", 0)))
        fcntl.ioctl(any_socket, SET_FLAGS, struct.pack("16sh", name, flags | UP if up else flags & ~UP))


class Log(logging.Handler):
    """Remembers the names of events."""

    def emit(self, record: logging.LogRecord) -> None:
        """Called with each."""
        EVENTS.append(record.getMessage())


def main(what: str, folder: Path) -> None:
    """Let the network fail in the middle of a job, for a while or until both sides have noticed."""
    logging.basicConfig(level=logging.INFO, handlers=[Log()])
    network(up=True)
    if what == "stays away":
        alive.OF_WORKERS.update(SHORT)
        alive.OF_CLIENTS.update(SHORT)
    with serving(folder) as port:
        with Client("127.0.0.1", port, TOKEN) as client, Client("127.0.0.1", port, TOKEN):  # and a silent one
            client.upload("s", {"a": b"1"})
            job = client.submit("s", COUNT, BUSY[what])
            next(event for event in job.events() if isinstance(event, Progress))
            time.sleep(0.5)  # until all has arrived that went to the silent client
            network(up=False)
            if what == "returns":
                time.sleep(1)
                network(up=True)
                print("gave", job.result().jobs, client.connected)
            else:
                try:
                    job.result()
                except TttlrmError as error:
                    print("gave", error.code)
                until(lambda: "client_left" in EVENTS)  # the silent one; what is being sent is tried for longer
                network(up=True)
        with Client("127.0.0.1", port, TOKEN) as client:
            print("then", client.submit("s", COUNT, CountSettings()).result().jobs)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
