# SPDX-License-Identifier: GPL-3.0-or-later
"""Feed the parsers of the protocol with almost valid frames, and with noise.

python -m soak.fuzz_protocol [--frames 1000000] [--seed 0] [--sample 16] [--bound 1.0]

Any outcome other than a message or a refusal is a finding, and so is a frame that takes more than `--bound` seconds of CPU
time: its frames are printed and the exit status is 1. A frame that never ends stops the program with a traceback. Prints counts,
the slowest frame, and the growth of memory.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
import tracemalloc
from pathlib import Path

from tests.protocol.fuzzer import Fuzzer
from tests.protocol.mutation import Case


def shown(case: Case) -> str:
    """The frames, shortened."""
    return ", ".join(f"{len(frame)} long: {frame[:2000]!r}" for frame in case)


def memory() -> int:
    """Resident memory of this process in bytes; 0 on systems that do not report it."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
    except OSError:
        return 0


def traced_growth(fuzzer: Fuzzer, count: int) -> float:
    """Growth of Python's memory in bytes per frame, over `count` frames and without learning."""
    tracemalloc.start()
    fuzzer.run(max(count // 10, 1), learn=False)
    gc.collect()
    before, start = tracemalloc.get_traced_memory()[0], fuzzer.figures.frames
    fuzzer.run(count, learn=False)
    gc.collect()
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    return grown / (fuzzer.figures.frames - start)


def main() -> int:
    """Fuzz, and print the figures."""
    options = parse()
    fuzzer, started = Fuzzer(options.seed, options.sample, options.bound), time.perf_counter()
    fuzzer.run(options.frames // 10)
    first = memory()
    fuzzer.run(options.frames - fuzzer.figures.frames)
    last = memory()
    seconds, figures = time.perf_counter() - started, fuzzer.figures
    print(
        f"{figures.frames} frames in {figures.cases} cases, {figures.frames / seconds:.0f} frames a second, seed {options.seed}"
    )
    print(", ".join(f"{outcome} {count / figures.frames:.1%}" for outcome, count in figures.outcomes.most_common()))
    print(f"coverage: {fuzzer.coverage.lines} lines, {len(fuzzer.coverage.steps)} steps; corpus: {len(fuzzer.corpus)} cases")
    print(f"slowest frame: {figures.slowest[0] * 1000:.1f} ms, {len(figures.slowest[1][0])} long (bound {options.bound:g} s)")
    growth = traced_growth(fuzzer, max(options.frames // 50, 100))
    print(
        f"memory: {first >> 20} MiB after a tenth, {last >> 20} MiB at the end; {growth:+.2f} bytes a frame once learning stops"
    )
    print(f"findings: {figures.findings.total()}")
    for what, count in figures.findings.most_common(20):
        print(f"{count} times {what}, first with {shown(figures.examples[what])}")
    return 1 if figures.findings else 0


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sample", type=int, default=16)
    parser.add_argument("--bound", type=float, default=1.0)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
