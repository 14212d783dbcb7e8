"""Arithmetic with moments inside the database."""

from datetime import datetime, timedelta

from sqlalchemy import BigInteger, ColumnElement, cast, literal, type_coerce

from crm.database import UtcDateTime


def earlier(moment: ColumnElement[datetime], by: timedelta) -> ColumnElement[datetime]:
    """`moment - by`, in SQL: moments are integer seconds."""
    # A cast: coercing the type of a bound moment would bind it as text, and every window would reach back for ever.
    seconds = cast(moment, BigInteger) - literal(int(by.total_seconds()), BigInteger)
    return type_coerce(seconds, UtcDateTime)
