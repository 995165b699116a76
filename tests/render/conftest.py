# SPDX-License-Identifier: GPL-3.0-or-later
"""The GPU of the tests: a real one, or llvmpipe, which computes on the processor."""

from __future__ import annotations

import pytest

from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.render.webgpu.device import adapters, shared_device


@pytest.fixture(scope="session")
def adapter() -> str:
    """The name of the best adapter of this machine."""
    try:
        found = adapters()
    except TttlrmError as error:
        pytest.skip(error.sentence)
    if not found:
        pytest.skip("no GPU and no software Vulkan (Debian: apt-get install mesa-vulkan-drivers)")
    return found[0].info["device"]


@pytest.fixture(scope="session")
def gpu(adapter: str):
    """A device that all tests share."""
    return shared_device(adapter)
