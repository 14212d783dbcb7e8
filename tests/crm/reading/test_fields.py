"""Days and moments in JSON and addresses: a number is no second since 1970."""

from datetime import date, datetime
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from crm.reading.fields import DayIn, MomentIn

DAY: TypeAdapter[date] = TypeAdapter(DayIn)
MOMENT: TypeAdapter[datetime] = TypeAdapter(MomentIn)


@pytest.mark.parametrize("raw", ["2026-05-20", "20260520", 20260520, "2026/5/20", "2026年5月20日", "20 May 2026"])
def test_a_day_is_that_day(raw: Any) -> None:
    assert DAY.validate_python(raw) == date(2026, 5, 20)


@pytest.mark.parametrize("raw", [5, "5", "10/2/2026", "2026-02-29", "9999-12-31", "2026-05-20T10:00", True, "", [1]])
def test_what_is_no_day_is_refused(raw: Any) -> None:
    with pytest.raises(ValidationError):
        DAY.validate_python(raw)


@pytest.mark.parametrize("raw", ["2026-05-20T10:00", "2026-05-20 10:00:00", "20260520T1000"])
def test_a_moment_keeps_that_it_is_local(raw: str) -> None:
    assert MOMENT.validate_python(raw) == datetime.fromisoformat("2026-05-20T10:00")


@pytest.mark.parametrize("raw", [5, 1780275600, "1780275600", 20260520, "10/2/2026 10:00", "2026-02-29T10:00", True])
def test_what_is_no_moment_of_iso_is_refused(raw: Any) -> None:
    with pytest.raises(ValidationError):
        MOMENT.validate_python(raw)
