# SPDX-License-Identifier: GPL-3.0-or-later
"""The worker program: options, token, start and end."""

from __future__ import annotations

import argparse
import asyncio
import faulthandler
import json
import logging
import os
import secrets
import signal
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from filelock import FileLock, Timeout

from .. import __version__, shared_place
from ..atomic_files import make_folder
from ..cache import kept_folder
from ..errors import Code, TttlrmError, text
from ..scratch import sweep
from . import logs
from .certificate import config_folder, own_certificate, tls
from .limits import Limits, limit
from .server import Server

MIN_TOKEN = 16
LOOK_SECONDS = 0.25  # between looks whether a shared worker has clients, and is announced
MOST_WORKERS = 100  # concurrent workers of one user

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Registry:
    """The capabilities of a worker."""

    jobs: Mapping[str, Any]  # kinds of jobs by name
    make_scene: Callable[[Path], Any]  # from the folder of its photos
    release: Callable[[], None] = lambda: None  # frees memory that jobs share
    prepare: Callable[[], None] = lambda: None  # begins in the background what jobs would have to wait for


@dataclass(frozen=True)
class Options:
    """The options of a worker."""

    host: str = "127.0.0.1"
    port: int = 0  # 0 for any free one
    token_file: Path | None = None  # created if it is missing; ignored if TTTLRM_TOKEN is set
    folder: Path | None = None  # of stored scenes; None for the user's cache
    log: Path | None = None  # mentioned in errors
    grace: float = 0.0  # seconds for a running job to end when the worker is asked to stop
    limits: Sequence[tuple[str, float]] = ()  # by name, overriding those of `Limits`
    allow_files: bool = False  # let clients refer to any file of this machine, as those of an `owned` worker may
    tls: bool = False  # encrypt connections, required for other machines
    certificate: Path | None = None  # for encryption; None for a generated one beside the token file
    key: Path | None = None  # of the certificate; None if its file contains the key
    owned: bool = False  # end when standard input is closed, as it is when the parent process is gone
    shared: float = 0.0  # write `shared_place`, and end after so many seconds without a client; 0 for neither


