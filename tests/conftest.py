# SPDX-License-Identifier: GPL-3.0-or-later
"""What all tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("house", deadline=None, derandomize=True)  # tests depend neither on load nor on chance
settings.load_profile("house")


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A cache of this run alone: what other versions have kept must not pass for results of this one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TTTLRM_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session", autouse=True)
def same_device() -> Iterator[None]:
    """Draw by the processor, which gives the same bits everywhere, except in tests that choose."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TTTLRM_DEVICE", "cpu")
        yield


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of photos and golden cases that stands beside the checkout; tests that need it skip without it."""
    folder = Path(__file__).resolve().parents[2] / "shared"
    if not folder.is_dir():
        pytest.skip(f"the reference data is not at {folder}")
    return folder


@pytest.fixture(scope="session")
def adapter() -> str:
    """The name of the best adapter of this machine."""
    from tttlrm_blender.errors import TttlrmError  # with torch, which takes seconds and not all tests need
    from tttlrm_blender.render.webgpu.device import adapters

    try:
        found = adapters()
    except TttlrmError as error:
        pytest.skip(error.sentence)
    if not found:
        pytest.skip("no GPU and no software Vulkan (Debian: apt-get install mesa-vulkan-drivers)")
    return found[0].info["device"]


@pytest.fixture(scope="session")
def gpu(adapter: str):
    """A device that all tests share: a real GPU, or llvmpipe, which computes on the processor."""
    from tttlrm_blender.render.webgpu.device import shared_device

    return shared_device(adapter)
