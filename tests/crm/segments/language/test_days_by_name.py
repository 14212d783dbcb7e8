"""Days and lengths of time that have a name of their own, in both languages."""

from datetime import date, timedelta

import pytest
from meaning import TODAY

from crm.segments.language.moments import read_moment
from crm.segments.language.reader import read_segment
from crm.segments.language.vocabulary import Vocabulary

PAST = {
    "昨天": 1,
    "昨日": 1,
    "前天": 2,
    "大前天": 3,
    "今天": 0,
    "yesterday": 1,
    "the day before yesterday": 2,
    "today": 0,
}
AHEAD = {
    "今天": 0,
    "今晚": 0,
    "明天": 1,
    "明早": 1,
    "后天": 2,
    "大后天": 3,
    "tonight": 0,
    "tomorrow": 1,
    "the day after tomorrow": 2,
}


def only_condition(text: str, vocabulary: Vocabulary) -> dict[str, object]:
    reading = read_segment(text, vocabulary, TODAY)
    assert reading.question is None
    assert reading.request is not None
    (condition,) = reading.request.definition["all"]
    found: dict[str, object] = condition
    return found


@pytest.mark.parametrize(("words", "days_ago"), PAST.items())
@pytest.mark.parametrize("today", [TODAY, date(2026, 3, 1), date(2028, 3, 2), date(2027, 1, 1)])
def test_a_day_by_name_is_so_many_days_ago(words: str, days_ago: int, today: date, vocabulary: Vocabulary) -> None:
    """Over the end of a month, of a year, and 29 February."""
    text = f"members who ordered {words}" if words.isascii() else f"{words}下单的会员"
    request = read_segment(text, vocabulary, today).request
    assert request is not None
    (condition,) = request.definition["all"]
    day = (today - timedelta(days=days_ago)).isoformat()
    assert (condition["field"], condition["op"], condition["value"]) == ("orders.count", ">=", 1)
    assert condition["window"] == {"from": day, "to": day}


@pytest.mark.parametrize(
    ("text", "field", "op", "value"),
    [
        ("前天注册的会员", "joined_at", "between", ["2026-05-30", "2026-05-30"]),
        ("members who joined since 前天", "joined_at", ">=", "2026-05-30"),
        ("members who joined the day before yesterday", "joined_at", "between", ["2026-05-30", "2026-05-30"]),
        ("大前天注册的会员", "joined_at", "between", ["2026-05-29", "2026-05-29"]),
        ("昨天注册的会员", "joined_at", "between", ["2026-05-31", "2026-05-31"]),
    ],
)
def test_a_day_by_name_is_one_day_of_a_date_as_well(
    text: str, field: str, op: str, value: object, vocabulary: Vocabulary
) -> None:
    assert only_condition(text, vocabulary) == {"field": field, "op": op, "value": value}


@pytest.mark.parametrize(("words", "days"), AHEAD.items())
def test_a_day_by_name_lies_so_many_days_ahead(words: str, days: int) -> None:
    moment = read_moment(f"start {words}", TODAY)
    assert moment is not None
    assert moment.day == TODAY + timedelta(days=days)


@pytest.mark.parametrize(
    ("text", "count", "op", "days"),
    [
        ("orders in the last fortnight", "orders.count", ">=", 14),
        ("no purchase in the past fortnight", "orders.count", "=", 14),
        ("members without orders for a fortnight", "orders.count", "=", 14),
        ("had no order for over a fortnight", "orders.count", "=", 14),
        ("inactive for two fortnights", "orders.count", "=", 28),
        ("no order in the last 2 fortnights", "orders.count", "=", 28),
        ("no order in the last two weeks", "orders.count", "=", 14),
        ("最近两周没有下单的会员", "orders.count", "=", 14),
        ("近半个月没有下单的会员", "orders.count", "=", 15),
    ],
)
def test_a_fortnight_is_fourteen_days(text: str, count: str, op: str, days: int, vocabulary: Vocabulary) -> None:
    condition = only_condition(text, vocabulary)
    assert (condition["field"], condition["op"], condition["window_days"]) == (count, op, days)


@pytest.mark.parametrize(
    ("text", "field", "op"),
    [
        ("joined within a fortnight", "joined_at", ">"),
        ("members who ordered a fortnight ago", "last_order_at", "<="),
    ],
)
def test_a_fortnight_ago_is_fourteen_days_ago(text: str, field: str, op: str, vocabulary: Vocabulary) -> None:
    assert only_condition(text, vocabulary) == {"field": field, "op": op, "value": {"days_ago": 14}}
