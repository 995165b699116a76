# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a whole job has come: forward only, with a time left that does not grow."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tttlrm_blender.outlook.journey import CAUTION, GRACE, LATE, SHARES, Journey
from tttlrm_blender.stages import Stage, Step

PLAN = {Step.PHOTOS: 5.0, Step.CAMERAS: 20.0, Step.DRAFT: 15.0, Step.DEPTH: 10.0, Step.REFINE: 60.0}


class Clock:
    """A clock that a test moves."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def journey(plan=PLAN) -> tuple[Journey, Clock]:
    clock = Clock()
    made = Journey(clock)
    made.plan(plan)
    return made, clock


def test_steps_are_counted_and_make_up_the_whole():
    followed, _ = journey()
    followed.begin(Step.PHOTOS)
    whole = followed.at(Stage.LOAD, 0.0)
    assert (whole.step, whole.steps) == (1, 5) and whole.done < 0.05
    followed.begin(Step.DRAFT)
    whole = followed.at(Stage.RESIZE, 0.0)
    assert (whole.step, whole.steps, whole.done) == (3, 5, pytest.approx(25 / 110))
    followed.begin(Step.REFINE)
    assert followed.at(Stage.REFINE, 1.0).done == pytest.approx(1.0)


def test_the_time_left_is_that_expected_at_first_and_that_measured_at_last():
    followed, clock = journey({Step.REFINE: 100.0})
    followed.begin(Step.REFINE)
    assert followed.at(Stage.REFINE, 0.0).seconds_left == pytest.approx(CAUTION * 100)
    clock.now += 20
    assert followed.at(Stage.REFINE, 0.5).seconds_left == pytest.approx(0.5 * 50 * CAUTION + 0.5 * 20)
    followed.expect(12)
    assert followed.at(Stage.REFINE, 0.5).seconds_left == pytest.approx(0.5 * 12 + 0.5 * 20)
    clock.now += 20
    assert followed.at(Stage.REFINE, 1.0).seconds_left == 0.0


def test_a_stage_of_no_step_stands_still():
    followed, _ = journey()
    followed.begin(Step.REFINE)
    half = followed.at(Stage.REFINE, 0.5)
    assert followed.at(Stage.DEPTH, 0.9).done == half.done


def test_a_step_that_was_not_planned_is_added_without_the_time_growing():
    followed, clock = journey({Step.PHOTOS: 5.0, Step.DRAFT: 15.0})
    followed.begin(Step.PHOTOS)
    first = followed.at(Stage.LOAD, 0.0)
    followed.begin(Step.CAMERAS)
    clock.now += 60
    second = followed.at(Stage.MATCHES, 0.5)
    assert (second.step, second.steps) == (2, 3) and second.done >= first.done
    assert second.seconds_left is None
    clock.now += 60
    followed.begin(Step.DRAFT)
    assert followed.at(Stage.RESIZE, 0.0).seconds_left <= first.seconds_left


def test_an_added_step_takes_some_times_as_long_as_the_one_before():
    followed, clock = journey({Step.CAMERAS: 20.0, Step.DRAFT: 10.0})
    followed.begin(Step.CAMERAS)
    clock.now += 20
    before = followed.at(Stage.CAMERAS, 1.0)
    assert before.seconds_left == pytest.approx(CAUTION * 10)
    followed.begin(Step.CLOSER, 3.0)
    followed.begin(Step.CLOSER, 3.0)  # as it is told again and again
    after = followed.at(Stage.DETAILS, 0.0)
    assert (after.step, after.steps) == (2, 3) and after.done >= before.done
    assert after.seconds_left is None, "rather than that it grows"
    clock.now += 20
    assert followed.at(Stage.DETAILS, 0.8).seconds_left is None
    clock.now += 40
    assert followed.at(Stage.CAMERAS, 1.0).seconds_left == before.seconds_left


def test_a_time_that_was_far_too_short_is_not_told_until_it_is_right_again():
    followed, clock = journey({Step.REFINE: 10.0})
    followed.begin(Step.REFINE)
    least = followed.at(Stage.REFINE, 0.01).seconds_left
    clock.now += 50
    assert followed.at(Stage.REFINE, 0.5).seconds_left is None
    clock.now += 40
    last = followed.at(Stage.REFINE, 0.9)
    assert 0 < last.seconds_left <= least and LATE * least + GRACE < 50


def test_what_steps_took_is_compared_with_what_was_expected():
    followed, clock = journey()
    followed.begin(Step.PHOTOS)
    clock.now += 10
    followed.begin(Step.CAMERAS)  # kept from another job
    clock.now += 1
    followed.begin(Step.DRAFT)
    clock.now += 15
    assert followed.paces == {Step.PHOTOS: pytest.approx(2.0), Step.DRAFT: pytest.approx(1.0)}


def test_without_a_plan_stages_count_by_themselves():
    alone = Journey(Clock())
    whole = alone.at(Stage.EXPORT, 0.25)
    assert (whole.step, whole.steps, whole.done, whole.seconds_left) == (0, 0, 0.25, None)


reports = st.tuples(
    st.floats(0, 40), st.sampled_from(Stage), st.floats(0, 1), st.one_of(st.none(), st.floats(0, 500)), st.booleans()
)


@settings(deadline=None)
@given(plan=st.dictionaries(st.sampled_from(Step), st.floats(0, 300), min_size=1), told=st.lists(reports, max_size=60))
def test_whatever_is_reported_the_bar_moves_forward_and_the_time_left_does_not_grow(plan, told):
    followed, clock = journey(plan)
    steps = iter(plan)
    followed.begin(next(steps))
    done, left = 0.0, math.inf
    for seconds, stage, fraction, expected, goes_on in told:
        clock.now += seconds
        if goes_on and (step := next(steps, None)):
            followed.begin(step)
        if expected is not None:
            followed.expect(expected)
        whole = followed.at(stage, fraction)
        assert done <= whole.done <= 1 + 1e-9 and 1 <= whole.step <= whole.steps == len(plan)
        done = whole.done
        if whole.seconds_left is not None:
            assert 0 <= whole.seconds_left <= left
            left = whole.seconds_left


@pytest.mark.parametrize("step", Step)
def test_shares_add_up(step):
    assert sum(SHARES[step].values()) == pytest.approx(1)
