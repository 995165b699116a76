# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that are properties of an operator."""

import pytest

from operators.headless import command_line
from tests.operators.headless.commands import tttlrm


@pytest.mark.parametrize("wrong", [("--keep", "2"), ("--keep", "much"), ("--sh-degree", "1.5"), ("--keep", "nan")])
def test_wrong_settings_are_misuse(tmp_path, wrong, capsys):
    file = tmp_path / "any.blend"
    assert tttlrm("decode", file, "--out", file, "--scenes", tmp_path, *wrong) == 2
    assert wrong[1] in capsys.readouterr().err


def test_help_has_the_words_of_the_panel(capsys):
    assert command_line.main(["decode", "--help"]) == 0
    assert "Share of pixels that become splats, the most opaque first" in " ".join(capsys.readouterr().out.split())
