"""Days and moments in what comes as JSON or in an address: numbers are not taken for seconds since 1970."""

from datetime import date, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator

from crm.bounds import day_within, moment_within
from crm.errors import InvalidRequest
from crm.reading.moments import read_day, read_moment


def _day(raw: Any) -> Any:
    try:
        return raw if raw is None or isinstance(raw, date) else read_day(raw)
    except InvalidRequest as error:
        raise ValueError(error.message) from None


def _moment(raw: Any) -> Any:
    """A moment of ISO 8601 goes on as it is, with its offset or without."""
    if raw is None or isinstance(raw, datetime):
        return raw
    try:
        return datetime.fromisoformat(raw)
    except (TypeError, ValueError):
        pass
    try:
        read_moment(raw, ZoneInfo("UTC"))
    except InvalidRequest as error:
        raise ValueError(error.message) from None
    raise ValueError("a moment is written 2026-05-01T09:59, or with its offset 2026-05-01T09:59:00+08:00")


DayIn = Annotated[date, BeforeValidator(_day), AfterValidator(day_within)]
MomentIn = Annotated[datetime, BeforeValidator(_moment), AfterValidator(moment_within)]
