# SPDX-License-Identifier: GPL-3.0-or-later
"""Versions whose protocols differ have different second numbers."""

import datetime
import re
from pathlib import Path

import pytest

from tttlrm_blender import __version__
from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.protocol.messages import PROTOCOL, Hello, check_versions

# The first version of the product that spoke each protocol. 0.1.0 went from 1 to 3 before there was this rule.
FIRST_VERSIONS = {3: "0.1.0", 4: "0.2.0"}
CHANGELOG = Path(__file__).parents[2] / "CHANGELOG.md"


def series(version: str) -> tuple[int, int]:
    """The first two numbers of a version."""
    first, second, _ = map(int, version.split("."))
    return first, second


def test_a_protocol_changes_the_versions_second_number():
    known = [series(FIRST_VERSIONS[protocol]) for protocol in sorted(FIRST_VERSIONS)]
    assert known == sorted(set(known))
    assert max(FIRST_VERSIONS) == PROTOCOL and known[-1] == series(__version__)


def test_a_mismatch_names_two_versions():
    with pytest.raises(TttlrmError) as caught:
        check_versions(worker=Hello(PROTOCOL - 1, FIRST_VERSIONS[PROTOCOL - 1]), client=Hello())
    assert set(re.findall(r"\d+\.\d+\.\d+", str(caught.value))) == {"0.1.0", __version__}


def test_the_changelog_dates_this_version():
    version, date = re.findall(r"^## (\S+) \((\S+)\)$", CHANGELOG.read_text("utf-8"), re.MULTILINE)[0]
    assert version == __version__ and datetime.date.fromisoformat(date)
