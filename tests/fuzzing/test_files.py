# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of every kind that a stranger can hand over, changed by chance: they are read, or a sentence names them.

`soak/fuzz_files.py` does the same with many more.
"""

import random
import signal
import subprocess
import sys

import pytest

from tests.fuzzing import apart
from tests.fuzzing.containers import in_glb, in_gzip, in_png, in_safetensors, in_zip
from tests.fuzzing.kinds import KINDS, Kind
from tests.fuzzing.mutation import LONGEST, mutated
from tttlrm_blender.errors import TttlrmError

FILES = 25


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_changed_files_are_read_or_named(kind: str) -> None:
    found = apart.run(kind, seed=0, count=FILES)
    assert found.examples == {} and found.outcomes.total() == FILES


def test_changes_depend_on_the_seed_alone() -> None:
    content = b'{"a": [1, 2.5], "b": "c"}' + bytes(range(256))
    for seed in range(300):
        first, second = (mutated(content, random.Random(seed)) for _ in range(2))
        assert first == second and len(first) <= LONGEST
    assert len({mutated(content, random.Random(seed)) for seed in range(300)}) > 200


@pytest.mark.parametrize(
    ("kind", "container"),
    [("glb", in_glb), ("spz", in_gzip), ("png", in_png), ("safetensors", in_safetensors), ("pt", in_zip)],
)
def test_what_is_opened_and_closed_again_is_still_read(tmp_path, kind, container) -> None:
    (path,) = KINDS[kind].write(tmp_path)
    inside, close = container(path.read_bytes())
    path.write_bytes(close(inside))
    KINDS[kind].read(tmp_path, path)


def failing(error: Exception | None):
    """A kind of file whose reader raises an error."""

    def write(folder):
        (folder / "a.txt").write_text("x")
        return [folder / "a.txt"]

    def read(folder, path):
        if error:
            raise error

    return Kind("failing", write, read)


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (None, "read"),
        (TttlrmError("{} is odd.", "a.txt"), "sentence"),
        (TttlrmError("It is odd."), "a sentence without a name"),
        (TttlrmError("a.txt is odd ({}).", "not enough values to unpack"), "the words of an exception"),
        (KeyError("a.txt"), "KeyError"),
        (AssertionError("it is wrong"), "AssertionError: it is wrong"),
    ],
)
def test_what_counts_as_a_finding(monkeypatch: pytest.MonkeyPatch, error: Exception | None, outcome: str) -> None:
    monkeypatch.setenv("TTTLRM_CACHE", "")
    assert apart.Sample(failing(error)).outcome(random.Random(0)).startswith(outcome)


@pytest.mark.skipif(not hasattr(signal, "SIGPROF"), reason="needs timers of processor time")
@pytest.mark.parametrize(
    ("body", "end"),
    [("while True:\n   pass", "ended -27"), ("bytearray(apart.MEMORY)", "MemoryError"), ("pass", "ended 0")],
)
def test_time_and_memory_are_limited(body: str, end: str) -> None:
    program = f"from tests.fuzzing import apart\napart.SECONDS = 0.5\napart.limit_memory()\nwith apart.LimitedTime():\n  {body}"
    done = subprocess.run([sys.executable, "-c", program], cwd=apart.ROOT, capture_output=True, text=True)
    assert end in f"{done.stderr} ended {done.returncode}"
