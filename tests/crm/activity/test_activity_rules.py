"""What the activity score and its trend say of typical lives."""

import numpy as np

from crm.activity.rules import HISTORY_WEEKS, TREND_WEEKS, falling_weeks, week_scores


def trend(*last_weeks: float, before: float = 0.0) -> int:
    """The trend of somebody whose last weeks earned these points, newest last, and `before` in each earlier one."""
    points = np.full((1, HISTORY_WEEKS), before)
    points[0, HISTORY_WEEKS - len(last_weeks) :] = last_weeks
    return int(falling_weeks(week_scores(points))[0])


def test_somebody_who_does_nothing_has_no_score_and_no_trend() -> None:
    scores = week_scores(np.zeros((1, HISTORY_WEEKS)))
    assert scores.shape == (1, TREND_WEEKS + 1)
    assert scores[0, -1] == 0.0
    assert falling_weeks(scores)[0] == 0


def test_steady_activity_is_no_decline() -> None:
    assert trend(before=7.0) == 0


def test_a_full_stop_falls_for_four_weeks_and_then_has_nothing_left_to_fall() -> None:
    assert trend(0, before=7.0) == 1
    assert trend(0, 0, 0, before=7.0) == 3
    assert trend(0, 0, 0, 0, before=7.0) == 4
    assert trend(0, 0, 0, 0, 0, before=7.0) == 0


def test_three_falling_weeks_count_three() -> None:
    assert trend(7, 7, 12, 12, 12, 12, 6, 3, 0) == 3


def test_one_better_week_ends_the_decline() -> None:
    assert trend(0, 0, 40, before=7.0) == 0


def test_a_fall_too_small_to_notice_does_not_count() -> None:
    assert trend(29.9, before=30.0) == 0


def test_members_are_judged_each_for_themselves() -> None:
    points = np.vstack([np.full(HISTORY_WEEKS, 7.0), np.r_[np.full(HISTORY_WEEKS - 2, 7.0), 0.0, 0.0]])
    assert falling_weeks(week_scores(points)).tolist() == [0, 2]
