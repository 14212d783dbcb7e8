"""How active a member is, and for how many weeks in a row that has been falling. Pure decisions on arrays.

Everything a member does earns points; the score of a week is the points of the four weeks up to its
end, bent onto 0 to 100. Weeks are blocks of seven whole local days that end yesterday, so on a Monday
they are calendar weeks.

What the trend can and cannot tell: the four-week sum falls each week for somebody who stops outright,
which the literal rule "fewer visits three weeks in a row" never notices (it cannot fall below 0, 0, 0).
For members with only a few actions a month it also falls by chance, so a trend of 1 or 2 weeks says
little about a single person; read it together with how often he used to come.
"""

import numpy as np
from numpy.typing import NDArray

from crm.activity.models import EventKind

ORDER_POINTS = 5
EVENT_POINTS = {
    EventKind.VISIT: 1,
    EventKind.SERVICE: 2,
    EventKind.PARTICIPATION: 3,
    EventKind.FEEDBACK: 2,
}
"""A purchase counts most, then taking part in something; chosen, not learned."""

SCORE_WEEKS = 4
POINTS_AT_63 = 20.0
"""Points in four weeks that give a score of 63 (one purchase a week); the score nears 100 above it."""

TREND_WEEKS = 12
"""Falls are counted back for at most this many weeks."""
SMALLEST_FALL = 1.0
"""A score must fall by this much within a week to count as falling."""

HISTORY_WEEKS = TREND_WEEKS + SCORE_WEEKS
"""Weeks of points that the score and its trend need."""

Floats = NDArray[np.float64]


def week_scores(weekly_points: Floats) -> Floats:
    """Scores, 0 to 100, at the ends of the last TREND_WEEKS + 1 weeks.

    `weekly_points` is (members, HISTORY_WEEKS), oldest week first; one row a member, so is the result.
    """
    sums = np.lib.stride_tricks.sliding_window_view(weekly_points, SCORE_WEEKS, axis=1).sum(axis=2)
    scores: Floats = np.round(100.0 * (1.0 - np.exp(-sums / POINTS_AT_63)), 1)
    return scores


def falling_weeks(scores: Floats) -> NDArray[np.int64]:
    """How many of the newest weeks, in a row, ended with a score lower than the week before; 0 when none did."""
    fell = np.diff(scores, axis=1) <= -SMALLEST_FALL
    unbroken = np.cumprod(fell[:, ::-1], axis=1)
    return np.asarray(unbroken.sum(axis=1), dtype=np.int64)
