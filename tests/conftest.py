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
