# SPDX-License-Identifier: GPL-3.0-or-later
"""Feed the readers of files with almost valid files of every kind that a stranger can hand over.

python -m soak.fuzz_files [--files 20000] [--seed 0] [--processes 2] [KIND…]

Each file is read with 1 GiB of memory and 5 s of the processor. Any outcome other than what is right or a sentence that names
the file is a finding: it is printed with the number of its first file, and the exit status is 1. To repeat a single file, run
python -m tests.fuzzing.apart KIND SEED NUMBER NUMBER+1.
"""

from __future__ import annotations

import argparse
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from tests.fuzzing.apart import Findings, run
from tests.fuzzing.kinds import KINDS


def main() -> int:
    """Fuzz, and print what came of it."""
    options = parse()
    with ThreadPoolExecutor(options.processes) as pool:
        return max(pool.map(lambda kind: fuzzed(kind, options), options.kinds or KINDS))


def fuzzed(kind: str, options: argparse.Namespace) -> int:
    """Fuzz one kind; return the exit status."""
    started = time.perf_counter()
    found = run(kind, options.seed, options.files)
    print(told(kind, found, time.perf_counter() - started), flush=True)
    return 1 if found.examples else 0


def told(kind: str, found: Findings, seconds: float) -> str:
    """The figures of one kind."""
    total = found.outcomes.total()
    shares = ", ".join(f"{name} {found.outcomes[name] / total:.1%}" for name in ("read", "sentence"))
    lines = [f"{kind}: {total} files in {seconds:.0f} s; {shares}; {len(found.examples)} kinds of findings"]
    lines += [f"  {found.outcomes[what]} times, first file {number}: {what}" for what, number in found.examples.items()]
    return "\n".join(lines)


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=", ".join(KINDS))
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=2)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
