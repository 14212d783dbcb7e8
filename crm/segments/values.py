"""Reads the value of a condition for its field and operator, or says what would be right.

Every reader also takes what it gave before, so that conditions can be built from JSON and from code.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import date
from decimal import Decimal
from typing import Any, TypeGuard, TypeVar, get_args

from rapidfuzz import process

from crm.errors import InvalidRequest
from crm.fields import CENTS_PER_UNIT, Field, Kind, Op
from crm.segments.days import LEAP_YEAR, Day, MonthDay, RelativeDay, RelativeUnit

MAX_WORDS = 200
MAX_WORD_LENGTH = 200
MAX_NUMBER = 10**12
"""In whole units; leaves room for cents within 64 bits."""
FIRST_YEAR, LAST_YEAR = 1900, 2200
WHOLE_PERCENT = 100
NEAR_COUNT = 3

Number = int | float
T = TypeVar("T")
OpValue = (
    tuple[str, ...] | Number | tuple[Number, Number] | bool | Day | tuple[Day, Day] | tuple[MonthDay, MonthDay] | None
)
"""What stands in a condition after reading."""


def near(word: str, words: Sequence[str]) -> tuple[str, ...]:
    """The words most like `word`, best first."""
    return tuple(match[0] for match in process.extract(word, words, limit=NEAR_COUNT))


def read_value(field: Field, op: Op, raw: Any) -> OpValue:
    """The value of `op` over `field`. Raises InvalidRequest with a sentence that names what would be right."""
    if op in (Op.ANY, Op.NONE):
        if raw not in (None, [], ()):
            raise _wrong(f"{op} asks about all {field.name} rows and takes no value")
        return None
    if op is Op.KNOWN:
        return _flag(field, raw)
    if op is Op.TOP_PERCENT:
        return read_percent(raw, what=f"{field.name} {op}")
    if op is Op.MONTH_DAY_BETWEEN or op is Op.ANNIVERSARY_BETWEEN:
        return _pair(raw, _month_day, 'two days of the year such as ["12-20", "01-05"]')
    if field.kind in (Kind.CHOICE, Kind.SET, Kind.MEMBERSHIP):
        words = read_words(raw, field.values, what=field.name)
        if op in (Op.EQ, Op.NE) and len(words) > 1:
            raise _wrong(f"{field.name} {op} takes one word; use in or not_in for several")
        return words
    if field.kind is Kind.FLAG:
        return _flag(field, raw)
    if field.kind is Kind.NUMBER:
        return _number_or_range(field, op, raw)
    return _day_or_range(field, op, raw)


def read_words(raw: Any, values: Any, *, what: str) -> tuple[str, ...]:
    """One word or a list of words; `values` closes the list when it is a tuple."""
    words = [raw] if isinstance(raw, str) else raw
    if not isinstance(words, list | tuple) or not words:
        raise _wrong(f"{what} needs a list of one or more words")
    if len(words) > MAX_WORDS:
        raise _wrong(f"{what} takes at most {MAX_WORDS} words, not {len(words)}")
    closed = values if isinstance(values, tuple) else None
    return tuple(dict.fromkeys(_word(word, closed, what) for word in words))


def _word(word: Any, closed: tuple[str, ...] | None, what: str) -> str:
    if not isinstance(word, str) or not word.strip():
        raise _wrong(f"{what} needs words, not {word!r:.80}")
    if len(word) > MAX_WORD_LENGTH:
        raise _wrong(f"a word of {what} has at most {MAX_WORD_LENGTH} characters")
    if "\x00" in word or any("\ud800" <= letter <= "\udfff" for letter in word):
        raise _wrong(f"a word of {what} holds characters that no database can store")
    if closed is None:
        return word
    for known in closed:
        if known.casefold() == word.casefold():
            return known
    raise _wrong(f"{what} is one of {', '.join(closed)}; there is no {word!r:.80}", candidates=near(word, closed))


def _flag(field: Field, raw: Any) -> bool:
    if not isinstance(raw, bool):
        raise _wrong(f"{field.name} needs true or false, not {raw!r:.80}")
    return raw


def _number_or_range(field: Field, op: Op, raw: Any) -> Number | tuple[Number, Number]:
    if op is not Op.BETWEEN:
        return _number(field, raw)
    low, high = _pair(raw, lambda end: _number(field, end), "two numbers, the lower one first")
    if low > high:
        raise _wrong(f"between needs the lower number first, not {low} and {high}")
    return low, high


def _number(field: Field, raw: Any) -> Number:
    if not _is_number(raw):
        raise _wrong(f"{field.name} needs a number, not {raw!r:.80}")
    if abs(raw) > MAX_NUMBER:
        raise _wrong(f"{field.name} needs a number of at most {MAX_NUMBER:,}")
    if field.is_money and Decimal(str(raw)) * CENTS_PER_UNIT % 1:
        raise _wrong(f"{field.name} is money and has at most two decimals, not {raw}")
    if float(raw).is_integer():
        return int(raw)
    if field.is_whole:
        raise _wrong(f"{field.name} needs a whole number, not {raw}")
    return raw


def _is_number(raw: Any) -> TypeGuard[Number]:
    """Whether it is a whole or a finite decimal number; whole numbers may be larger than any decimal one."""
    if isinstance(raw, float):
        return math.isfinite(raw)
    return isinstance(raw, int) and not isinstance(raw, bool)


def read_percent(raw: Any, *, what: str) -> Number:
    """A share of members in percent: above 0, at most 100, with at most two decimals."""
    if not _is_number(raw) or not 0 < raw <= WHOLE_PERCENT or Decimal(str(raw)) * 100 % 1:
        raise InvalidRequest(
            f"{what} needs a percentage above 0 and up to 100, such as 5 or 2.5, not {raw!r:.80}", path="value"
        )
    return int(raw) if float(raw).is_integer() else float(raw)


def to_stored(field: Field, number: Number) -> Number:
    """A number of a definition as the database holds it: money in cents."""
    return int(Decimal(str(number)) * CENTS_PER_UNIT) if field.is_money else number


def _day_or_range(field: Field, op: Op, raw: Any) -> Day | tuple[Day, Day]:
    if op is not Op.BETWEEN:
        return read_day(raw, what=field.name)
    first, last = _pair(raw, lambda end: read_day(end, what=field.name), "two days, the earlier one first")
    if isinstance(first, date) and isinstance(last, date) and first > last:
        raise _wrong(f"between needs the earlier day first, not {first} and {last}")
    return first, last


def read_day(raw: Any, *, what: str) -> Day:
    """A date, or a day counted back from today."""
    if isinstance(raw, RelativeDay):
        return raw
    return _relative_day(raw, what) if isinstance(raw, Mapping) else read_date(raw, what=what)


def read_date(raw: Any, *, what: str) -> date:
    """A date of the calendar, written 2026-03-01."""
    day = raw if type(raw) is date else None
    if isinstance(raw, str) and len(raw) == len("2026-03-01"):
        with suppress(ValueError):
            day = date.fromisoformat(raw)
    if day is None or not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise _wrong(f'{what} needs a day such as "2026-03-01", not {raw!r:.80}')
    return day


def _relative_day(raw: Mapping[str, Any], what: str) -> RelativeDay:
    units: tuple[RelativeUnit, ...] = get_args(RelativeUnit)
    given = [unit for unit in units if unit in raw]
    if len(raw) != 1 or not given:
        raise _wrong(f"a relative day of {what} has exactly one of {', '.join(units)}")
    return RelativeDay(raw[given[0]], given[0])


def _month_day(raw: Any) -> MonthDay:
    if isinstance(raw, MonthDay):
        return raw
    day = None
    if isinstance(raw, str) and len(raw) == len("06-01"):
        with suppress(ValueError):
            day = date.fromisoformat(f"{LEAP_YEAR}-{raw}")
    if day is None:
        raise _wrong(f'a day of the year is written month-day, such as "06-01", not {raw!r:.80}')
    return MonthDay(day.month, day.day)


def _pair(raw: Any, read: Callable[[Any], T], what: str) -> tuple[T, T]:
    if not isinstance(raw, list | tuple) or len(raw) != 2:
        raise _wrong(f"the value must be {what}")
    return _read_end(raw, 0, read), _read_end(raw, 1, read)


def _read_end(raw: Sequence[Any], index: int, read: Callable[[Any], T]) -> T:
    try:
        return read(raw[index])
    except InvalidRequest as error:
        inner = "" if error.path in (None, "value") else f".{error.path}"
        raise InvalidRequest(error.message, path=f"[{index}]{inner}", candidates=error.candidates) from None


def _wrong(message: str, candidates: tuple[str, ...] = ()) -> InvalidRequest:
    return InvalidRequest(message, path="value", candidates=candidates)


def value_to_json(value: Any) -> Any:
    """The value as it is written in JSON."""
    if isinstance(value, tuple):
        return [value_to_json(item) for item in value]
    if isinstance(value, RelativeDay):
        return {value.unit: value.amount}
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, MonthDay) else value
