# SPDX-License-Identifier: GPL-3.0-or-later
"""The GPUs of this machine, and devices on them."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import Code, Text, TttlrmError, text
from .buffers import ALIGNED, Array, Rows
from .faults import faults_as_sentences
from .link import Link
from .program import Constant, Passes, Program

# Used where an adapter has them; `Device.has` tells.
FEATURES = FLOAT_ATOMICS, SUBGROUPS, TIMESTAMPS = "shader-float32-atomic", "subgroup", "timestamp-query"
# Asked for at the highest that the adapter offers, as devices get the lowest otherwise.
LIMITS = (
    "max-buffer-size",
    "max-storage-buffer-binding-size",
    "max-storage-buffers-per-shader-stage",
    "max-compute-workgroup-storage-size",
    "max-compute-workgroups-per-dimension",
)
BEST = ("DiscreteGPU", "IntegratedGPU", "Unknown")  # types of adapters that are chosen unnamed; the rest is software
GRAPHICS = ("dri/renderD*", "nvidia[0-9]*", "dxg")  # graphics devices of Linux, and of Linux on Windows
INSTALL = "Install the GPU's driver, or choose the cpu rasterizer."
GROUP = 256  # threads of a workgroup, which every WebGPU device allows


class Device(Link):
    """An opened GPU: makes arrays, compiles programs and runs them. Made by `open_device`.

    Calls from several threads must hold `lock` from the first to the last call of what belongs together.
    """

    def __init__(self, adapter: Any, limits: Mapping[str, int], without: Sequence[str]) -> None:
        wanted = {name: adapter.limits[name] for name in LIMITS} | dict(limits)
        features = [name for name in FEATURES if name in adapter.features and name not in without]
        with faults_as_sentences():
            handle = adapter.request_device_sync(required_features=features, required_limits=wanted)
        super().__init__(handle, wanted, frozenset(features))
        self.name, self.software = adapter.info["device"], adapter.info["adapter_type"] not in BEST
        self.smallest_subgroup = int(adapter.info.get("subgroup_min_size") or adapter.info.get("stackgroup_min_size") or 4)
        self._programs: dict[Any, Program] = {}

    def has(self, feature: str) -> bool:
        """Whether the device has one of the `FEATURES`."""
        return feature in self.features

    def array(self, values: np.ndarray) -> Array:
        """A copy of values of 4 bytes, or of a structure of them."""
        made = Array(self, values.shape, values.dtype)
        made.write(values)
        return made

    def empty(self, shape: tuple[int, ...], dtype: Any = np.float32) -> Array:
        """An array of zeros; WebGPU leaves no memory uninitialized."""
        return Array(self, shape, dtype)

    def program(self, *files: str, entry: str = "main", **constants: Constant) -> Program:
        """The program of some WGSL files with constants of the types bool, u32 (int) and f32 (float)."""
        key = (files, entry, tuple(sorted((name, type(value), value) for name, value in constants.items())))
        if key not in self._programs:
            self._programs[key] = Program(self, files, entry, constants)
        return self._programs[key]

    def passes(self) -> Passes:
        """A block in which programs are run; see `Passes`."""
        return Passes(self)

    def groups(self, count: int, size: int = GROUP) -> tuple[int, int]:
        """Workgroups of `size` threads for `count` elements, in two dimensions where one does not allow so many.

        A program finds its element as (group.y * groups.x + group.x) * size + thread, which may lie beyond the last element.
        """
        number, most = -(-count // size), self.limits["max-compute-workgroups-per-dimension"]
        rows = -(-number // most)
        return (-(-number // max(rows, 1)), rows)

    def parts(self, *arrays: Array) -> list[list[Rows]]:
        """Arrays of equally many rows, or as many of their rows at a time as fit in bindings."""
        count = len(arrays[0])
        widest = max(array.nbytes for array in arrays) // max(count, 1)
        step = self.largest_binding // max(widest, 1) // ALIGNED * ALIGNED
        return [[array.rows(start, min(start + step, count)) for array in arrays] for start in range(0, count, step)]

    def close(self) -> None:
        """Destroy the device with all its arrays."""
        self.handle.destroy()


def open_device(name: str = "", limits: Mapping[str, int] | None = None, without: Sequence[str] = ()) -> Device:
    """A new device on the best GPU, or on the adapter whose name contains `name`; software adapters only if named.

    `limits` lowers limits and `without` leaves out features, for tests. Raises `TttlrmError` where there is none.
    """
    return Device(_chosen(name), limits or {}, without)


@cache
def shared_device(name: str = "") -> Device:
    """The device of that name which all who draw share; opened at the first call. See `open_device`."""
    return open_device(name)


def renew_shared_device() -> None:
    """Let the next call of `shared_device` open a new one, after one was lost."""
    shared_device.cache_clear()


def adapters() -> list[Any]:
    """The adapters of all GPUs and of software Vulkan, the best first. Raises `TttlrmError` where wgpu does not load."""
    found = [adapter for adapter in _adapters() if adapter.info["backend_type"] != "OpenGL"]
    return sorted(found, key=lambda adapter: _rank(adapter.info))


def _rank(info: Mapping[str, str]) -> tuple[int, bool]:
    """Better adapters come first; DirectX comes last, whose old compiler refuses programs that others take."""
    kind = info["adapter_type"]
    return BEST.index(kind) if kind in BEST else len(BEST), info["backend_type"] == "D3D12"


def fault(name: str = "") -> Text:
    """Why there is no device of this name; an empty text if there is one."""
    try:
        _chosen(name)
    except TttlrmError as error:
        return error.text
    return Text()


def adapter_name(name: str = "") -> str:
    """The full name of the GPU that `open_device` takes. Raises what it raises."""
    return str(_chosen(name).info["device"])


def _chosen(name: str) -> Any:
    found = adapters()
    for adapter in found:
        kind, full = adapter.info["adapter_type"], f"{adapter.info['device']} {adapter.info['vendor']}"
        if (kind in BEST and not name) or (name and name.lower() in full.lower()):
            return adapter
    names = ", ".join(adapter.info["device"] for adapter in found) or "none"
    if name:
        raise TttlrmError("WebGPU finds no adapter called {!r}.", name, hint=text("There are: {}.", names), code=Code.NO_DEVICE)
    if found:
        raise TttlrmError("WebGPU finds no GPU, only {}, which is software.", names, hint=INSTALL, code=Code.NO_DEVICE)
    raise TttlrmError("WebGPU finds no GPU.", hint=INSTALL, code=Code.NO_DEVICE)


def has_hardware() -> bool:
    """Whether the system may have a GPU; only Linux tells without its driver, which takes a third of a second to find none."""
    found = (path for pattern in GRAPHICS for path in Path("/dev").glob(pattern))
    return not sys.platform.startswith("linux") or any(found)


@cache
def _adapters() -> list[Any]:
    try:
        import wgpu
        from wgpu.backends.wgpu_native.extras import set_instance_extras
    except Exception as error:  # a broken installation raises all kinds of exceptions
        hint = "Install it with pip install wgpu, or choose the cpu rasterizer."
        raise TttlrmError(
            "Drawing through WebGPU needs wgpu, which does not load: {}.",
            str(error) or type(error).__name__,
            hint=hint,
            code=Code.NO_PACKAGE,
        ) from error
    wgpu.logger.setLevel(logging.CRITICAL)  # whatever it logs is raised too
    with faults_as_sentences():
        set_instance_extras(backends=("Primary",))  # without OpenGL, which prints errors where there is no screen
        return list(wgpu.gpu.enumerate_adapters_sync())
