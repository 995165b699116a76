# SPDX-License-Identifier: GPL-3.0-or-later
"""Feeds the parsers of the protocol with frames that are almost right, and with noise; soak/fuzz_protocol.py does so at length.

A case is a row of frames for one decoder. Cases are made from a corpus of valid ones by flipping bits, cutting, splicing,
editing lengths and JSON, reordering frames; some are random bytes and texts. One case in `sample` is traced, and kept in
the corpus when it takes a step from line to line in `protocol/` that none took before.

A frame may be read or be refused with a `TttlrmError`; what is read must survive being written and read again, and settings
that it carries must be read or refused likewise. Anything else is a finding, and so is a frame that takes more than `bound`
seconds of processor time.
"""

from __future__ import annotations

import faulthandler
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from tests.protocol.mutation import Case, mutated, seeds
from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.protocol import codec, fields, frames, messages, settings, settings_json
from tttlrm_blender.protocol.messages import Decoder, Message, Submit, encode

MAX_BYTES = 1 << 20  # of arrays, for the decoders
MAX_CORPUS = 4000
HANG_SECONDS = 120
CHUNK = 1000  # cases between looks at the clock that notices hangs
FILES = {module.__file__ for module in (fields, frames, messages, settings, settings_json)}
SETTINGS = {
    "reconstruct": settings.ReconstructSettings,
    "decode": settings.DecodeSettings,
    "refine": settings.RefineSettings,
    "mesh": settings.MeshSettings,
    "bake": settings.BakeSettings,
    "render": settings.RenderSettings,
}


class Coverage:
    """Steps from line to line in the files of the protocol."""

    def __init__(self) -> None:
        self.steps: set[tuple[Any, int, int]] = set()
        self._line = 0

    @property
    def lines(self) -> int:
        """The number of lines reached."""
        return len({(code.co_filename, line) for code, _, line in self.steps})

    @contextmanager
    def tracing(self) -> Iterator[None]:
        """Collect the steps taken in the block."""
        before = sys.gettrace()
        sys.settrace(self._enter)
        try:
            yield
        finally:
            sys.settrace(before)

    def _enter(self, frame: FrameType, event: str, argument: Any) -> Any:
        if frame.f_code.co_filename not in FILES:
            return None
        self._line = 0
        return self._step

    def _step(self, frame: FrameType, event: str, argument: Any) -> Any:
        self.steps.add((frame.f_code, self._line, frame.f_lineno))
        self._line = frame.f_lineno
        return self._step


@dataclass
class Figures:
    """The outcome of a run."""

    frames: int = 0
    cases: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)  # of frames
    slowest: tuple[float, Case] = (0.0, ())  # seconds of processor time, and the frame
    findings: Counter[str] = field(default_factory=Counter)
    examples: dict[str, Case] = field(default_factory=dict)  # the first case of each finding

    def found(self, what: str, case: Case) -> None:
        """Count a finding."""
        self.findings[what] += 1
        self.examples.setdefault(what, case)


class Fuzzer:
    """Makes test cases and feeds them, guided by coverage."""

    def __init__(self, seed: int = 0, sample: int = 16, bound: float = 1.0) -> None:
        self.figures, self.coverage = Figures(), Coverage()
        self.corpus: list[Case] = seeds()
        self._random, self._sample, self._bound = random.Random(seed), sample, bound
        for case in self.corpus:
            self._traced(case)

    def run(self, count: int, learn: bool = True) -> None:
        """Feed at least `count` frames."""
        wanted = self.figures.frames + count
        while self.figures.frames < wanted:
            if self.figures.cases % CHUNK == 0:
                faulthandler.dump_traceback_later(HANG_SECONDS, exit=True)
            self.figures.cases += 1
            case = mutated(self.corpus, self._random)
            if learn and self.figures.cases % self._sample == 0:
                self._traced(case)
            else:
                self._feed(case)
        faulthandler.cancel_dump_traceback_later()

    def _traced(self, case: Case) -> None:
        known = len(self.coverage.steps)
        with self.coverage.tracing():
            fine = self._feed(case, traced=True)
        if fine and len(self.coverage.steps) > known and len(self.corpus) < MAX_CORPUS:
            self.corpus.append(case)

    def _feed(self, case: Case, traced: bool = False) -> bool:
        """Whether nothing was found."""
        decoder = Decoder(MAX_BYTES)
        for frame in case:
            started = time.thread_time()
            outcome = self._outcome(decoder, frame, case)
            if not traced:
                self._time(time.thread_time() - started, frame)
            self.figures.frames += 1
            self.figures.outcomes[outcome] += 1
            if outcome in ("refused", "broke"):  # the end of a connection
                return outcome == "refused"
        return True

    def _outcome(self, decoder: Decoder, frame: str | bytes, case: Case) -> str:
        try:
            received = decoder.feed(frame)
            if received:
                check(*received)
            return "read" if received else "incomplete"
        except TttlrmError as error:
            if error.code == "bad_message":
                return "refused"
            self.figures.found(f"refused with the code {error.code}", case)
        except Exception as error:
            self.figures.found(f"raised {type(error).__name__}: {error}"[:200], case)
        return "broke"

    def _time(self, seconds: float, frame: str | bytes) -> None:
        if seconds > self.figures.slowest[0]:
            self.figures.slowest = (seconds, (frame,))
        if seconds > self._bound:
            self.figures.found(f"took more than {self._bound:g} s", (frame,))


def check(request: int, message: Message) -> None:
    """Decoded messages can be encoded and decode to the same; settings are read, or refused."""
    decoder = Decoder(MAX_BYTES)
    received = [decoder.feed(frame) for frame in encode(request, message)]
    assert received[-1] == (request, message), "it is not read as it was written"
    before, after = (codec.encode(one)[1] for one in (message, received[-1][1]))
    same = {name: (array.dtype, array.shape, array.tobytes()) for name, array in before.items()}
    assert same == {name: (array.dtype, array.shape, array.tobytes()) for name, array in after.items()}, "arrays changed"
    if isinstance(message, Submit) and message.kind in SETTINGS:
        try:
            settings_json.from_json(SETTINGS[message.kind], message.settings)
        except TttlrmError as error:
            assert error.code == "bad_settings", error.code
