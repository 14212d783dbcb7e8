"""Reads amounts of money as systems and people write them."""

import re
from decimal import Decimal
from typing import Any

from crm.errors import InvalidRequest
from crm.reading.texts import plain_text

CENTS = 100
LARGEST = 20_000_000
"""In whole units: as many cents as a column of the database holds, nearly."""
_CURRENCY = re.compile(r"(?:CNY|RMB|USD|EUR|GBP|HKD|JPY|元|[¥$€£])", re.IGNORECASE)
_PLAIN = re.compile(r"[+-]?\d{1,15}(?:\.\d*)?")
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:([ ',])\d{3})(?:\1\d{3})*(?:\.\d*)?")


def read_cents(raw: Any, *, what: str = "amount") -> int:
    """An amount of whole units as cents. Raises InvalidRequest: the thousandth of a cent is not rounded away."""
    number = raw if isinstance(raw, Decimal | int) and not isinstance(raw, bool) else _number(raw, what)
    if isinstance(number, Decimal) and not number.is_finite():
        raise InvalidRequest(f"{what} is no number; write an amount such as 12.50")
    if number < 0:
        raise InvalidRequest(f"{what} must be at least 0")
    if number > LARGEST:
        raise InvalidRequest(f"{what} is more than {LARGEST:,}, which no line of an order costs")
    cents = Decimal(number) * CENTS
    if cents % 1:
        raise InvalidRequest(f"{what} has more than two decimals: {str(raw)[:40]}")
    return int(cents)


def _number(raw: Any, what: str) -> Decimal:
    if isinstance(raw, float):
        return Decimal(str(raw))
    if not isinstance(raw, str):
        raise InvalidRequest(f"{what} must be a number such as 12.50")
    text = _CURRENCY.sub("", plain_text(raw)).strip().replace("’", "'")
    if _PLAIN.fullmatch(text):
        return Decimal(text)
    grouped = _GROUPED.fullmatch(text)
    if grouped and (grouped[1] != "," or "." in text or text.count(",") > 1):
        return Decimal(re.sub("[ ',]", "", text))
    if "," in text and re.fullmatch(r"[\d.,]+", text):
        raise InvalidRequest(f"{what} {text[:40]!r} can be read in two ways; write it with a point, such as 1234.50")
    raise InvalidRequest(f"{what} must be a number such as 12.50, not {str(raw)[:40]!r}")
