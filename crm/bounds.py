"""How large, how deep, how long and how far away a value may be, said once for every way in."""

import re
from datetime import UTC, date, datetime
from typing import Annotated

from pydantic import AfterValidator, Field

from crm.errors import InvalidRequest

LARGEST_ID = 2**31 - 1
"""Of a row: what PostgreSQL's integer holds."""
MOST_MONEY = 10**12
"""In whole units. Nobody offers or spends more, and sums of it stay within what databases hold."""
MOST_TEXT = 20_000
"""Characters of the longest text, the body of an e-mail."""
MOST_GOAL = 2_000
MOST_NAME = 200
MOST_ITEMS = 500
"""Of a list that a person writes."""
FIRST_DAY = date(1900, 1, 1)
LAST_DAY = date(2199, 12, 31)
"""Within these, no time zone and no window of days leads to a day that does not exist."""

RowId = Annotated[int, Field(ge=1, le=LARGEST_ID)]
Name = Annotated[str, Field(max_length=MOST_NAME)]
Text = Annotated[str, Field(max_length=MOST_TEXT)]

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
"""No database keeps all of these, and no person writes one. Tab and line ends are words' own."""


def day_within(day: date) -> date:
    """The day itself. Raises ValueError for one that nothing can be counted from."""
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValueError(f"the day {day} is out of reach; give one from {FIRST_DAY} to {LAST_DAY}")
    return day


def moment_within(moment: datetime) -> datetime:
    day_within(moment.date())
    return moment


Day = Annotated[date, AfterValidator(day_within)]
Moment = Annotated[datetime, AfterValidator(moment_within)]


def wrong_character(text: str) -> str | None:
    """What is said of the first character that no text may hold; None when there is none."""
    found = _FORBIDDEN.search(text)
    if found is None:
        return None
    code = ord(found[0])
    kind = "half of a character" if code >= 0xD800 else "a control character"
    return f"character {found.start() + 1} is {kind} (U+{code:04X}), which no text can hold; leave it out"


def checked_words(text: str, *, what: str, most: int) -> str:
    """Words of a person as they stand. Raises InvalidRequest for too many, and for characters no text can hold."""
    if len(text) > most:
        raise InvalidRequest(f"the {what} has {len(text):,} characters; at most {most:,} are possible")
    if wrong := wrong_character(text):
        raise InvalidRequest(f"the {what} cannot be kept: {wrong}")
    return text


def row_id(words: str) -> int | None:
    """The id that words name; None for words that are no id of any row."""
    # ASCII digits alone: those of other scripts are no ids.
    if not (words.isascii() and words.isdecimal()) or len(words.lstrip("0")) > len(str(LARGEST_ID)):
        return None
    number = int(words)
    return number if 1 <= number <= LARGEST_ID else None


def aware_within(moment: datetime) -> datetime:
    """The moment in UTC. Raises ValueError when it is out of reach, or so near the edge that UTC leaves it."""
    return moment_within(moment).astimezone(UTC)
