# SPDX-License-Identifier: GPL-3.0-or-later
"""Failures that a person can act on, and their texts: templates with values, translated before they are filled in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from numbers import Integral, Real
from pathlib import Path

AGAIN = "Copy or export the file again."
SHOWN = 10  # names in a message at most
FIELD = re.compile(r"\{(!r)?(?::(,?(?:\.\d)?[dfg%]?))?\}")  # the only fields: none reaches inside a value


@dataclass(frozen=True)
class Text:
    """An English template with a field such as `{}`, `{!r}` or `{:.1f}` for each value; a value can itself be a text.

    `str(text)` is finished English. Made with `text`.
    """

    template: str = ""
    values: tuple[str | int | float | Path | Text, ...] = ()

    def with_values(self, change: Callable[[str | int | float | Path], str | int | float | Path | Text]) -> Text:
        """The text with every value changed, in nested texts too."""
        values = (value.with_values(change) if isinstance(value, Text) else change(value) for value in self.values)
        return Text(self.template, tuple(values))

    def __bool__(self) -> bool:
        """Whether the text is not empty."""
        return bool(self.template)

    def __str__(self) -> str:
        return self.worded(str)

    def worded(self, translate: Callable[[str], str]) -> str:
        """The finished text, after translating its template and those of nested texts. Never raises, whatever they contain."""
        values = (value.worded(translate) if isinstance(value, Text) else value for value in self.values)
        return FIELD.sub(lambda field: _filled(field, values), translate(self.template))


def text(template: str, *values: object) -> Text:
    """A text from a constant template and its values; values other than texts, paths and numbers become strings."""
    return Text(template, tuple(map(_kept, values)))


def listed(values: Sequence[object], between: str = ", ") -> Text:
    """One text of several texts or other values in a row."""
    return Text(between.join(["{}"] * len(values)), tuple(map(_kept, values)))


def some(names: Sequence[str]) -> Text:
    """The names in a row, or the first of many and the number of the others."""
    if len(names) <= SHOWN:
        return text("{}", ", ".join(names))
    return text("{} and {} others", ", ".join(names[:SHOWN]), len(names) - SHOWN)


def as_text(words: str | Text) -> Text:
    """A text, or a template without values as one."""
    return words if isinstance(words, Text) else Text(words)


def _kept(value: object) -> str | int | float | Path | Text:
    if isinstance(value, Text | Path):
        return value
    if isinstance(value, OSError) and value.strerror:  # without its path
        return value.strerror
    if isinstance(value, bool) or not isinstance(value, Real):
        return str(value)
    return int(value) if isinstance(value, Integral) else float(value)


def _filled(field: re.Match[str], values: Iterator[str | int | float | Path]) -> str:
    for value in values:
        plain = str(value) if isinstance(value, Path) else value
        try:
            return repr(plain) if field[1] else format(plain, field[2] or "")
        except (ValueError, OverflowError):  # a number's format for something else
            return str(plain)
    return field[0]


class Code(StrEnum):
    """The kind of a failure, for programs to branch on.

    On the wire a code is its text, and a newer worker may send others.
    """

    # General
    FAILED = "failed"  # any failure without a code of its own
    INTERNAL = "internal"  # a bug, whose traceback is in the worker's log
    USAGE = "usage"  # a command was called with unusable options
    BUSY = "busy"  # another job is running in this Blender
    # Photos, videos and cameras
    NO_PHOTOS = "no_photos"  # photos are needed, but there are none, or none that can be used
    BAD_PHOTO = "bad_photo"  # a photo or its mask cannot be read, or has changed
    PHOTOS_GONE = "photos_gone"  # the worker's copies of a scene's photos no longer exist
    BAD_VIDEO = "bad_video"  # a video cannot be read, or gives too few frames
    BAD_MODEL = "bad_model"  # the model that removes backgrounds cannot be used
    NO_POSES = "no_poses"  # cameras of photos are missing, or could not be estimated
    BAD_POSES = "bad_poses"  # a file of camera poses cannot be used
    SFM_FAILED = "sfm_failed"  # the process that estimates poses failed
    NO_CAMERAS = "no_cameras"  # cameras are needed, but there are none
    BAD_CAMERA = "bad_camera"  # a Blender camera or lens that photos cannot have
    # Splats, meshes and editing
    NO_SPLATS = "no_splats"  # there are no splats, or none remain
    BAD_SPLATS = "bad_splats"  # a file is not a splat file, or is damaged
    NOTHING_SELECTED = "nothing_selected"  # no splats are selected
    BAD_TRANSFORM = "bad_transform"  # splats cannot be transformed by this matrix
    NO_VOLUME = "no_volume"  # no object encloses a volume in which to look for splats
    NO_GROUND = "no_ground"  # no ground was found
    NO_POINTS = "no_points"  # a distance needs two points
    BAD_DISTANCE = "bad_distance"  # two points coincide
    NO_VIEW = "no_view"  # there is no 3D view to select in
    NO_MESH = "no_mesh"  # the scene has no mesh
    NO_SURFACE = "no_surface"  # splats show no surface from which to make a mesh
    BAD_BLEND = "bad_blend"  # a .blend file cannot be opened
    # Settings, networks and devices
    BAD_SETTINGS = "bad_settings"  # settings are invalid, or do not fit the scene
    BAD_CHECKPOINT = "bad_checkpoint"  # a file is not a tttLRM checkpoint
    BAD_WEIGHTS = "bad_weights"  # a file does not contain the weights of LPIPS
    BAD_STATE = "bad_state"  # a file does not contain the state of a training run
    OUT_OF_MEMORY = "out_of_memory"  # main memory or GPU memory ran out
    NO_DEVICE = "no_device"  # a GPU is needed, but there is none
    NO_CUDA = "no_cuda"  # splats to be drawn by the GPU are not on it
    NO_GSPLAT = "no_gsplat"  # gsplat does not load
    GPU_FAILED = "gpu_failed"  # the driver of a GPU failed, or was reset
    NO_PACKAGE = "no_package"  # an optional package is missing
    # Files
    BAD_FILE = "bad_file"  # a file to be sent cannot be read
    CANNOT_READ = "cannot_read"  # a file cannot be read at the moment
    CANNOT_WRITE = "cannot_write"  # a file or folder cannot be written: the disk is full, for example
    # The wire, from either side
    BAD_MESSAGE = "bad_message"  # a message cannot be read, or is too large
    VERSION_MISMATCH = "version_mismatch"  # worker and client have incompatible versions
    WRONG_TOKEN = "wrong_token"  # the client does not know the worker's token
    BAD_JOB = "bad_job"  # the worker has no such job
    NO_SCENE = "no_scene"  # the worker does not have this scene, or it has not been reconstructed yet
    BAD_NAME = "bad_name"  # a scene's name is too long
    BAD_PATH = "bad_path"  # a path is outside the scene's folder
    BAD_UPLOAD = "bad_upload"  # the parts of a file do not fit together
    TOO_LARGE = "too_large"  # a file or scene is larger than the worker allows
    TOO_MANY_CONNECTIONS = "too_many_connections"  # the worker has reached its limit of connections
    TOO_MANY_UPLOADS = "too_many_uploads"  # a connection has reached its limit of simultaneous uploads
    TOO_MANY_SCENES = "too_many_scenes"  # the worker has reached its limit of scenes
    QUEUE_FULL = "queue_full"  # the worker has reached its limit of waiting jobs
    STOPPING = "stopping"  # the worker is stopping and takes no more jobs
    UNREAD = "unread"  # a result was dropped because the client reads too slowly
    # A client connecting to a worker
    NO_WORKER = "no_worker"  # no worker answers or can be started
    WORKER_DIED = "worker_died"  # the worker that this client started has ended
    WORKER_LOST = "worker_lost"  # the connection was lost
    CLOSED = "closed"  # the connection was closed from this side
    NO_TLS = "no_tls"  # the server does not use TLS
    NO_FINGERPRINT = "no_fingerprint"  # a worker on another machine needs its certificate's fingerprint
    WRONG_FINGERPRINT = "wrong_fingerprint"  # the worker has a different certificate than expected
    NO_TOKEN = "no_token"  # the file with the worker's token cannot be read
    OFFLINE = "offline"  # Blender may not go online
    OUT_OF_REACH = "out_of_reach"  # the worker was not started from here, so its Python cannot be checked
    # A worker starting up
    BAD_TOKEN = "bad_token"  # the token is too short, its file cannot be used, or others may read it
    BAD_CERTIFICATE = "bad_certificate"  # the certificate or its key cannot be used
    BAD_LOG = "bad_log"  # the log cannot be written
    NO_PORT = "no_port"  # the worker cannot listen at this address
    NOT_LOOPBACK = "not_loopback"  # the worker serves other machines only with TLS
    FOLDER_IN_USE = "folder_in_use"  # another worker uses the folder of scenes
    NO_ENGINE = "no_engine"  # the worker's Python lacks packages of the engine
    NO_BLENDER = "no_blender"  # a command needs Blender, but none was found
    # Setting up a worker
    NOT_INSTALLED = "not_installed"  # only the installed extension can set up a worker
    NO_PYTHON = "no_python"  # no Python is suitable
    NO_BUILD = "no_build"  # PyTorch has no build for this machine
    NO_WHEELS = "no_wheels"  # the folder of wheels lacks PyTorch
    BAD_FOLDER = "bad_folder"  # the folder for the environment contains something else
    LONG_PATH = "long_path"  # paths of PyTorch's files in this folder are too long for Windows
    SETUP_FAILED = "setup_failed"  # installing failed


class TttlrmError(Exception):
    """A failure in two sentences: what happened and to which file, and what to do about it.

    `text` and `advice` are the two as templates with values, `sentence` and `hint` as finished English. `code` is a `Code`, or
    the unknown code of a newer worker.
    """

    def __init__(self, template: str | Text, *values: object, hint: str | Text = "", code: str = Code.FAILED) -> None:
        """`template` is a constant English string with a field for each of `values`, as in `Text`."""
        self.text = template if isinstance(template, Text) else text(template, *values)
        self.advice, self.code = as_text(hint), code
        super().__init__(self.text)

    @property
    def words(self) -> Text:
        """Both sentences as one text."""
        return text("{} {}", self.text, self.advice) if self.advice else self.text

    @property
    def sentence(self) -> str:
        """What happened, in English."""
        return str(self.text)

    @property
    def hint(self) -> str:
        """What to do about it, in English, or an empty string."""
        return str(self.advice)

    def __str__(self) -> str:
        return str(self.words)


def bad_splats(template: str, path: Path, *values: object, hint: str | Text = AGAIN) -> TttlrmError:
    """The error for a file of splats, or a GLB file, that cannot be read."""
    return TttlrmError(template, path, *values, hint=hint, code=Code.BAD_SPLATS)


class Cancelled(Exception):
    """A running job was canceled."""


# Parts of the messages of CUDA, torch, C++ and oneDNN.
SHORTAGE = ("out of memory", "can't allocate memory", "bad_alloc", "ALLOC_FAILED", "could not create a primitive")


def lacks_memory(error: BaseException) -> bool:
    """Whether an error says that main memory or an accelerator's memory ran out."""
    says_so = isinstance(error, RuntimeError) and any(words in str(error) for words in SHORTAGE)
    return says_so or isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"
