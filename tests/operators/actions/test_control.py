# SPDX-License-Identifier: GPL-3.0-or-later
"""The worker is started by hand."""

import bpy
import pytest

from tests.operators.installed import prefer

ops = bpy.ops.tttlrm


def test_a_python_that_does_not_exist_is_told(photos):
    prefer(token="", python="/nowhere/python")
    with pytest.raises(RuntimeError, match="/nowhere/python"):
        ops.start_worker()
