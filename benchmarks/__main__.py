# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the quick benchmarks, those of the first table in README.md, and collect their rows in one Markdown table.

python -m benchmarks [NAME …] [--photos ../shared/data/fox] [--out out/bench.md]
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from benchmarks.table import HEADER

HERE = Path(__file__).parent
QUICK = "## Quick"  # heading of the table
LINE = re.compile(r"^\| `python -m benchmarks\.(\w+)(.*?)` \|(?:.*\| )(.*?) \|$", re.MULTILINE)


@dataclass(frozen=True)
class Benchmark:
    """A row of the first table in README.md."""

    name: str
    arguments: tuple[str, ...]
    needs: tuple[str, ...]  # Python modules

    def missing(self, photos: Path) -> str:
        """The reason why it cannot run here; empty if it can."""
        if absent := [module for module in self.needs if not find_spec(module)]:
            return f"there is no module {' and no '.join(absent)}"
        return f"there are no photos at {photos}" if "PHOTOS" in self.arguments and not photos.is_dir() else ""

    def rows(self, photos: Path) -> tuple[list[str], int]:
        """The rows that it prints, which are also shown at once, and its exit status."""
        arguments = [str(photos) if argument == "PHOTOS" else argument for argument in self.arguments]
        command = [sys.executable, "-m", f"benchmarks.{self.name}", *arguments]
        lines = []
        with subprocess.Popen(command, cwd=HERE.parent, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for line in process.stdout:
                print(line, end="", flush=True)
                lines.append(line.rstrip())
        return [line for line in lines if line.startswith("| ") and line not in HEADER], process.returncode


def quick() -> list[Benchmark]:
    """The benchmarks in the first table of README.md."""
    section = (HERE / "README.md").read_text(encoding="utf-8").partition(QUICK)[2].partition("\n## ")[0]
    found = LINE.findall(section)
    return [Benchmark(name, tuple(rest.split()), tuple(re.findall(r"`(\w+)`", needs))) for name, rest, needs in found]


def main() -> int:
    """Run every benchmark that can run here; the exit status is 1 if one fails."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="run only these benchmarks (default: all)")
    parser.add_argument(
        "--photos", type=Path, default=HERE.parents[1] / "shared" / "data" / "fox", help="photos with known poses"
    )
    parser.add_argument("--out", type=Path, default=Path("out/bench.md"))
    options = parser.parse_args()
    title = f"# {os.cpu_count()} cores, {platform.processor() or platform.machine()}, {time.strftime('%d %B %Y')}\n"
    table, failed = [title, HEADER], 0
    for benchmark in quick():
        if options.names and benchmark.name not in options.names:
            continue
        print(f"\n{benchmark.name}", flush=True)
        if why := benchmark.missing(options.photos):
            rows, status = [f"| skipped: {why} | | | | |"], 0
            print(rows[0])
        else:
            rows, status = benchmark.rows(options.photos)
        table += [f"| **{benchmark.name}**{' failed' if status else ''} | | | | |", *rows]
        failed += bool(status)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text("\n".join(table) + "\n", encoding="utf-8")
    print(f"\n{options.out}")
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
