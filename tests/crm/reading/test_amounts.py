"""Amounts of money as systems and people write them, and files as they are saved."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.errors import InvalidRequest
from crm.reading.amounts import read_cents


@pytest.mark.parametrize(
    ("raw", "cents"),
    [
        (12, 1200),
        (12.5, 1250),
        (0.1, 10),
        (Decimal("12.500"), 1250),
        ("12.50", 1250),
        ("１２．５", 1250),
        ("¥12.50", 1250),
        ("12.50元", 1250),
        ("CNY 12.50", 1250),
        ("1,234.50", 123450),
        ("1,234,567", 123456700),
        ("$ 1 234.50", 123450),
        ("1'234.50", 123450),
        (0, 0),
    ],
)
def test_an_amount_is_read_to_the_cent(raw: Any, cents: int) -> None:
    assert read_cents(raw) == cents


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (1e30, "more than"),
        (Decimal("1E+999999999"), "more than"),
        (10**400, "more than"),
        (float("nan"), "no number"),
        (float("inf"), "no number"),
        (Decimal("NaN"), "no number"),
        ("NaN", "must be a number"),
        (-1, "at least 0"),
        ("-0.01", "at least 0"),
        ("(12.50)", "must be a number"),
        ("1.234,50", "two ways"),
        ("1,234", "two ways"),
        ("12,50", "two ways"),
        ("12.345", "two decimals"),
        (Decimal("1E-999999"), "two decimals"),
        ("1e5", "must be a number"),
        ("", "must be a number"),
        (True, "must be a number"),
        (None, "must be a number"),
        ([12], "must be a number"),
    ],
)
def test_what_is_no_amount_or_could_be_two_is_refused(raw: Any, says: str) -> None:
    with pytest.raises(InvalidRequest, match=says):
        read_cents(raw)


@given(st.integers(0, 1_999_999_999))
def test_every_amount_of_cents_comes_back(cents: int) -> None:
    amount = Decimal(cents) / 100
    assert read_cents(f"{amount:,.2f}") == read_cents(amount) == read_cents(float(amount)) == cents
