# SPDX-License-Identifier: GPL-3.0-or-later
"""Actions are tested in the installed extension."""

import pytest


@pytest.fixture(autouse=True)
def in_an_empty_scene(empty_scene: None) -> None:
    """Every test begins there."""
