# SPDX-License-Identifier: GPL-3.0-or-later
"""Which back end draws splats on this machine, and why not a better one.

gsplat draws where its kernels are compiled or can be, else WebGPU on a real GPU, else the processor. TTTLRM_DEVICE, which
`--device` sets for this process and its children, names another: cpu, cuda, webgpu, or webgpu:NAME for an adapter by a part of
its name, which is the only way to a software adapter.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from threading import Thread

from ..errors import Code, Text, TttlrmError, text
from ..progress import Report
from . import hardware, trial
from .webgpu import device

VARIABLE = "TTTLRM_DEVICE"
AUTO = "auto"
KINDS = ("cuda", "webgpu", "cpu")  # the best first


@dataclass(frozen=True)
class Choice:
    """A back end, and why those that are better are not used."""

    backend: str  # a name for `rasterize`
    faults: dict[str, Text]  # by kind, sentences


_chosen: dict[str, Choice] = {}  # by what was wanted
_given_up: list[TttlrmError] = []  # what failed while WebGPU was in use


def choose(name: str) -> None:
    """Use the back end of this name in this process and its children, "auto" for the best. Raises as `drawing_backend`."""
    os.environ[VARIABLE] = name
    drawing_backend()


def drawing_backend() -> str:
    """The name of the back end that draws splats here. Raises `TttlrmError` if TTTLRM_DEVICE names one that cannot."""
    return choice().backend


def choice() -> Choice:
    """The back end that draws splats here, and why not a better one.

    Nobody waits for the trial of a GPU, which may take a minute: until its outcome is known, the processor draws.
    """
    wanted = os.environ.get(VARIABLE) or AUTO
    if wanted.startswith("webgpu") and _given_up:
        return Choice("cpu", {"webgpu": _given_up[-1].text})
    if wanted not in _chosen:
        found = _best() if wanted == AUTO else _named(wanted)
        if found.faults.get("webgpu") == trial.RUNNING:
            return found
        _chosen[wanted] = found
    return _chosen[wanted]


def name(backend: str) -> Text:
    """What a back end draws with, for people."""
    kind, _, adapter = backend.partition(":")
    if kind == "webgpu":
        return text("WebGPU ({})", device.adapter_name(adapter))
    return text("CUDA ({})", hardware.cuda_name()) if kind == "cuda" else text("Processor")


def prepare() -> None:
    """Begin what precedes the first picture, in the background: a worker does so at its start."""
    if os.environ.get(VARIABLE, AUTO) in ("", AUTO):
        Thread(target=choice, name="tttLRM drawing", daemon=True).start()


def faults() -> dict[str, Text]:
    """Why each kind of back end cannot draw splats here, the best first; empty texts if they can. Waits for the GPU's trial."""
    return {kind: _fault(kind) for kind in KINDS}


def give_up(error: TttlrmError) -> None:
    """Go on without WebGPU in this process, after it failed."""
    _given_up.append(error)
    device.renew_shared_device()
    _chosen.clear()


def tell_failure(report: Report) -> None:
    """Note that a GPU failed, if one did. One whose memory did not suffice may draw the next scene."""
    if _given_up:
        report.note(text("{} Splats were drawn by the processor instead.", _given_up[-1].text))
        if _given_up[-1].code == Code.OUT_OF_MEMORY:
            _given_up.clear()
            _chosen.clear()


def _named(wanted: str) -> Choice:
    fault = _fault(wanted)
    if fault and fault != trial.SLOW:  # whoever names a slow GPU gets it
        hint = text("Choose auto or one of {}.", ", ".join(sorted(KINDS)))
        raise TttlrmError("Splats cannot be drawn by {}. {}", wanted, fault, hint=hint, code=Code.NO_DEVICE)
    return Choice(wanted, {})


def _best() -> Choice:
    better: dict[str, Text] = {}
    for kind in KINDS[:-1]:
        fault = _fault(kind, wait=False)
        if not fault:
            return Choice(kind, better)
        better[kind] = fault
    return Choice("cpu", better)


def _fault(name: str, wait: bool = True) -> Text:
    """Why a back end cannot be used; an empty text if it can."""
    kind, colon, adapter = name.partition(":")
    if kind == "webgpu" and bool(colon) == bool(adapter):
        if _given_up:
            return _given_up[-1].text
        return trial.fault(adapter) if adapter else trial.fault_apart(wait)
    return hardware.fault(name) if name in KINDS else text("There is no such device.")
