# SPDX-License-Identifier: GPL-3.0-or-later
"""Changed files are read in a process of its own, with little memory and little time, as decoders may crash or never end.

`python -m tests.fuzzing.apart KIND SEED FIRST LAST` says the number of each file before it is read, and then what came of it.
"""

from __future__ import annotations

import faulthandler
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import warnings
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.fuzzing.kinds import KINDS, Kind
from tests.fuzzing.mutation import mutated
from tttlrm_blender.errors import TttlrmError

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 5  # of the processor for each file
PATIENCE = 120  # seconds by the clock for each file, however busy the machine is
MEMORY = 1 << 30  # bytes more than the process has when it begins
SHOWN = 300  # characters of a finding
# Words of Python's own exceptions, which nobody should read.
WORDS = re.compile(
    r"object (has|is|of|at)|argument \d|not enough values|to unpack|unpack_from|not supported between|invalid literal|could not"
    r" convert|NoneType|index out of|subscript|cannot reshape|Errno|codec can|a buffer|Error\b|division by zero|unhashable"
)


@dataclass
class Findings:
    """What came of the files of one kind."""

    outcomes: Counter[str] = field(default_factory=Counter)
    examples: dict[str, int] = field(default_factory=dict)  # the number of the first file of each finding

    def add(self, outcome: str, number: int) -> None:
        """Count an outcome; all but "read" and "sentence" are findings."""
        outcome = re.sub(r"0x\w+|'[^']*'|\d+", "…", outcome) if outcome not in ("read", "sentence") else outcome
        self.outcomes[outcome] += 1
        if outcome not in ("read", "sentence"):
            self.examples.setdefault(outcome, number)


def run(kind: str, seed: int, count: int) -> Findings:
    """Read so many changed files of a kind. A crash is a finding, after which the next file follows."""
    found, first = Findings(), 0
    while first < count:
        command = [sys.executable, "-m", "tests.fuzzing.apart", kind, str(seed), str(first), str(count)]
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, errors="replace")
        lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]
        for number, outcome in lines:
            if outcome:
                found.add(outcome, number)
        if done.returncode == 0:
            return found
        if not lines:
            raise RuntimeError(done.stderr)
        found.add(f"the process ended: {_last_words(done)}", lines[-1][0])
        first = lines[-1][0] + 1
    return found


def _last_words(done: subprocess.CompletedProcess[str]) -> str:
    """What ended a process, and where."""
    frames = re.findall(r'File "([^"]+)", line (\d+) in (\w+)', done.stderr)
    places = [f"{Path(file).name}:{line} {name}" for file, line, name in frames if "tttlrm_blender" in file]
    name = signal.Signals(-done.returncode).name if done.returncode < 0 else str(done.returncode)
    return f"{name} in {places[:2] or done.stderr[-SHOWN:]}"


def main() -> None:
    """Read changed files, and say what comes of each."""
    kind, seed, first, last = KINDS[sys.argv[1]], *map(int, sys.argv[2:5])
    faulthandler.enable()
    sample = Sample(kind)
    sound = sample.outcome(random.Random(0), change=False)  # imports everything
    if sound not in ("read", kind.sound):
        sys.exit(f"the sound sample: {sound}")
    limit_memory()
    for number in range(first, last):
        print(json.dumps([number, ""]), flush=True)
        with LimitedTime():
            outcome = sample.outcome(random.Random(f"{kind.name} {seed} {number}"))
        print(json.dumps([number, outcome]), flush=True)


class Sample:
    """A sound sample of a kind, and changed copies of it."""

    def __init__(self, kind: Kind) -> None:
        self._kind = kind
        self._work = tempfile.TemporaryDirectory(prefix="tttlrm-fuzz-")
        self._sound = Path(self._work.name) / "sound"
        self._sound.mkdir()
        os.environ["TTTLRM_CACHE"] = str(Path(self._work.name) / "cache")
        self._files = [path.relative_to(self._sound) for path in kind.write(self._sound)]

    def changed(self, chance: random.Random) -> tuple[Path, bytes]:
        """One of the files, relative to the folder of the sample, and its changed content."""
        name = chance.choice(self._files)
        content = (self._sound / name).read_bytes()
        inside, close = self._kind.open(content) if chance.random() < 0.7 else (content, lambda other: other)
        return name, close(mutated(inside, chance))

    def outcome(self, chance: random.Random, change: bool = True) -> str:
        """What comes of reading a changed copy: "read", "sentence", or a finding."""
        folder = Path(self._work.name) / "changed"
        shutil.copytree(self._sound, folder)
        try:
            name, content = self.changed(chance) if change else (self._files[0], (self._sound / self._files[0]).read_bytes())
            (folder / name).write_bytes(content)
            return _tried(self._kind, folder, folder / name)
        finally:
            shutil.rmtree(folder)
            shutil.rmtree(os.environ["TTTLRM_CACHE"], ignore_errors=True)


def _tried(kind: Kind, folder: Path, path: Path) -> str:
    with warnings.catch_warnings(record=True) as noted:
        warnings.simplefilter("always")
        try:
            kind.read(folder, path)
        except TttlrmError as error:
            return _judged(error, folder)
        except Exception as error:
            return f"{type(error).__name__}: {error} in {_place(error)}"[:SHOWN]
    numeric = [str(one.message) for one in noted if issubclass(one.category, RuntimeWarning)]
    return f"a warning: {numeric[0]}"[:SHOWN] if numeric else "read"


def _judged(error: TttlrmError, folder: Path) -> str:
    """Whether an error is a sentence about a file, in nobody's words but our own."""
    said = error.sentence.replace(str(folder), "FOLDER")
    names = [path.name for path in folder.rglob("*")]
    if "FOLDER" not in said and not any(name in said for name in names):
        return f"a sentence without a name: {said}"[:SHOWN]
    return f"the words of an exception: {said}"[:SHOWN] if WORDS.search(said) else "sentence"


def _place(error: BaseException) -> str:
    """Where in the engine an exception was raised."""
    place, trace = "", error.__traceback__
    while trace:
        code = trace.tb_frame.f_code
        if "tttlrm_blender" in code.co_filename:
            place = f"{Path(code.co_filename).name}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place


def limit_memory() -> None:
    """Allow this process MEMORY more than it has, on systems that can."""
    try:
        import resource

        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, resource.RLIM_INFINITY))
    except (ImportError, OSError):
        pass


class LimitedTime:
    """Ends the process when the block takes longer than SECONDS of the processor, or than PATIENCE by the clock."""

    def __enter__(self) -> None:
        faulthandler.dump_traceback_later(PATIENCE, exit=True)
        if hasattr(signal, "SIGPROF"):
            faulthandler.register(signal.SIGPROF, chain=True)
            signal.setitimer(signal.ITIMER_PROF, SECONDS)

    def __exit__(self, *_: object) -> None:
        faulthandler.cancel_dump_traceback_later()
        if hasattr(signal, "SIGPROF"):
            signal.setitimer(signal.ITIMER_PROF, 0)


if __name__ == "__main__":
    main()
