# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors and texts: templates with values."""

import copy
import errno
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tttlrm_blender.errors import Text, TttlrmError, listed, text

anything = st.text() | st.integers() | st.floats() | st.builds(Path, st.just("a.jpg"))
fields = st.sampled_from(
    ["{}", "{!r}", "{:.1f}", "{:,}", "{:d}", "{:.2%}", "{0.__class__}", "{x[0]}", "{:>99999999}", "{", "}", "{{"]
)
templates = st.lists(fields | st.text(max_size=5), max_size=6).map("".join)
texts = st.recursive(
    st.builds(lambda template, values: Text(template, tuple(values)), templates, st.lists(anything, max_size=4)),
    lambda inner: st.builds(lambda template, value: Text(template, (value,)), templates, inner),
    max_leaves=3,
)


class TestTexts:
    def test_values_are_shown_as_numbers_words_and_paths(self):
        told = text("{!r} has {:,} of {:.1f} in {}.", "a", 1234, 2.25, Path("photos"))
        assert str(told) == "'a' has 1,234 of 2.2 in photos." and told

    def test_other_values_are_kept_as_their_words(self):
        values = text("", None, True, [1], np.int64(3), np.float32(0.5), ValueError("why")).values
        assert values == ("None", "True", "[1]", 3, 0.5, "why") and [type(value) for value in values[3:5]] == [int, float]

    def test_what_the_system_says_is_kept_without_its_path(self):
        assert str(text("{}", OSError(errno.ENOSPC, "No space left on device", "/secret"))) == "No space left on device"
        assert str(text("{}", OSError("odd"))) == "odd"

    def test_a_text_may_be_a_value(self):
        assert str(text("There is no mesh: {}", text("{} is flat.", "a"))) == "There is no mesh: a is flat."
        assert str(listed([text("{} is missing", name) for name in "ab"], "; ")) == "a is missing; b is missing"

    def test_templates_are_translated_before_they_are_filled_and_values_never(self):
        german = {"{} of {}": "{} von {}", "a cat": "eine Katze", "cat": "Katze"}
        told = text("{} of {}", text("a cat"), "cat").worded(lambda english: german.get(english, english))
        assert told == "eine Katze von cat"

    def test_values_are_changed_in_texts_too(self):
        told = text("{} {}", 1, text("{}", 2)).with_values(lambda value: value * 10)
        assert str(told) == "10 20"

    @pytest.mark.parametrize(
        "template", ["{0}", "{.__class__}", "{0.__class__.__init__}", "{[0]}", "{name}", "{!s}", "{:>999999999}", "{:{}}"]
    )
    def test_other_fields_are_none(self, template):
        """They reach nothing inside of values, and take no room."""
        assert str(Text(template, ("value",))) in (template, template.replace("{}", "value"))

    def test_what_does_not_fit_is_shown_as_it_is(self):
        assert str(Text("{:.1f} {:d} {} {}", ("a", float("nan"), 10**400))) == f"a nan {10**400} {{}}"

    @given(texts)
    def test_whatever_is_in_a_text_it_can_be_shown(self, told):
        assert isinstance(str(told), str)
        assert isinstance(told.worded(lambda english: english[::-1]), str)


class TestErrors:
    def test_sentence_and_hint_are_finished_english(self):
        error = TttlrmError("The photo {} has {:,} pixels.", Path("a.jpg"), 5000, hint=text("Choose {} to {}.", 2, 4), code="bad")
        assert (error.sentence, error.hint, error.code) == ("The photo a.jpg has 5,000 pixels.", "Choose 2 to 4.", "bad")
        assert str(error) == f"{error.sentence} {error.hint}" == str(error.words)

    def test_a_hint_may_be_missing(self):
        error = TttlrmError("Nothing.")
        assert (str(error), error.hint, error.code) == ("Nothing.", "", "failed")

    def test_braces_in_values_are_no_fields(self):
        assert TttlrmError("There is no {}.", "{}{0}{x.y}").sentence == "There is no {}{0}{x.y}."

    @pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))])
    def test_errors_can_be_copied_and_sent_between_processes(self, copied):
        error = TttlrmError("{} is {}.", Path("a"), text("{} long", 3), hint="Cut it.", code="too_long")
        other = copied(error)
        assert (other.text, other.advice, other.code) == (error.text, error.advice, error.code)
        assert str(other) == "a is 3 long. Cut it."
