"""When a campaign shall start and end, told apart from days that belong to the audience ('joined since 1 April').

A time of day always belongs to the campaign: no condition on members has one.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, time

from agent.planner.slots.span import Span
from crm.segments.language.kinds import Moment
from crm.segments.language.text import just_after, just_before

DEFAULT_SEND_TIME = time(10, 0)
"""Used when a start names only its day: late enough for quiet hours everywhere, early enough to be seen that day."""

_STARTS = re.compile(
    r"(?:\b(?:start(?:s|ing)?|begin(?:s|ning)?|kick(?:s|ing)?[\s-]?off|launch(?:es|ing)?|go(?:es"
    r"|ing)? (?:live|out)|live|sen[dt](?:ing)?(?: (?:it|them))?"
    r"|schedul\w+|run(?:s|ning)?|valid|deliver(?:y|ed)?|publish\w*|release\w*|fire|move|postpone|delay|push"
    r"|reschedule\w*|starting date|start date|out|effective|make (?:it|that|this))"
    r"(?:\s(?:on|at|from|for|by|to|it|them|this|that|is|the|between|date|time|:))*|定在|安排在?|排在|改到|推迟到|提前到"
    r"|开始(?:时间)?[为是:：]?|于|在)\s*:?$"
)
_STARTS_AFTER = re.compile(r"^\s*(?:开始|启动|上线|发送|发出|推送|发|起|start|send|launch|kick[\s-]?off)")
_AUDIENCE_BEFORE = re.compile(
    r"\b(?:bought|buy|purchas\w+|order(?:ed|s)?|join(?:ed)?|signed up|registered|since|during|opened|clicked"
    r"|received|birthdays?|anniversar\w+"
    r"|spent|spend|redeem\w*|visited|last (?:order|purchase)|born|after|before|between|until"
    r"|in)\b[^,;.]{0,30}$|(?:自从?|加入|注册|下单|购买|消费|生日|从)[^，,。]{0,6}$"
)
_JOINS_AFTER = re.compile(r"^\s*(?:以来|之?后(?:加入|注册|下单)|之?前|加入|注册|下单|购买|生日|至今)")
_CLAUSE_MARKS = ",;.:(\n，；。：-–—+"


@dataclass(frozen=True)
class Schedule:
    """When it runs, as far as the words say. `spans` are the places that said it."""

    day: date | None = None
    at: time | None = None
    end: date | None = None
    spans: tuple[Span, ...] = ()

    @property
    def start_text(self) -> str | None:
        """Local wall time, `2026-06-05T10:00`; the default time of day when only a day was named."""
        if self.day is None:
            return None
        moment = self.at or DEFAULT_SEND_TIME
        return f"{self.day.isoformat()}T{moment:%H:%M}"

    @property
    def end_text(self) -> str | None:
        return self.end.isoformat() if self.end else None


def find_schedule(text: str, moments: Iterable[Moment], *, alone: bool = False) -> Schedule:
    """The schedule in a text. With `alone` every moment counts, as in a command on a campaign that has its audience."""
    lowered = text.lower()
    chosen = [moment for moment in moments if alone or _is_schedule(lowered, moment)]
    day = next((moment.day for moment in chosen if moment.day), None)
    at = next((moment.time for moment in chosen if moment.time), None)
    end = next((moment.last_day for moment in chosen if moment.last_day), None)
    return Schedule(day, at, end, tuple(Span(moment.start, moment.end) for moment in chosen))


def _is_schedule(text: str, moment: Moment) -> bool:
    before, after = just_before(text, moment.start), just_after(text, moment.end)
    if moment.time is not None or _STARTS.search(before) or _STARTS_AFTER.match(after):
        return True
    clause = before[max(before.rfind(mark) for mark in _CLAUSE_MARKS) + 1 :]
    if _AUDIENCE_BEFORE.search(clause) or _JOINS_AFTER.match(after):
        return False
    return moment.last_day is not None or _stands_alone(clause, after)


def _stands_alone(clause: str, after: str) -> bool:
    """The day is all that its clause says: ', 15 June.' or ', on Friday'."""
    return not clause.replace(" on", "").strip() and (not after.strip() or after.lstrip()[0] in _CLAUSE_MARKS)
