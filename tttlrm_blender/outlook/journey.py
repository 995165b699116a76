# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a whole job has come, from what it reports of its stages."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..stages import Stage, Step

# The stages of each step in their order, and about what share of its time each takes.
SHARES: dict[Step, dict[Stage, float]] = {
    Step.PHOTOS: {Stage.FRAMES: 0.6, Stage.LOAD: 0.1, Stage.LOOK: 0.2, Stage.BACKGROUND: 0.1},
    Step.CAMERAS: {Stage.COPIES: 0.1, Stage.FEATURES: 0.3, Stage.PAIRS: 0.02, Stage.MATCHES: 0.28, Stage.CAMERAS: 0.3},
    Step.CLOSER: {Stage.DETAILS: 0.4, Stage.PAIRS: 0.02, Stage.MATCHES: 0.3, Stage.CAMERAS: 0.28},
    Step.DRAFT: {Stage.RESIZE: 0.1, Stage.PREVIEW: 0.2, Stage.ENCODE: 0.5, Stage.DECODE: 0.2},
    Step.DEPTH: {Stage.COPIES: 0.05, Stage.FEATURES: 0.1, Stage.MATCHES: 0.1, Stage.POINTS: 0.05, Stage.DEPTH: 0.7},
    Step.REFINE: {Stage.REFINE: 1.0},
    Step.MESH: {
        Stage.DEPTH: 0.4,
        Stage.RENDER_DEPTH: 0.1,
        Stage.FUSE_DEPTH: 0.15,
        Stage.EXTRACT_SURFACE: 0.05,
        Stage.UNWRAP: 0.1,
        Stage.BAKE_TEXTURE: 0.2,
    },
}
CAUTION = 1.15  # on what is expected: a time that is told falls, and never grows
DAMPING = 20.0  # seconds during which what was expected counts for more than the pace so far
PACES = (0.5, 4.0)  # bounds of the pace of later steps, from that of those before
KEPT = 0.2  # share of its time, below which a step did nothing: its results were kept from another job
LATE, GRACE = 1.5, 5.0  # times the time left that was told, and seconds more, from which that was wrong


@dataclass(frozen=True)
class Whole:
    """How far a job has come."""

    step: int  # from 1; 0 in jobs without a plan
    steps: int
    done: float  # share of the job, 0 to 1, which never falls
    seconds_left: float | None  # of the job; never grows but with a new plan. None where it cannot be told


class Journey:
    """Follows one job.

    The time left is at first what was expected of each step, then more and more what the steps before it and the progress within
    it tell. What has been told stays the most that is told; where it was far too short, as when a long step is added, nothing is
    told until it is right again.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._expected: dict[Step, float] = {}  # seconds, in the order of the steps
        self._took: dict[Step, float] = {}  # seconds, of steps that are over
        self._step: Step | None = None
        self._began, self._end = clock(), math.nan  # of the step; the end as far as the step itself expects one
        self._inside, self._done, self._least = 0.0, 0.0, math.inf

    def plan(self, seconds: Mapping[Step, float]) -> None:
        """Take the steps of the job, in order, with the seconds expected of each. A new plan keeps the steps that have begun."""
        begun = {step: self._expected[step] for step in self._begun()}
        if not set(seconds) <= set(self._expected):
            self._least = math.inf
        self._expected = {**{step: seconds.get(step, expected) for step, expected in begun.items()}, **seconds}

    def begin(self, step: Step, times: float = 0.0) -> None:
        """Begin with a step; those before it are over. One that was not planned is added: it takes so many times the last."""
        if step in self._begun():
            return
        took = self._clock() - self._began
        if self._step:
            self._took[self._step] = took
        if step not in self._expected:
            later = {other: seconds for other, seconds in self._expected.items() if other not in self._begun()}
            self._expected = {**{other: self._expected[other] for other in self._begun()}, step: times * took, **later}
        self._step, self._began, self._end, self._inside = step, self._clock(), math.nan, 0.0

    def expect(self, seconds: float) -> None:
        """Take the step's own estimate of the seconds that it still takes."""
        self._end = self._clock() + seconds

    def at(self, stage: str, fraction: float) -> Whole:
        """How far the job has come with a share of a stage, which may be one of those that the step does not count."""
        if self._step is None:
            return Whole(0, 0, fraction, None)
        before, share, total = _place(self._step, stage)
        self._inside = max(self._inside, (before + share * fraction) / total)
        begun, planned = self._begun(), sum(self._expected.values())
        over = sum(self._expected[step] for step in begun[:-1]) + self._inside * self._expected[self._step]
        self._done = max(self._done, over / planned if planned else 0.0)
        return Whole(len(begun), len(self._expected), self._done, self._told())

    @property
    def paces(self) -> dict[Step, float]:
        """How long each step took so far, compared with what was expected; without those that did nothing."""
        current = {self._step: self._clock() - self._began} if self._step else {}
        return self._paces({**self._took, **current})

    def _told(self) -> float | None:
        left = self._left()
        late = left > LATE * self._least + GRACE
        self._least = min(self._least, left)
        return None if late else self._least

    def _left(self) -> float:
        """The seconds left as far as is known now."""
        assert self._step
        spent, rest = self._clock() - self._began, 1 - self._inside
        later = sum(seconds for step, seconds in self._expected.items() if step not in self._begun())
        measured = spent * rest / self._inside if self._inside else 0.0
        hoped = self._planned()
        if not math.isnan(self._end):
            hoped = max(self._end - self._clock(), measured / 2)  # the step's own estimate may be over before the step is
        return rest * hoped + self._inside * measured + CAUTION * self._pace() * later

    def _planned(self) -> float:
        """The seconds left in the step as it was planned, at the pace of those before."""
        return CAUTION * self._pace() * (1 - self._inside) * self._expected[self._step] if self._step else math.inf

    def _pace(self) -> float:
        """How long steps take compared with what is expected, from those that are over."""
        counted = list(self._paces(self._took))
        took, expected = sum(self._took[step] for step in counted), sum(self._expected[step] for step in counted)
        return min(max((took + DAMPING) / (expected + DAMPING), PACES[0]), PACES[1])

    def _paces(self, took: Mapping[Step, float]) -> dict[Step, float]:
        paces = {step: seconds / self._expected[step] for step, seconds in took.items() if self._expected[step]}
        return {step: pace for step, pace in paces.items() if pace >= KEPT}

    def _begun(self) -> list[Step]:
        """The steps up to the current one."""
        steps = list(self._expected)
        return steps[: steps.index(self._step) + 1] if self._step else []


def _place(step: Step, stage: str) -> tuple[float, float, float]:
    """The shares of the stages before one, of itself and of all in a step; nothing where the step does not count that stage."""
    before, shares = 0.0, SHARES[step]
    for counted, share in shares.items():
        if counted == stage:
            return before, share, sum(shares.values())
        before += share
    return 0.0, 0.0, 1.0
