"""When a day that comes back is kept: 29 February by policy, days that a month lacks on its last."""

from datetime import date, timedelta
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.members.yearly_days import anniversary_days, kept_on, key_date, months_later

LeapDay = Literal["feb_28", "mar_1"]
day = date.fromisoformat
POLICIES = st.sampled_from(["feb_28", "mar_1"])


@pytest.mark.parametrize(
    ("year", "month_day", "policy", "expected"),
    [
        (2026, 601, "feb_28", "2026-06-01"),
        (2026, 229, "feb_28", "2026-02-28"),
        (2026, 229, "mar_1", "2026-03-01"),
        (2028, 229, "feb_28", "2028-02-29"),
        (2028, 229, "mar_1", "2028-02-29"),
        (2100, 229, "mar_1", "2100-03-01"),
        (2026, 1231, "mar_1", "2026-12-31"),
    ],
)
def test_a_birthday_is_kept_once_a_year(year: int, month_day: int, policy: LeapDay, expected: str) -> None:
    assert key_date(year, month_day, policy) == day(expected)


@pytest.mark.parametrize(
    ("on", "policy", "expected"),
    [
        ("2026-02-28", "feb_28", (228, 229)),
        ("2026-02-28", "mar_1", (228,)),
        ("2026-03-01", "feb_28", (301,)),
        ("2026-03-01", "mar_1", (301, 229)),
        ("2028-02-28", "feb_28", (228,)),
        ("2028-02-29", "feb_28", (229,)),
        ("2028-02-29", "mar_1", (229,)),
        ("2028-03-01", "mar_1", (301,)),
    ],
)
def test_a_day_keeps_its_own_birthdays_and_leap_days_by_policy(
    on: str, policy: LeapDay, expected: tuple[int, ...]
) -> None:
    assert kept_on(day(on), policy) == expected


@pytest.mark.parametrize(
    ("started", "months", "policy", "expected"),
    [
        ("2025-08-31", 6, "feb_28", "2026-02-28"),
        ("2027-08-31", 6, "feb_28", "2028-02-29"),
        ("2026-01-31", 1, "feb_28", "2026-02-28"),
        ("2026-01-31", 3, "mar_1", "2026-04-30"),
        ("2024-02-29", 12, "feb_28", "2025-02-28"),
        ("2024-02-29", 12, "mar_1", "2025-03-01"),
        ("2024-02-29", 48, "mar_1", "2028-02-29"),
        ("2024-02-29", 6, "mar_1", "2024-08-29"),
        ("2025-12-31", 2, "mar_1", "2026-02-28"),
    ],
)
def test_a_day_that_the_month_lacks_is_its_last(started: str, months: int, policy: LeapDay, expected: str) -> None:
    assert months_later(day(started), months, policy) == day(expected)


@pytest.mark.parametrize(
    ("on", "every_months", "policy", "expected"),
    [
        ("2026-06-01", 12, "feb_28", ["2025-06-01", "2024-06-01"]),
        (
            "2026-02-28",
            6,
            "feb_28",
            ["2025-08-31", "2025-08-30", "2025-08-29", "2025-08-28", "2025-02-28", "2024-08-31"],
        ),
        ("2026-02-28", 12, "feb_28", ["2025-02-28", "2024-02-29", "2024-02-28"]),
        ("2026-02-28", 12, "mar_1", ["2025-02-28", "2024-02-28"]),
        ("2026-03-01", 12, "mar_1", ["2025-03-01", "2024-03-01", "2024-02-29"]),
        ("2024-01-10", 12, "mar_1", []),
    ],
)
def test_the_days_whose_anniversary_it_is(on: str, every_months: int, policy: LeapDay, expected: list[str]) -> None:
    found = anniversary_days(day(on), every_months, day("2024-01-10"), policy)
    assert [each.isoformat() for each in found[: len(expected)]] == expected
    assert len(found) == len(expected) or every_months == 6


@given(
    started=st.dates(date(2020, 1, 1), date(2025, 12, 31)),
    count=st.integers(1, 8),
    every_months=st.sampled_from([1, 3, 6, 12]),
    policy=POLICIES,
)
def test_every_anniversary_is_found_on_its_day_and_on_no_other(
    started: date, count: int, every_months: int, policy: LeapDay
) -> None:
    kept = months_later(started, count * every_months, policy)
    assert started in anniversary_days(kept, every_months, date(2020, 1, 1), policy)
    for beside in (kept - timedelta(days=1), kept + timedelta(days=1)):
        assert started not in anniversary_days(beside, every_months, date(2020, 1, 1), policy)
