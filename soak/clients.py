# SPDX-License-Identifier: GPL-3.0-or-later
"""Run many clients of one worker at once, some of which misbehave, and check that all others get every result.

python -m soak.clients [--clients 32] [--bad 8] [--jobs 20]

Prints the number of results, how many there should be, what the bad clients did, and the state of the worker afterwards. The
exit status is 1 if a result is missing or the worker is not idle at the end.
"""

from __future__ import annotations

import argparse
import json
import sys

import numpy as np

from tests.worker.crowd import measured


def main() -> int:
    """Run the clients, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--bad", type=int, default=8)
    parser.add_argument("--jobs", type=int, default=20, help="jobs of each good client")
    options = parser.parse_args()
    figures = measured(options.clients, options.bad, options.jobs)
    wanted = (options.clients - options.bad) * options.jobs
    print(f"{options.clients} clients, {options.bad} of them bad: {figures.right} of {wanted} results are right")
    if figures.seconds:
        print(f"from request to result: median {np.median(figures.seconds):.2f} s, slowest {max(figures.seconds):.2f} s")
    print("bad clients:", ", ".join(f"{deed} {count} times" for deed, count in figures.bad.most_common()))
    print("the worker at the end:", json.dumps(figures.health))
    print(*figures.wrong, sep="\n")
    return 0 if figures.right == wanted and figures.health["idle"] else 1


if __name__ == "__main__":
    sys.exit(main())
