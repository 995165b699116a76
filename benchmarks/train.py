# SPDX-License-Identifier: GPL-3.0-or-later
"""Time the parts of a training step, on one thread.

python -m benchmarks.train [--steps 5]
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from benchmarks.table import Row, show
from tttlrm_blender.train.batches import Shape, make_batch, with_costs
from tttlrm_blender.train.losses import losses
from tttlrm_blender.train.plan import SMALL_NETWORK
from tttlrm_blender.train.predict import predict
from tttlrm_blender.train.sampling import generator_for
from tttlrm_blender.train.trainer import fresh_model

SHAPE = Shape(scenes=4, inputs=5, others=3, size=(64, 64))


class Spent:
    """Wall-clock and CPU time by part of a step, in seconds."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, np.ndarray] = defaultdict(lambda: np.zeros(2))

    def __call__(self, part: str, work: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        """Do the work, add its time to the part's, and return its result."""
        start = np.array([time.perf_counter(), time.process_time()])
        result = work(*arguments, **options)
        self.seconds[part] += np.array([time.perf_counter(), time.process_time()]) - start
        return result


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=5)
    show(rows(parser.parse_args().steps))


def rows(steps: int) -> Iterator[Row]:
    """The mean over all steps except the first, which compiles."""
    torch.set_num_threads(1)
    model, spent = fresh_model(SMALL_NETWORK), Spent()
    for step in range(steps + 1):
        if step == 1:
            spent = Spent()
        scenes = spent("scenes", make_batch, generator_for(0, step), SHAPE)
        batch = spent("matching", with_costs, scenes, SMALL_NETWORK)
        found = spent("forward", predict, model, batch)
        terms = spent("rendered losses", losses, SMALL_NETWORK, found, batch, rendering=True)
        spent("backward", sum(terms.values()).backward)
    for part, seconds in spent.seconds.items():
        yield Row(f"a step: {part}", *seconds / steps)
    whole = sum(spent.seconds.values()) / steps
    yield Row(f"a step of {SHAPE.scenes} scenes", *whole)
    yield Row("training", *SHAPE.scenes / whole, unit="scenes/s")


if __name__ == "__main__":
    main()
