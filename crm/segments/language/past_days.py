"""The past day on which a request wants to see its members: "as of 1 March", 截至3月1日, 以3月1日为准."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from crm.segments.language.dates import DAY_PATTERN, read_day
from crm.segments.language.text import fold, just_before

_BEFORE = re.compile(
    r"(?:\b(?:as (?:of|at|on)|as it (?:was|stood) on|as they (?:were|stood) on|as things stood on|status on"
    r"|snapshot (?:of|on|from)|the way it was on)\s+(?:the )?|截至到?|截止到?|截止至|以|站在|回到)$"
)
_AFTER = re.compile(r"\s*(?:(?P<zh>为准|来看|为基准|看)|(?P<then>的?(?:时候?|当时|那天|当天))(?=\s*[,，的:：]))")
_NEEDS_AFTER = ("以", "站在")
"""What only together with words behind the day names a day to look from."""


@dataclass(frozen=True)
class PastDay:
    day: date
    start: int
    end: int
    """Where its words stand in the source."""


def find_past_day(source: str, today: date) -> PastDay | None:
    """The day to look from, today at the latest; None when the request means today."""
    return next(_past_days(fold(source), today), None)


def _past_days(folded: str, today: date) -> Iterator[PastDay]:
    for match in DAY_PATTERN.finditer(folded):
        day = read_day(match, today, "past")
        before, after = _BEFORE.search(just_before(folded, match.start())), _AFTER.match(folded, match.end())
        if day is None or day > today or not _looks_from(before, after):
            continue
        lead = len(before.group()) if before else 0
        yield PastDay(day, match.start() - lead, after.end() if after else match.end())


def _looks_from(before: re.Match[str] | None, after: re.Match[str] | None) -> bool:
    if before is None:
        return after is not None and after["then"] is not None
    return after is not None or before.group() not in _NEEDS_AFTER
