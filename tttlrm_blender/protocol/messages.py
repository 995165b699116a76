# SPDX-License-Identifier: GPL-3.0-or-later
"""The messages that client and worker exchange.

Both sides open with `Hello`. Then the client makes requests, each with a unique number: `Upload` (one or more for a file),
`Submit`, `Forget`; `Finish` or `Cancel` with the number of a `Submit` ends that job early, with or without a result. The worker
answers every request, under its number, with events that end in one `Done`, `Failed` or `Cancelled`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Annotated, Any, TypeVar

from .. import __version__
from ..errors import Code, Text, TttlrmError, text
from . import codec
from .codec import Arrays, Named
from .frames import MAX_HEADER, Assembler, Buffer, malformed, parse_object, split
from .results import CameraTable, File, Splats

PROTOCOL = 4
MAX_TEXT = 3 << 20  # characters, all ASCII; quoted, it must fit into the header of a frame
MAX_REQUEST = 256 << 10  # characters of a request without arrays: all other clients wait while a worker parses it

Result = TypeVar("Result")


@dataclass(frozen=True)
class Hello:
    """The first message of each side."""

    protocol: int = PROTOCOL
    version: str = __version__
    token: str = field(default="", repr=False)  # the worker's secret, sent by the client
    capabilities: list[str] = field(default_factory=list)  # kinds of jobs, sent by the worker


@dataclass(frozen=True)
class Upload:
    """The next bytes of a file for a scene's folder."""

    session: str
    path: str  # inside the folder, with slashes
    size: int  # bytes of the whole file
    offset: int  # of these bytes in the file
    bytes: File = field(compare=False, repr=False)


@dataclass(frozen=True)
class Seek:
    """Tell whether splats to start from are in a scene's folder already, by a `results.Presence`; if so, they stay a while."""

    session: str
    path: str  # inside the folder, see `start`


@dataclass(frozen=True)
class Submit:
    """Do a job on a scene."""

    session: str
    kind: str
    settings: dict[str, Any]
    previews: bool = False  # whether to send previews, which take time and do not change the result
    start: str = ""  # path of the splats that the job starts from, see `start`; empty for those of the last job


@dataclass(frozen=True)
class Finish:
    """End the job of this request soon with the result so far; if there is none yet, stop it."""


@dataclass(frozen=True)
class Cancel:
    """Stop the job of this request."""


@dataclass(frozen=True)
class Forget:
    """Stop the jobs of a scene and delete its files and its memory."""

    session: str


@dataclass(frozen=True)
class Queued:
    """The job waits."""

    position: int  # number of jobs before it


@dataclass(frozen=True)
class Progress:
    """The job is running."""

    stage: str
    fraction: float  # of the stage, 0 to 1
    seconds_left: float | None = None  # of the job
    step: int = 0  # of the job, from 1; 0 in jobs without steps
    steps: int = 0
    done: float = 0.0  # of the job, 0 to 1


@dataclass(frozen=True)
class Note:
    """A warning, such as a photo that was left out."""

    text: Text


@dataclass(frozen=True)
class Preview:
    """Splats to show before the job is done, or at first the points of the scene, as small splats, with its cameras."""

    gaussians: Splats = field(compare=False, repr=False)
    cameras: CameraTable | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Done:
    """The request has succeeded. Its sender knows the type of the result."""

    info: dict[str, Any] = field(default_factory=dict)
    arrays: Annotated[Arrays, Named("")] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, result: Any) -> Done:
        """The message with a result, a dataclass of `results`. Raises what `codec.encode` raises."""
        return cls(*codec.encode(result))

    def result(self, kind: type[Result]) -> Result:
        """The result in this message. Raises `TttlrmError` ("bad_message") if it is not of that type."""
        return codec.decode(kind, self.info, self.arrays)


