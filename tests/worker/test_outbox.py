# SPDX-License-Identifier: GPL-3.0-or-later
"""Events for slow clients."""

import asyncio

import numpy as np

from tests.worker.small_worker import splats
from tttlrm_blender.protocol.messages import Decoder, Done, Failed, Preview, Progress, Queued
from tttlrm_blender.worker.limits import Limits
from tttlrm_blender.worker.outbox import Outbox

SPLAT = sum(array.nbytes for array in splats(1).arrays().values())  # bytes


class Socket:
    """Collects what is sent."""

    def __init__(self) -> None:
        self.frames: list[str | bytes] = []

    async def send(self, frame: str | bytes) -> None:
        """Take a frame."""
        self.frames.append(frame)


def sent(outbox: Outbox, max_bytes: int = 1 << 20) -> list:
    """Numbers and events that a client gets now."""

    async def send() -> list[str | bytes]:
        socket = Socket()
        sender = asyncio.create_task(outbox.send_to(socket))
        for _ in range(100):
            await asyncio.sleep(0)
        sender.cancel()
        return socket.frames

    decoder = Decoder(max_bytes)
    return [received for frame in asyncio.run(send()) if (received := decoder.feed(frame))]


def test_the_newest_progress_and_preview_win_and_nothing_else_is_lost():
    outbox = Outbox(Limits())
    outbox.put(1, Queued(1))
    outbox.put(1, Progress("load", 0.5))
    for step in range(100):
        outbox.put(1, Progress("refine", step / 100))
        outbox.put(1, Preview(splats(step)))
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
    assert events[2][1] == Progress("refine", 0.99) and len(events[3][1].gaussians) == 99


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


def preview(megabytes: int) -> Preview:
    """A preview of some size."""
    return Preview(splats((megabytes << 20) // SPLAT))


def result(megabytes: int) -> Done:
    """A result of some size."""
    return Done({"size": megabytes}, {"a": np.zeros(megabytes << 20, np.uint8)})


def test_results_that_nobody_reads_are_given_up_beyond_a_bound():
    outbox = Outbox(Limits(unread_bytes=10 << 20))
    for number in range(100):
        outbox.put(number, preview(3))
        outbox.put(number, result(3))
    events = sent(outbox, 100 << 20)
    assert [number for number, event in events if isinstance(event, Done)] == [0, 1, 2]
    (refused,) = {(event.code, str(event.text)) for _, event in events if isinstance(event, Failed)}
    assert refused == ("unread", "The result was not sent: 9 MiB of other results have not been read yet.")
    assert {number for number, event in events if isinstance(event, Done | Failed)} == set(range(100))


def test_a_result_goes_before_previews_and_one_of_any_size_is_handed_over():
    outbox = Outbox(Limits(unread_bytes=10 << 20))
    for number in range(3):
        outbox.put(number, preview(4))
    outbox.put(9, result(50))
    assert [(number, type(event)) for number, event in sent(outbox, 100 << 20)] == [(9, Done)]


def test_room_is_there_again_once_results_are_read():
    async def do() -> list[str | bytes]:
        outbox, socket = Outbox(Limits(unread_bytes=10 << 20)), Socket()
        sender = asyncio.create_task(outbox.send_to(socket))
        for number in range(5):
            outbox.put(number, result(9))
            await outbox.drained()
        sender.cancel()
        return socket.frames

    decoder = Decoder(100 << 20)
    assert [type(heard[1]) for frame in asyncio.run(do()) if (heard := decoder.feed(frame))] == [Done] * 5


def test_room_is_awaited_until_events_are_read_or_the_client_is_gone():
    async def do(gone: bool) -> int:
        outbox, socket = Outbox(Limits(unread_events=3)), Socket()
        for number in range(6):
            outbox.put(number, Done())
        waiting = asyncio.create_task(outbox.room())
        await asyncio.sleep(0)
        assert not waiting.done()
        sender = asyncio.create_task(outbox.send_to(socket))
        if gone:
            outbox.close()
        await waiting
        await outbox.drained()
        sender.cancel()
        return len(socket.frames)

    assert asyncio.run(do(gone=False)) == 6 and asyncio.run(do(gone=True)) == 0
