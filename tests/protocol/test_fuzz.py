# SPDX-License-Identifier: GPL-3.0-or-later
"""A short run of the fuzzing that soak/fuzz_protocol.py does at length."""

import pytest

from tests.protocol.fuzzer import Fuzzer
from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.protocol.messages import Decoder


def test_almost_right_frames_raise_nothing_but_our_error():
    fuzzer = Fuzzer(seed=1, bound=float("inf"))  # no test asserts a time
    fuzzer.run(5000)
    figures = fuzzer.figures
    assert not figures.findings, figures.examples
    assert figures.frames >= 5000 and {"refused", "incomplete", "read"} == set(figures.outcomes)


def test_the_same_seed_gives_the_same_run():
    first, second = Fuzzer(seed=2), Fuzzer(seed=2)
    for fuzzer in (first, second):
        fuzzer.run(500)
    assert first.figures.outcomes == second.figures.outcomes and first.corpus == second.corpus


@pytest.mark.parametrize(("raised", "words"), [(KeyError("a"), "raised KeyError"), (TttlrmError("a", code="b"), "the code b")])
def test_what_a_parser_should_not_raise_is_found(monkeypatch, raised, words):
    def feed(self, frame):
        raise raised

    monkeypatch.setattr(Decoder, "feed", feed)
    fuzzer = Fuzzer()
    fuzzer.run(50)
    ((what, count),) = fuzzer.figures.findings.items()
    assert words in what and count >= 50 and fuzzer.figures.examples[what]
