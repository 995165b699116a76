# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine, under whichever name it has here: a part of the installed extension, or beside `operators` in a checkout."""

from importlib import import_module
from types import ModuleType

_HOUSE = __package__.rpartition("operators")[0]  # "bl_ext.user_default.tttlrm." when installed, "" in a checkout


def _room(name: str) -> ModuleType:
    return import_module(f"{_HOUSE}tttlrm_blender.{name}")


errors = _room("errors")
stages = _room("stages")
gaussians = _room("gaussians.gaussians")
transform = _room("gaussians.transform")
select = _room("gaussians.select")
ground = _room("gaussians.ground")
drawing = _room("gaussians.drawing")
cameras = _room("geometry.cameras")
camera_writers = _room("poses.camera_writers")
settings = _room("protocol.settings")
results = _room("protocol.results")
kinds = _room("protocol.kinds")
messages = _room("protocol.messages")
client = _room("client")
setup = _room("setup")
splat_files = _room("gaussians.formats.registry")
options = _room("commands.options")
files = _room("atomic_files")
