# SPDX-License-Identifier: GPL-3.0-or-later
"""The worker is checked."""

import bpy
import pytest

from tests.operators.installed import prefer

ops = bpy.ops.tttlrm


def test_the_worker_is_checked_where_it_was_started_from_here(toy, tmp_path, capfd):
    with pytest.raises(RuntimeError, match="Run “tttlrm doctor” on that machine"):
        ops.check_worker()
    prefer(token="", python=str(tmp_path / "nowhere"))
    with pytest.raises(RuntimeError, match="nowhere cannot run the worker: No such file"):
        ops.check_worker()
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho a warning\necho tttLRM 1.0\necho 'self-test     failed: no room'\nexit 1\n")
    python.chmod(0o755)
    prefer(python=str(python))
    assert ops.check_worker() == {"FINISHED"}
    assert "self-test     failed: no room" in capfd.readouterr().out