@dataclass(frozen=True)
class Failed:
    """The request has failed."""

    code: str
    text: Text  # what happened
    advice: Text = field(default_factory=Text)  # what to do about it

    @classmethod
    def of(cls, error: TttlrmError) -> Failed:
        """The message for an error."""
        return cls(error.code, error.text, error.advice)

    def error(self) -> TttlrmError:
        """The error in this message."""
        return TttlrmError(self.text, hint=self.advice, code=self.code)


@dataclass(frozen=True)
class Cancelled:
    """The job was stopped by request."""


Request = Upload | Seek | Submit | Finish | Cancel | Forget
Event = Queued | Progress | Note | Preview | Done | Failed | Cancelled
Message = Hello | Request | Event

END = (Done, Failed, Cancelled)  # the events that end a request
KINDS: dict[str, type] = {
    kind.__name__.lower(): kind
    for kind in (Hello, Upload, Seek, Submit, Finish, Cancel, Forget, Queued, Progress, Note, Preview, Done, Failed, Cancelled)
}


def slot(event: Event) -> tuple[Any, ...]:
    """A key of events: for a slow reader, only the newest event of a request in each slot matters."""
    match event:
        case Progress():
            return Progress, event.stage
        case Note():
            return Note, event.text
        case Preview():
            return Preview, event.cameras is None  # what comes after needs to know the cameras
        case _:
            return (type(event),)


def encode(request: int, message: Message) -> Iterator[str | bytes]:
    """The frames of a message in order: one text frame, or binary frames if it has arrays."""
    values, arrays = codec.encode(message)
    said = json.dumps({"type": type(message).__name__.lower(), "request": request, **values}, allow_nan=False)
    if len(said) > (MAX_REQUEST if isinstance(message, Request) else MAX_TEXT):
        raise TttlrmError("The message is too large to be sent.", code=Code.BAD_MESSAGE)
    return split(said, arrays) if arrays else iter([said])


class Decoder:
    """Decodes the frames of one connection."""

    def __init__(self, max_bytes: int, max_text: int = MAX_TEXT, max_header: int = MAX_HEADER) -> None:
        """Limit the arrays of a message to `max_bytes`, its text to `max_text`, and frame headers to `max_header`."""
        self._assembler, self._max_text = Assembler(max_bytes, max_header), max_text

    def feed(self, frame: str | Buffer) -> tuple[int, Message] | None:
        """Add the next frame; returns the request's number and the message once it is complete. Raises `TttlrmError`."""
        complete = (frame, {}) if isinstance(frame, str) else self._assembler.add(frame)
        if complete and len(complete[0]) > self._max_text:
            raise malformed("its text is too long")
        return _message(*complete) if complete else None


def _message(said: str, arrays: Arrays) -> tuple[int, Message]:
    values = parse_object(said)
    kind, request = KINDS.get(str(values.pop("type", None))), values.pop("request", None)
    if kind is None or type(request) is not int:
        raise malformed("its type or its request is unknown")
    if kind is Hello:  # a newer side may send more fields; its version must be readable to decide which side to update
        known = {field.name for field in fields(Hello)}
        values = {name: value for name, value in values.items() if name in known}
    return request, codec.decode(kind, values, arrays)


def check_versions(worker: Hello, client: Hello) -> None:
    """Raise `TttlrmError`, saying which side to update, unless the two speak the same protocol."""
    if worker.protocol == client.protocol:
        return
    older, newer = ("worker", client) if worker.protocol < client.protocol else ("client", worker)
    there = "Update tttLRM in the worker's Python to {}."
    here = "Update tttLRM in Blender (or wherever you started this) to {}."
    raise TttlrmError(
        "The worker is tttLRM {} (protocol {}) and the client is {} (protocol {}); these versions are not compatible.",
        worker.version,
        worker.protocol,
        client.version,
        client.protocol,
        hint=text(there if older == "worker" else here, newer.version),
        code=Code.VERSION_MISMATCH,
    )
