# SPDX-License-Identifier: GPL-3.0-or-later
"""Loading of training data: batches are made ahead of the training step, optionally in worker processes."""

from __future__ import annotations

import math
import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from ..child_process import drop_stray_variables
from ..errors import Code, TttlrmError
from ..model.config import Config
from .batches import Batch, Shape, make_batch, with_costs
from .plan import Budget, Plan
from .recording import DAMAGED, extent, recordings
from .sampling import generator_for

AHEAD, MOST_AHEAD = 2, 16  # batches in the queue, per process and in total


@dataclass(frozen=True)
class StepData:
    """The data of one training step."""

    spent: float  # share of the budget when the batch was begun
    stage: str
    views_per_update: int | None  # None for one pass over all views
    batch: Batch


class Loader:
    """Yields the data of one step after the other; with `processes` = 0, data is made on demand."""

    def __init__(self, config: Config, plan: Plan, device: str | torch.device, processes: int = 0) -> None:
        self.config, self.plan, self.device, self.processes = config, plan, device, processes
        self._pool: ProcessPoolExecutor | None = None
        self._waiting: deque[Future[StepData]] = deque()

    def next(self, step: int, budget: Budget, seconds: float) -> StepData:
        """The data of a step, after these seconds of training. Starts making that of the next steps."""
        if not self.processes:
            return make_step_data(self.config, self.plan, step, budget.spent(step, seconds), self.device)
        pool = self._started()
        matched = torch.device(self.device).type == "cpu"  # on GPUs, matching is faster than sending the costs there
        for ahead in range(step + len(self._waiting), step + min(AHEAD * self.processes, MOST_AHEAD) + 1):
            spent = budget.spent(ahead, seconds)
            self._waiting.append(pool.submit(make_step_data, self.config, self.plan, ahead, spent, "cpu", matched))
        return self._waiting.popleft().result()

    def close(self) -> None:
        """Stop the processes."""
        self._waiting.clear()
        if self._pool:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None

    def _started(self) -> ProcessPoolExecutor:
        if self._pool is None:
            drop_stray_variables()
            context = multiprocessing.get_context("spawn")  # a fork would inherit the threads of OpenMP
            self._pool = ProcessPoolExecutor(self.processes, context, _prepare)
        return self._pool


def _prepare() -> None:
    """Initialize a worker process: use one thread, and exit when the training process does."""
    torch.set_num_threads(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def make_step_data(
    config: Config, plan: Plan, step: int, spent: float, device: str | torch.device, matched: bool = True
) -> StepData:
    """Make the data of a step at a share of the budget, the same in every process; with matching costs if `matched`."""
    generator, stage = generator_for(plan.seed, step), plan.stage(spent)
    shape = choose_shape(plan, generator, spent, config.patch_size)
    files = recordings(plan.recorded) if plan.recorded and torch.rand((), generator=generator) < plan.share else ()
    shape = fitting(shape, files, config.patch_size) if files else shape
    chunk = plan.views_per_update if stage == "chunks" and step % 2 else None  # other steps keep practicing single passes
    ordered = bool(chunk) and step % 4 == 1  # photos are sorted by name, which may follow the path or not
    framing = min(chunk, shape.inputs) if chunk and ordered else 0  # as in streams; other scans know all cameras beforehand
    batch = make_batch(generator, shape, device, framing, ordered, files)
    return StepData(spent, stage, chunk, with_costs(batch, config) if matched else batch)


def fitting(shape: Shape, files: Sequence[Path], patch: int) -> Shape:
    """A shape with no more views and no larger pictures than any of the recorded scenes has, in whole patches.

    Raises `TttlrmError` for scenes with too few views.
    """
    views, side = (min(lengths) for lengths in zip(*map(extent, files), strict=True))
    if views <= shape.others:
        scene = next(path for path in files if extent(path)[0] == views)
        raise TttlrmError("The recorded scene {} has too few views: {}.", scene, views, hint=DAMAGED, code=Code.BAD_SETTINGS)
    factor = min(1.0, side / max(shape.size))
    width, height = (max(patch, int(factor * length) // patch * patch) for length in shape.size)
    return replace(shape, inputs=min(shape.inputs, views - shape.others), size=(width, height))


def choose_shape(plan: Plan, generator: torch.Generator, spent: float, patch: int) -> Shape:
    """Choose the size of a batch: as many scenes as fit into the plan's tokens, for patches of this side."""
    sizes, few, many = plan.sizes(spent), math.log(plan.min_views), math.log(plan.max_views + 1)
    width, height = sizes[int(torch.randint(len(sizes), (), generator=generator))]
    views = int(math.exp(few + (many - few) * float(torch.rand((), generator=generator))))
    tokens = views * (width // patch) * (height // patch)
    others = 0 if plan.stage(spent) == "depth" else plan.others
    return Shape(max(1, round(plan.tokens / tokens)), views, others, (width, height))
