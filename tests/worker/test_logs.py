# SPDX-License-Identifier: GPL-3.0-or-later
"""The log's lines and files."""

import json
import logging
import os
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.worker import logs

logger = logging.getLogger("tests.logs")
PAIR = re.compile(r'(\w+)=("(?:[^"\\]|\\.)*"|[^\s"]+)(?: |$)')


def parsed(line: str) -> dict[str, str]:
    """The values of a line, all of which must be pairs."""
    assert PAIR.sub("", line) == ""
    return {name: json.loads(text) if text.startswith('"') else text for name, text in PAIR.findall(line)}


def line_of(event: str, **values: object) -> str:
    """The line of an event."""
    record = logging.LogRecord("tests.logs", logging.INFO, "", 0, event, (), None)
    record.values = values
    return logs.LineFormatter().format(record)


@pytest.fixture
def root():
    """The root logger, put back afterwards."""
    root, websockets = logging.getLogger(), logging.getLogger("websockets")
    before, levels = root.handlers[:], (root.level, websockets.level)
    yield root
    for handler in root.handlers:
        if handler not in before:
            handler.close()
    root.handlers[:] = before
    root.setLevel(levels[0])
    websockets.setLevel(levels[1])


@given(st.text(max_size=30))
def test_any_text_is_one_value_of_one_line(text):
    line = line_of("job_ended", session=text, seconds=1.23456, n=3)
    assert len(line.splitlines()) == 1
    values = parsed(line)
    assert values["session"] == text and values["seconds"] == "1.235" and values["n"] == "3"
    assert list(values)[:3] == ["time", "level", "event"]


def test_lines_say_what_they_are_about(root, tmp_path):
    logs.set_up(tmp_path / "worker.log")
    with logs.about(client=3, session="my scene"):
        logs.log_event(logger, "job_started", kind="decode")
        logging.getLogger("elsewhere").warning("careful: %s", "hot")
    try:
        raise ValueError("broken\nin two")
    except ValueError:
        logs.log_event(logger, "job_broke", logging.ERROR)
    first, second, third = map(parsed, (tmp_path / "worker.log").read_text().splitlines())
    assert first["event"] == "job_started" and first["session"] == "my scene" and first["client"] == "3"
    assert second["level"] == "warning" and second["text"] == "careful: hot" and second["session"] == "my scene"
    assert "ValueError: broken\nin two" in third["traceback"] and "session" not in third


def test_a_full_file_is_put_aside_and_only_some_are_kept(root, tmp_path, monkeypatch):
    monkeypatch.setattr(logs, "FILE_BYTES", 1000)
    logs.set_up(tmp_path / "worker.log")
    for number in range(200):
        logs.log_event(logger, "job_started", number=number)
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == ["worker.log", *(f"worker.log.{number}" for number in range(1, logs.OLD_FILES + 1))]
    assert all(path.stat().st_size <= 1000 for path in tmp_path.iterdir())
    assert os.name != "posix" or all(path.stat().st_mode & 0o777 == 0o600 for path in tmp_path.iterdir())
    assert "number=199" in (tmp_path / "worker.log").read_text()


def test_a_log_that_cannot_be_written_is_named(root, tmp_path):
    with pytest.raises(TttlrmError, match="nowhere") as caught:
        logs.set_up(tmp_path / "nowhere" / "worker.log")
    assert caught.value.code == "bad_log"