@dataclass(frozen=True)
class Ready:
    """The address of a worker that is ready."""

    host: str
    port: int
    pid: int
    token_file: str | None  # None if the token is from TTTLRM_TOKEN
    fingerprint: str | None = None  # SHA-256 of the certificate; None without TLS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options for users to a parser, named as in `Options`."""
    parser.add_argument("--host", default="127.0.0.1", help="address of this machine to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=0, help="port to listen on (default: any free one)")
    parser.add_argument("--token-file", type=Path, help="file with the token of the worker, created if it is missing")
    parser.add_argument("--tls", action="store_true", help="encrypt connections, with a certificate generated at first use")
    parser.add_argument("--certificate", type=Path, metavar="FILE", help="encrypt connections with this certificate (PEM)")
    parser.add_argument("--key", type=Path, metavar="FILE", help="the certificate's key (default: in the same file)")
    parser.add_argument("--allow-files", action="store_true", help="let settings of clients refer to any file of this machine")
    parser.add_argument("--folder", type=Path, help="folder of the scenes (default: in the user's cache)")
    help = "seconds for a running job to end when the worker is asked to stop (default: %(default)g)"
    parser.add_argument("--grace", type=float, default=0.0, metavar="SECONDS", help=help)
    help = "change a limit on clients, such as jobs=100; can be repeated; see docs/worker.md for all limits"
    parser.add_argument("--limit", type=limit, action="append", default=[], dest="limits", metavar="NAME=VALUE", help=help)


def load_jobs() -> Registry:
    """Load the jobs of the pipeline. Raises `TttlrmError` if this Python lacks a package."""
    try:
        from ..pipeline.drawing import prepare_drawing
        from ..pipeline.jobs import JOBS
        from ..pipeline.networks import release_memory
        from ..pipeline.store import open_scene
    except ImportError as error:
        raise TttlrmError(
            "The worker's Python {} cannot run the engine: {}.",
            sys.executable,
            error,
            hint="Install the packages of tttLRM there, or choose another Python.",
            code=Code.NO_ENGINE,
        ) from error
    return Registry(JOBS, open_scene, release_memory, prepare_drawing)


def serve(options: Options, ready: Callable[[Ready], None], load: Callable[[], Registry] = load_jobs) -> None:
    """Run a worker until it is interrupted; `ready` is called once clients can connect. Raises `TttlrmError`.

    Must be called from the main thread. If the last job does not stop, ends the process instead of returning.
    """
    registry = load()
    sweep()
    with own_folder(options.folder or kept_folder("scenes"), options.owned) as folder:
        token, token_file = _token(options.token_file, folder)
        limits = replace(Limits(), **dict(options.limits))  # type: ignore[arg-type]
        any_file = options.allow_files or options.owned or bool(options.shared)
        server = Server(registry.jobs, registry.make_scene, folder, token, options.log, limits, any_file, registry.release)
        context, fingerprint = _tls(options)
        registry.prepare()

        def listening(host: str, port: int) -> None:
            logs.log_event(logger, "worker_serving", host=host, port=port, pid=os.getpid(), version=__version__)
            ready(Ready(host, port, os.getpid(), str(token_file) if token_file else None, fingerprint))

        try:
            announce = partial(shared_place.Announcement, folder, token=token)
            ended = asyncio.run(_until_stopped(server, options, listening, announce, context))
        finally:
            if options.shared:
                shared_place.withdraw(folder)
    logs.log_event(logger, "worker_stopped")
    if not ended:  # the job is stuck in native code: exit without waiting for its thread
        logging.shutdown()
        os._exit(1)


@contextmanager
def own_folder(wanted: Path, another: bool) -> Iterator[Path]:
    """Lock a folder against other workers within the block: the wanted one or, if allowed, `another` beside it.

    Raises `TttlrmError`, with code "folder_in_use" if another worker has it.
    """
    for folder in [wanted, *(wanted.with_name(f"{wanted.name}-{number}") for number in range(2, MOST_WORKERS) if another)]:
        make_folder(folder)
        lock = FileLock(folder / "lock")
        try:
            lock.acquire(timeout=0)
            with TemporaryFile(dir=folder):  # finds out whether scenes can be stored
                pass
        except Timeout:
            continue
        except (OSError, NotImplementedError) as error:  # the latter where a disk cannot lock files
            lock.release()
            raise _unusable(folder, error) from error
        try:
            yield folder
        finally:
            lock.release()
        return
    raise TttlrmError(
        "Another worker is using the scenes in {}.", wanted, hint="Stop that worker, or give --folder.", code=Code.FOLDER_IN_USE
    )


def _unusable(folder: Path, error: Exception) -> TttlrmError:
    why = error.strerror if isinstance(error, OSError) else str(error)
    hint = "Give --folder another one that can be written to."
    return TttlrmError("The folder of scenes {} cannot be used: {}.", folder, why, hint=hint, code=Code.CANNOT_WRITE)


async def _until_stopped(
    server: Server,
    options: Options,
    listening: Callable[[str, int], None],
    announce: Callable[[str, int], shared_place.Announcement],
    context: ssl.SSLContext | None,
) -> bool:
    loop, stop, hurry = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()

    def ask_to_stop(*_: Any) -> None:
        loop.call_soon_threadsafe(lambda: (hurry if stop.is_set() else stop).set())

    signal.signal(signal.SIGINT, ask_to_stop)
    signal.signal(signal.SIGTERM, ask_to_stop)
    if options.owned or options.shared:
        signal.signal(signal.SIGINT, lambda *_: None)  # Ctrl+C in the owner's terminal is handled by the owner
    if options.owned:
        threading.Thread(target=_await_owner, args=(ask_to_stop,), daemon=True).start()
    watch: list[asyncio.Task[None]] = []  # of a shared worker

    def serving(host: str, port: int) -> None:
        if options.shared:
            announcement = announce(host, port)
            watch.append(asyncio.create_task(_await_nobody(server, options.shared, announcement, stop)))
        listening(host, port)

    try:
        return await server.run(options.host, options.port, serving, stop, options.grace, context, hurry)
    finally:
        for task in watch:
            task.cancel()


async def _await_nobody(server: Server, seconds: float, announcement: shared_place.Announcement, stop: asyncio.Event) -> None:
    """Ask to stop once there has been no client for so long, or once there is none and the announcement is gone."""
    since = time.monotonic()
    while time.monotonic() - since < seconds:
        await asyncio.sleep(min(seconds / 4, LOOK_SECONDS))
        if server.clients:
            since = time.monotonic()
        if not announcement.is_there():
            if not server.clients:
                break
            with suppress(TttlrmError):  # the disk is full now; the next look may find it otherwise
                announcement.write()  # for clients that are to come, as another came meanwhile
    stop.set()


def _await_owner(then: Callable[[], None]) -> None:
    while os.read(0, 4096):  # not sys.stdin, whose lock would be held at interpreter exit
        pass
    then()


def _tls(options: Options) -> tuple[ssl.SSLContext | None, str | None]:
    """The TLS context and the certificate's fingerprint; None without encryption."""
    if options.key and not options.certificate:
        raise TttlrmError("A key was given without its certificate.", hint="Give --certificate too.", code=Code.BAD_CERTIFICATE)
    if options.certificate:
        return tls(options.certificate, options.key)
    if options.tls:
        return tls(own_certificate(options.token_file.absolute().parent if options.token_file else config_folder()))
    return None, None


def _token(file: Path | None, folder: Path) -> tuple[str, Path | None]:
    given = os.environ.pop("TTTLRM_TOKEN", "")  # hidden from processes that jobs start
    source = None if given else (file or folder / "token")
    token = given or _token_of(source)  # type: ignore[arg-type]
    if not token.isprintable():  # with bytes that are no text, or line breaks
        raise TttlrmError("The token contains characters that no text has.", hint="Use letters and digits.", code=Code.BAD_TOKEN)
    if len(token) < MIN_TOKEN:
        raise TttlrmError("The token is too short: at least {} characters.", MIN_TOKEN, code=Code.BAD_TOKEN)
    return token, source


def _token_of(file: Path) -> str:
    """The token in a file, made if the file is missing, or empty, as a full disk leaves it. Raises `TttlrmError`."""
    try:
        if file.is_file() and not file.stat().st_size:
            file.unlink()
        if not file.exists():
            _write_token(file)
        elif os.name == "posix" and file.stat().st_mode & 0o077:
            raise TttlrmError(
                "Other users can read the token in {}.", file, hint=text("Run: chmod 600 {}", file), code=Code.BAD_TOKEN
            )
        return file.read_text(encoding="utf-8-sig").strip()
    except OSError as error:
        raise TttlrmError("The token file {} cannot be used: {}.", file, error.strerror, code=Code.BAD_TOKEN) from error
    except UnicodeDecodeError:
        hint = "Delete it, and the worker makes another, or save it as UTF-8."
        raise TttlrmError("The token file {} is not a text in UTF-8.", file, hint=hint, code=Code.BAD_TOKEN) from None


def _write_token(file: Path) -> None:
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as new:
        try:
            new.write(secrets.token_urlsafe(32))
            new.flush()
        except OSError:  # the disk is full
            file.unlink()
            raise


def main(arguments: list[str] | None = None, load: Callable[[], Registry] = load_jobs) -> None:
    """Run the program. It prints one line of JSON with its address to standard output, everything else to standard error."""
    parser = argparse.ArgumentParser(prog="python -m tttlrm_blender.worker", description="Serve tttLRM jobs on this machine.")
    add_arguments(parser)
    parser.add_argument("--log", type=Path, help="file for the worker's log and output")
    parser.add_argument("--owned", action="store_true", help="end when standard input ends")
    help = "tell other processes where this worker is, and end after so many seconds without a client"
    parser.add_argument("--shared", type=float, default=0.0, metavar="SECONDS", help=help)
    options = Options(**vars(parser.parse_args(arguments)))
    try:
        announcement = _redirect(options.log)

        def announce(ready: Ready) -> None:
            with os.fdopen(announcement, "w") as line:
                print(json.dumps(asdict(ready)), file=line)

        serve(options, announce, load)
    except TttlrmError as error:
        print(error, file=sys.stderr)
        sys.exit(shared_place.IN_USE if error.code == Code.FOLDER_IN_USE else 1)


def _redirect(log: Path | None) -> int:
    """Redirect all output to the log or to standard error; returns a descriptor of the original standard output."""
    output = os.dup(1)
    if log:
        try:
            os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), 2)
        except OSError as error:
            raise logs.unwritable(log, error) from error
    os.dup2(2, 1)
    faulthandler.enable()
    logs.set_up()
    return output
