# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong with a GPU, as sentences."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ...errors import Code, TttlrmError, lacks_memory

LOST = "device is lost"  # part of the messages about a device that was reset, removed or destroyed
INSTEAD = "Choose the cpu rasterizer, or update the graphics driver."


@contextmanager
def faults_as_sentences() -> Iterator[None]:
    """Raise whatever fails in the driver or in wgpu as `TttlrmError`."""
    import wgpu

    try:
        yield
    except (wgpu.GPUError, wgpu.GPUPipelineError, RuntimeError, MemoryError) as error:
        raise _sentence(error) from error


def too_large(bytes_wanted: int, bytes_allowed: int) -> TttlrmError:
    """The error for an array that no buffer of the GPU can hold."""
    return TttlrmError(
        "The GPU allows arrays of {:,d} MB, but {:,d} MB are needed.",
        bytes_allowed >> 20,
        -(-bytes_wanted >> 20),
        hint="Use fewer splats or smaller photos, or choose the cpu rasterizer.",
        code=Code.OUT_OF_MEMORY,
    )


def _sentence(error: BaseException) -> TttlrmError:
    if lacks_memory(error):
        hint = "Use fewer splats or smaller photos, or choose the cpu rasterizer."
        return TttlrmError("The GPU ran out of memory.", hint=hint, code=Code.OUT_OF_MEMORY)
    if LOST in str(error):
        return TttlrmError("The GPU stopped answering: its driver was reset or removed.", hint=INSTEAD, code=Code.GPU_FAILED)
    last = (str(error).strip() or type(error).__name__).splitlines()[-1].strip()
    return TttlrmError("The GPU's driver failed: {}.", last.rstrip("."), hint=INSTEAD, code=Code.GPU_FAILED)
