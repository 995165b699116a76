# SPDX-License-Identifier: GPL-3.0-or-later
"""Create, complete and repair the worker's environment in the background."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .. import errors
from ..client import Job
from ..errors import Code, TttlrmError, text
from ..protocol.messages import Cancelled, Done, Event, Failed, Progress
from ..stages import Stage
from . import commands
from .commands import Follower, Source, pinned
from .environment import Environment
from .machine import choose_build, look
from .process import Runner
from .pythons import VERSIONS, find_python, versions_for

LAST_LINES = 4  # lines of the log that are shown
# Start and end of each part of the work, as shares of the whole.
LOOK, MAKE, PACK, GET_TORCH, CHECK = (0.0, 0.02), (0.02, 0.06), (0.06, 0.4), (0.4, 0.95), (0.95, 1.0)


@dataclass(frozen=True)
class Wanted:
    """The setup to be made."""

    folder: Path  # of the environment
    log: Path  # file, overwritten
    python: str  # tried first
    build: str = "auto"  # of PyTorch
    index: str = ""  # package index of PyTorch, instead of the build's
    wheels: Path | None = None  # folder with all wheels, for installation without downloads


@dataclass(frozen=True)
class SetupResult:
    """The finished setup."""

    python: str  # the environment's interpreter
    torch: str  # version of PyTorch
    device: str  # "GPU" or "CPU"
    build: str  # of PyTorch, such as "cuda"


class Setup(Job[SetupResult]):
    """Sets up an environment in a thread. Ends with `Done`, `Failed` or `Cancelled`.

    An existing environment is completed and repaired, or recreated if that is impossible. After a failure, the unfinished
    environment is kept to be completed later; after `cancel`, it is deleted.
    """

    def __init__(self, wanted: Wanted) -> None:
        super().__init__(lambda _: self._runner.stop(), SetupResult)
        self.lines: deque[str] = deque(maxlen=LAST_LINES)
        self._wanted, self._environment = wanted, Environment(wanted.folder)
        self._runner = Runner(offline=wanted.wheels is not None)
        self._made = False
        threading.Thread(target=self._do, name="tttLRM setup", daemon=True).start()

    def _do(self) -> None:
        event: Event
        try:
            self._wanted.log.parent.mkdir(parents=True, exist_ok=True)
            with self._wanted.log.open("w", encoding="utf-8") as self._log:
                event = self._outcome()
        except OSError as error:
            hint = "Fix the problem and try again."
            event = Failed.of(TttlrmError("Setting up the worker failed: {}.", str(error), hint=hint, code=Code.SETUP_FAILED))
        self.put(event)

    def _outcome(self) -> Event:
        try:
            return Done.of(self._set_up())
        except errors.Cancelled:
            self._say("Cancelled.")
            return Cancelled()
        except TttlrmError as error:
            self._say(error.sentence)
            return Failed.of(error)

    def _set_up(self) -> SetupResult:
        try:
            return self._complete(self._source())
        except errors.Cancelled:
            if self._made:
                self._environment.remove()
            raise

    def _source(self) -> Source:
        self._tell(Stage.LOOK_AROUND, LOOK, 0.0)
        build = choose_build(look(), self._wanted.build)
        self._say(f"Build of PyTorch: {build.kind} from {self._wanted.wheels or self._wanted.index or build.index or 'PyPI'}")
        return Source(build, self._wanted.index, self._wanted.wheels)

    def _complete(self, source: Source) -> SetupResult:
        if self._environment.fits(source):
            self._environment.begin(source)
            self._remove_damaged()
        else:
            self._make(source)
        self._install(source)
        works = self._works()
        if not works and not self._made:
            self._make(source)
            self._install(source)
            works = self._works()
        if not works:
            raise self._failure("The packages are installed but cannot be loaded")
        torch, _, device = self.lines[-1].partition(" ")
        self._environment.finish(source, torch)
        return SetupResult(str(self._environment.python), torch, device, source.build.kind)

    def _make(self, source: Source) -> None:
        self._tell(Stage.MAKE_ENVIRONMENT, MAKE, 0.0)
        python = find_python(self._wanted.python, versions_for(self._wanted.wheels) if self._wanted.wheels else VERSIONS)
        self._environment.remove()
        self._environment.begin(source)
        self._made = True
        self._need([*python.command, "-m", "venv", str(self._environment.folder)], "Creating the environment failed")

    def _install(self, source: Source) -> None:
        python = self._environment.python
        command, count = commands.install_packages(python, source), len(pinned(commands.PACKAGES))
        self._pip(command, Stage.INSTALL_PACKAGES, "Installing packages failed", PACK, count)
        known = not source.wheels and not source.torch_index
        command, count = commands.install_torch(python, source), len(pinned(commands.TORCH)) if known else 1
        self._pip(command, Stage.INSTALL_PYTORCH, "Installing PyTorch failed", GET_TORCH, count)

    def _pip(self, command: list[str], stage: Stage, template: str, part: tuple[float, float], packages: int) -> None:
        self._tell(stage, part, 0.0)
        follower = Follower(packages, lambda fraction: self._tell(stage, part, fraction))
        self._need(command, template, follower.take)

    def _remove_damaged(self) -> None:
        """Uninstall packages with missing files, so that they are installed again."""
        found: list[str] = []
        python = self._environment.python
        self._runner.run([str(python), "-c", commands.DAMAGED], found.append)
        if found:
            self._need(commands.uninstall(python, found), "Removing damaged packages failed")

    def _works(self) -> bool:
        """Whether everything can be imported; if so, the last line has PyTorch's version and device."""
        self._tell(Stage.CHECK, CHECK, 0.0)
        python = str(self._environment.python)
        return not any(self._runner.run([python, "-c", program], self._say) for program in (commands.ALONE, commands.WORKS))

    def _need(self, command: Sequence[str], template: str, told: Callable[[str], bool] = bool) -> None:
        """Run a command that must succeed; shows the lines for which `told` returns true."""
        self._say(f"$ {' '.join(command)}")
        if self._runner.run(command, lambda line: self._say(line) if told(line) else None):
            raise self._failure(template)

    def _failure(self, template: str) -> TttlrmError:
        """The error for a failed command, with its last error message."""
        faults = [line for line in self.lines if line.startswith("ERROR: ")] or list(self.lines)[-1:]
        what, reasons = text(template), [faults[-1].removeprefix("ERROR: ").rstrip(".")] if faults else []
        hint = text("See {} for details, and try again to continue.", self._wanted.log)
        return TttlrmError("{}: {}." if reasons else "{}.", what, *reasons, hint=hint, code=Code.SETUP_FAILED)

    def _tell(self, stage: Stage, part: tuple[float, float], fraction: float) -> None:
        begin, end = part
        self.put(Progress(stage, begin + (end - begin) * fraction))

    def _say(self, line: str) -> None:
        self._log.write(line + "\n")
        self._log.flush()
        self.lines.append(line)
