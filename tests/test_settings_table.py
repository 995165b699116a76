# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of docs/settings.md are those that the settings make."""

import pytest

from tools.settings_table import PAGE, SECTIONS, filled, table
from tttlrm_blender.protocol.settings import MeshSettings


def test_the_page_is_up_to_date():
    """Else: python -m tools.settings_table"""
    page = PAGE.read_text("utf-8")
    assert filled(page) == page


@pytest.mark.parametrize("heading", SECTIONS)
def test_every_section_has_its_table(heading):
    assert f"## {heading}\n" in PAGE.read_text("utf-8") and table(SECTIONS[heading]) in PAGE.read_text("utf-8")


def test_a_table_is_made_anew_and_the_rest_stays():
    page = "# A\n\n## Mesh\n\nBefore.\n\n| old |\n|---|\n\nAfter.\n\n| other |\n"
    assert filled(page) == f"# A\n\n## Mesh\n\nBefore.\n\n{table(MeshSettings)}\nAfter.\n\n| other |\n"
