# SPDX-License-Identifier: GPL-3.0-or-later
"""What a slow client gets."""

import asyncio

import numpy as np

from tttlrm_blender.protocol.messages import Decoder, Done, Failed, Preview, Progress, Queued
from tttlrm_blender.worker.limits import Limits
from tttlrm_blender.worker.outbox import Outbox


class Socket:
    """Collects what is sent."""

    def __init__(self) -> None:
        self.frames: list[str | bytes] = []

    async def send(self, frame: str | bytes) -> None:
        """Take a frame."""
        self.frames.append(frame)


def sent(outbox: Outbox) -> list:
    """Numbers and events that a client gets now."""

    async def send() -> list[str | bytes]:
        socket = Socket()
        sender = asyncio.create_task(outbox.send_to(socket))
        for _ in range(100):
            await asyncio.sleep(0)
        sender.cancel()
        return socket.frames

    decoder = Decoder(1 << 20)
    return [received for frame in asyncio.run(send()) if (received := decoder.feed(frame))]


def test_the_newest_progress_and_preview_win_and_nothing_else_is_lost():
    outbox = Outbox(Limits())
    outbox.put(1, Queued(1))
    outbox.put(1, Progress("load", 0.5))
    for step in range(100):
        outbox.put(1, Progress("refine", step / 100))
        outbox.put(1, Preview({"number": np.array([step])}))
        outbox.put(2, Progress("refine", 0.5))
    outbox.put(1, Done({"splats": 1}))
    events = sent(outbox)
    assert [(number, type(event).__name__) for number, event in events] == [
        (1, "Queued"),
        (1, "Progress"),
        (1, "Progress"),
        (1, "Preview"),
        (2, "Progress"),
        (1, "Done"),
    ]
    assert events[2][1] == Progress("refine", 0.99) and events[3][1].arrays["number"] == 99


def test_a_result_too_large_to_send_fails_its_request():
    outbox = Outbox(Limits())
    outbox.put(1, Done({"text": "x" * (4 << 20)}, {"a": np.zeros(1)}))
    outbox.put(2, Done())
    first, second = sent(outbox)
    assert first[0] == 1 and isinstance(first[1], Failed) and second == (2, Done())


def test_a_closed_outbox_keeps_nothing():
    outbox = Outbox(Limits())
    outbox.close()
    outbox.put(1, Done())
    assert sent(outbox) == []
