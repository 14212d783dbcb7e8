"""Points in time ahead of Monday 1 June 2026."""

from datetime import date, time

import pytest
from meaning import TODAY

from crm.segments.language.moments import read_moment, read_moments


@pytest.mark.parametrize(
    ("text", "day", "hour"),
    [
        ("start this Friday 10am.", date(2026, 6, 5), time(10)),
        ("start tomorrow at 9", date(2026, 6, 2), time(9)),
        ("send Wed 8pm", date(2026, 6, 3), time(20)),
        ("6月6日上午10点开始，留5%对照组", date(2026, 6, 6), time(10)),
        ("kick off next monday", date(2026, 6, 8), None),
        ("starting 15 June.", date(2026, 6, 15), None),
        ("starting 5 June 18:00", date(2026, 6, 5), time(18)),
        ("push at 8pm on the 16th", date(2026, 6, 16), time(20)),
        ("for Thursday 10:30", date(2026, 6, 4), time(10, 30)),
        ("tomorrow morning at 9", date(2026, 6, 2), time(9)),
        ("Friday at 6 in the evening", date(2026, 6, 5), time(18)),
        ("下周三晚上8点", date(2026, 6, 10), time(20)),
        ("明天下午3点半", date(2026, 6, 2), time(15, 30)),
        ("in 3 days at 10:00", date(2026, 6, 4), time(10)),
        ("noon on Friday", date(2026, 6, 5), time(12)),
        ("2026-06-10 09:30", date(2026, 6, 10), time(9, 30)),
        ("1 February", date(2027, 2, 1), None),
        ("at 9", None, time(9)),
        ("start it on Wednesday 10 June at 9:30", date(2026, 6, 10), time(9, 30)),
        ("Wed, 10 June", date(2026, 6, 10), None),
        ("Friday the 12th at 10", date(2026, 6, 12), time(10)),
        ("on Monday, 2026-06-15 10:00", date(2026, 6, 15), time(10)),
        ("周三6月10日上午9点", date(2026, 6, 10), time(9)),
        ("6月10日（周三）", date(2026, 6, 10), None),
        ("周三（6月10日）", date(2026, 6, 10), None),
    ],
)
def test_a_moment_lies_ahead(text: str, day: date | None, hour: time | None) -> None:
    moment = read_moment(text, TODAY)
    assert moment is not None
    assert (moment.day, moment.time) == (day, hour)


@pytest.mark.parametrize(
    "text", ["8–14 June, push + email", "from 8 June to 14 June", "June 8 to 14", "6月8日到14日", "next week"]
)
def test_a_range_has_a_last_day(text: str) -> None:
    moment = read_moment(text, TODAY)
    assert moment is not None
    assert (moment.day, moment.last_day) == (date(2026, 6, 8), date(2026, 6, 14))


@pytest.mark.parametrize("text", ["15% off", "¥50 coupon", "clv over 20k", "at 5% holdout", "members may buy"])
def test_other_numbers_are_no_moments(text: str) -> None:
    assert read_moments(text, TODAY) == ()


def test_positions_are_those_of_the_text() -> None:
    text = "draft it, start Friday 9:00, end on 30 June"
    assert [text[m.start : m.end] for m in read_moments(text, TODAY)] == ["Friday 9:00", "30 June"]
