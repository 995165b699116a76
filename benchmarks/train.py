# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the time of a training step goes: `python benchmarks/train.py [STEPS]`."""

import sys
import time
from collections.abc import Callable

import torch

from tttlrm_blender.train.batches import Shape, make_batch, with_costs
from tttlrm_blender.train.chance import generator_for
from tttlrm_blender.train.losses import losses
from tttlrm_blender.train.plan import SMALL_NETWORK
from tttlrm_blender.train.predict import predict
from tttlrm_blender.train.trainer import fresh_model

SHAPE = Shape(scenes=4, inputs=5, others=3, size=(64, 64))


def timed(spent: dict[str, float], name: str, work: Callable):
    """What `work` returns, its seconds added to `spent`."""
    start = time.perf_counter()
    result = work()
    spent[name] = spent.get(name, 0.0) + time.perf_counter() - start
    return result


def main(steps: int) -> None:
    """Print seconds per step, and each part's share of the step."""
    torch.set_num_threads(1)
    model = fresh_model(SMALL_NETWORK)
    spent: dict[str, float] = {}
    for step in range(steps + 1):
        if step == 1:
            spent.clear()  # the first step compiles
        scenes = timed(spent, "scenes", lambda step=step: make_batch(generator_for(0, step), SHAPE))
        batch = timed(spent, "matching", lambda scenes=scenes: with_costs(scenes, SMALL_NETWORK))
        found = timed(spent, "forward", lambda batch=batch: predict(model, batch))
        terms = timed(spent, "rendered losses", lambda f=found, b=batch: losses(SMALL_NETWORK, f, b, rendering=True))
        timed(spent, "backward", lambda terms=terms: sum(terms.values()).backward())
    whole = sum(spent.values())
    print(f"{SHAPE}: {whole / steps:.2f} s a step, {SHAPE.scenes * steps / whole:.2f} scenes/s on one thread")
    for name, seconds in spent.items():
        print(f"  {name:16} {seconds / steps:.3f} s  {seconds / whole:.0%}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
