# SPDX-License-Identifier: GPL-3.0-or-later
"""Create, complete and repair the worker's environment in the background."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .. import errors
from ..client import Job
from ..errors import Code, TttlrmError, text
from ..protocol.messages import Cancelled, Done, Event, Failed, Note, Progress
from ..stages import Stage
from . import commands
from .commands import Follower, Source, pinned
from .environment import Environment
from .faults import in_download, reason, with_log
from .isolation import pip_environment, user_settings
from .machine import choose_build, look
from .process import Runner
from .pythons import VERSIONS, find_python, versions_for

LAST_LINES = 4  # lines of the log that are shown
# Start and end of each part of the work, as shares of the whole.
LOOK, MAKE, PACK = (0.0, 0.02), (0.02, 0.06), (0.06, 0.39)
PACK_OPTIONAL, GET_TORCH, CHECK = (0.39, 0.4), (0.4, 0.95), (0.95, 1.0)


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
        self._pip_log = wanted.log.with_name("pip.log")  # what pip does in detail
        self._runner = Runner()
        self._versions = VERSIONS  # of Python
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
            where = error.filename or self._wanted.folder
            why = TttlrmError("Setting up the worker failed: {}: {}.", where, error, hint=hint, code=Code.SETUP_FAILED)
            event = Failed.of(why)
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
        self._environment.check()
        if self._wanted.wheels:
            self._versions = versions_for(self._wanted.wheels)
        source = Source(choose_build(look(), self._wanted.build), self._wanted.index, self._wanted.wheels)
        self._say(f"PyTorch as pinned in {source.torch.name}, from {source.wheels or source.torch_index or 'PyPI'}")
        return source

    def _complete(self, source: Source) -> SetupResult:
        if self._environment.state == "damaged":
            self._say(f"The note in {self._wanted.folder} about its setup is damaged: the environment is made anew.")
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
            raise self._failure("The packages are installed but cannot be loaded", self.lines)
        torch, _, device = self.lines[-1].partition(" ")
        self._environment.finish(source, torch)
        return SetupResult(str(self._environment.python), torch, device, source.build.kind)

    def _make(self, source: Source) -> None:
        self._tell(Stage.MAKE_ENVIRONMENT, MAKE, 0.0)
        python = find_python(self._wanted.python, self._versions)
        self._environment.remove()
        self._environment.begin(source)
        self._made = True
        folder = self._environment.folder.resolve()  # venv refuses a link
        self._need([*python.command, "-m", "venv", str(folder)], "Creating the environment failed")

    def _install(self, source: Source) -> None:
        python = self._environment.python
        settings = {} if source.wheels else user_settings(python)
        command, variables = commands.install_packages(python, source, commands.PACKAGES), pip_environment(settings)
        self._pip(command, variables, commands.PACKAGES, Stage.INSTALL_PACKAGES, "Installing packages failed", PACK)
        self._install_optional(commands.install_packages(python, source, commands.OPTIONAL), variables)
        command, variables = commands.install_torch(python, source), pip_environment(settings, indexes=not source.torch_index)
        self._pip(command, variables, source.torch, Stage.INSTALL_PYTORCH, "Installing PyTorch failed", GET_TORCH)

    def _install_optional(self, command: list[str], variables: dict[str, str]) -> None:
        """Install what the engine can do without; where that fails, a note says so, and the setup goes on."""
        pins = commands.OPTIONAL
        try:
            self._pip(command, variables, pins, Stage.INSTALL_PACKAGES, "Installing wgpu failed", PACK_OPTIONAL)
        except TttlrmError as error:
            self._say(error.sentence)
            self.put(Note(text("{} The setup goes on without it; only CUDA and the processor draw splats then.", error.text)))

    def _pip(
        self,
        command: list[str],
        variables: dict[str, str],
        pins: Path,  # file with the packages to be installed
        stage: Stage,
        template: str,
        part: tuple[float, float],
    ) -> None:
        self._tell(stage, part, 0.0)
        follower = Follower(len(pinned(pins)), lambda fraction: self._tell(stage, part, fraction))
        self._pip_log.unlink(missing_ok=True)
        self._need([*command, "--log", str(self._pip_log)], template, follower.take, variables)

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

    def _need(
        self,
        command: Sequence[str],
        template: str,
        told: Callable[[str], bool] = bool,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        """Run a command that must succeed; shows the lines for which `told` returns true."""
        self._say(f"$ {' '.join(command)}")
        said: list[str] = []

        def take(line: str) -> None:
            if told(line):
                self._say(line)
                said.append(line)

        if self._runner.run(command, take, variables):
            raise self._failure(template, with_log(said, self._pip_log))

    def _failure(self, template: str, said: Sequence[str]) -> TttlrmError:
        """The error for a failed command that said these lines."""
        hint = text("See {} for details, and try again to continue.", self._wanted.log)
        what, why = text("The download failed") if in_download(said) else text(template), reason(said)
        if why is None:
            return TttlrmError("{}.", what, hint=hint, code=Code.SETUP_FAILED)
        return TttlrmError("{}: {}.", what, why, hint=hint, code=Code.SETUP_FAILED)

    def _tell(self, stage: Stage, part: tuple[float, float], fraction: float) -> None:
        begin, end = part
        self.put(Progress(stage, begin + (end - begin) * fraction))

    def _say(self, line: str) -> None:
        self._log.write(line + "\n")
        self._log.flush()
        self.lines.append(line)
