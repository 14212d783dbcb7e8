"""Moments as other systems write them: read as meant, or refused with a sentence, and never in 1970."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.errors import InvalidRequest
from crm.reading.moments import DateOrder, read_moment

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("20260520", "2026-05-20 00:00:00+08:00"),
        (20260520, "2026-05-20 00:00:00+08:00"),
        ("20260520103000", "2026-05-20 10:30:00+08:00"),
        (202605201030, "2026-05-20 10:30:00+08:00"),
        (Decimal("45797.4"), "2025-05-20 09:36:00+08:00"),
        (45797.4, "2025-05-20 09:36:00+08:00"),
        ("45797", "2025-05-20 00:00:00+08:00"),
        (1780275600, "2026-06-01 09:00:00+08:00"),
        ("1780275600", "2026-06-01 09:00:00+08:00"),
        (1780275600000, "2026-06-01 09:00:00+08:00"),
        (Decimal("1780275600.5"), "2026-06-01 09:00:00+08:00"),
        ("2026-05-01 09:59:00 +0200", "2026-05-01 09:59:00+02:00"),
        ("2026-05-01T09:59:00-05", "2026-05-01 09:59:00-05:00"),
        ("2026-05-01T09:59:00Z", "2026-05-01 09:59:00+00:00"),
        ("2026-05-01 09:59:00 UTC", "2026-05-01 09:59:00+00:00"),
        ("2026-05-01T09:59:00.123456789+08:00", "2026-05-01 09:59:00+08:00"),
        ("2026-05-01T09:59", "2026-05-01 09:59:00+08:00"),
        (" 2026-05-01\u00a009:59 ", "2026-05-01 09:59:00+08:00"),
        ("2026/5/1", "2026-05-01 00:00:00+08:00"),
        ("2026.5.1 9:05", "2026-05-01 09:05:00+08:00"),
        ("2026年5月1日", "2026-05-01 00:00:00+08:00"),
        ("２０２６年５月１日 下午3点05分", "2026-05-01 15:05:00+08:00"),
        ("25/12/2017 10:56", "2017-12-25 10:56:00+08:00"),
        ("12/25/2017 10:56 PM", "2017-12-25 22:56:00+08:00"),
        ("5/5/2026 12:00 AM", "2026-05-05 00:00:00+08:00"),
        ("1 May 2026 09:59", "2026-05-01 09:59:00+08:00"),
        ("May 1st, 2026", "2026-05-01 00:00:00+08:00"),
        ("Fri, 01 May 2026 09:59:00 +0200", "2026-05-01 09:59:00+02:00"),
        ("29-Feb-2024", "2024-02-29 00:00:00+08:00"),
    ],
)
def test_what_has_one_meaning_is_read(raw: Any, expected: str) -> None:
    assert read_moment(raw, SHANGHAI) == datetime.fromisoformat(expected)


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        ("10/2/2017 10:56", "--date-order"),
        ("10.2.2017", "--date-order"),
        ("1-2-2026", "--date-order"),
        ("25/12/17", "two digits"),
        ("2026-02-29", "no calendar"),
        ("20260230", "no calendar"),
        ("31/6/2026", "no calendar"),
        ("9999-01-01", "outside the years"),
        ("0001-01-01", "outside the years"),
        (0, "no moment"),
        (1, "no moment"),
        (20265, "no moment"),
        (12345678, "no moment"),
        (-5, "no moment"),
        (1e30, "no moment"),
        (float("nan"), "no moment"),
        (Decimal("1E+999999999"), "no moment"),
        (10**400, "no moment"),
        ("1" * 5000, "no moment"),
        ("2026-05-01 25:00", "no clock"),
        ("2026-05-01 13:00 PM", "twelve hours"),
        ("2026-05-01 09:59 CST", "no moment"),
        ("2026-05-01 09:59 +2500", "offset"),
        ("yesterday", "no moment"),
        ("", "no moment"),
        (True, "is written"),
        (None, "is written"),
        ([2026], "is written"),
    ],
)
def test_what_has_none_or_two_is_refused_with_a_sentence(raw: Any, says: str) -> None:
    with pytest.raises(InvalidRequest, match=says):
        read_moment(raw, SHANGHAI)


def test_the_order_of_day_and_month_is_what_was_said() -> None:
    by_day, by_month = (read_moment("10/2/2017", SHANGHAI, order) for order in DateOrder)
    assert (by_day.astimezone(SHANGHAI).month, by_month.astimezone(SHANGHAI).month) == (2, 10)
    with pytest.raises(InvalidRequest, match="no calendar"):
        read_moment("12/25/2017", SHANGHAI, DateOrder.DAY_FIRST)


@pytest.mark.parametrize(
    ("raw", "says"),
    [("2026-03-29 02:30", "there is no"), ("2026-10-25 02:30", "comes twice"), (46320.1041667, "twice")],
)
def test_hours_that_the_clock_skips_or_repeats_need_their_offset(raw: Any, says: str) -> None:
    with pytest.raises(InvalidRequest, match=says):
        read_moment(raw, BERLIN)


def test_an_offset_tells_the_two_hours_apart() -> None:
    first, second = (read_moment(f"2026-10-25 02:30 {offset}", BERLIN) for offset in ("+02:00", "+01:00"))
    assert (second - first).total_seconds() == 3600


@given(st.integers(946_684_800, 4_070_908_800))
def test_however_a_moment_is_written_it_is_the_same(seconds: int) -> None:
    moment = aware = datetime.fromtimestamp(seconds, UTC)
    forms = (
        aware.isoformat(),
        f"{moment:%Y-%m-%d %H:%M:%S} +0000",
        f"{moment:%Y/%m/%d %H:%M:%S}Z",
        f"{moment:%a, %d %b %Y %H:%M:%S} GMT",
        f"{moment:%Y年%m月%d日 %H:%M:%S}Z",
    )
    assert {read_moment(form, SHANGHAI) for form in forms} == {aware}
    assert read_moment(f"{moment:%Y%m%d%H%M%S}", ZoneInfo("UTC")) == aware
    assert read_moment(seconds, SHANGHAI) == aware


@given(st.one_of(st.text(max_size=30), st.integers(), st.floats(), st.decimals()))
def test_whatever_is_given_is_read_within_the_years_or_refused(raw: Any) -> None:
    try:
        found = read_moment(raw, SHANGHAI)
    except InvalidRequest:
        return
    assert 1899 <= found.year <= 2201
