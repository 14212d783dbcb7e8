"""Waits for a length of time, a time of day, a day around the key date, or an event."""

from collections.abc import Iterator
from datetime import time, timedelta

from sqlalchemy import ColumnElement, case, true

from crm.journeys.event_sources import as_moment, as_seconds, first_of_each
from crm.journeys.phrases import Phrases
from crm.journeys.schedulers.stepwise.batch import BATCH
from crm.journeys.schedulers.stepwise.batch_clocks import ZONE_NAME, local_times, moment_on_wall, show_wall
from crm.journeys.schedulers.stepwise.local_time_sql import DAY, day_of, next_time, seconds_of
from crm.journeys.steps.kind import Data, Exit, StepKind, Walk, WayInWords, next_exit
from crm.outreach.spec import WEEKDAYS, Duration, EventMatch, WaitStep

LENGTHS = ("days", "hours", "minutes")
_WEEKDAYS_ZH = {
    "monday": "周一",
    "tuesday": "周二",
    "wednesday": "周三",
    "thursday": "周四",
    "friday": "周五",
    "saturday": "周六",
    "sunday": "周日",
}


def _take(walk: Walk, step: WaitStep) -> None:
    batch, due = walk.batch, walk.batch.is_due(step.key)
    after = walk.spec.after(step)
    is_for_event = step.until_event is not None
    batch.leave(step.key, due & BATCH.c.is_waiting, (step.on_timeout or after) if is_for_event else after)
    comes = due & ~BATCH.c.is_waiting
    if step.until_event is not None:
        _wait_for_event(walk, step, step.until_event)
    elif step.until_time is not None:
        _begin_until_time(walk, comes, step, step.until_time)
    elif step.until_key_date is not None and step.at is not None:
        _begin_until_key_date(walk, comes, step.until_key_date, step.at)
    else:
        _begin(walk, comes, step)


def _wait_for_event(walk: Walk, step: WaitStep, event: EventMatch) -> None:
    """Who had the event since he entered goes on at once; later ones are noticed by `walk.py`."""
    comes = walk.batch.is_due(step.key) & ~BATCH.c.is_waiting
    had = first_of_each(walk.scope.catalog.events, event, BATCH, until=walk.batch.now, condition=comes).cte("had")
    came_first = case((had.c.at > BATCH.c.at, had.c.at), else_=BATCH.c.at)
    walk.batch.change(BATCH.c.enrolment_id == had.c.enrolment_id, event_at=came_first)
    _begin(walk, comes, step.timeout or Duration())
    # In time: the engine may have been away for longer than the wait.
    in_time = (BATCH.c.step_key == step.key) & (BATCH.c.event_at <= BATCH.c.at)
    walk.batch.change(in_time, at=BATCH.c.event_at)
    walk.batch.leave(step.key, in_time, walk.spec.after(step))
    walk.batch.change(BATCH.c.event_at.is_not(None), event_at=None)


def _begin(walk: Walk, comes: ColumnElement[bool], length: Duration) -> None:
    """A wait of some length: days on the wall, then hours and minutes that pass."""
    end = as_seconds(BATCH.c.at)
    if length.days:
        show_wall(walk.batch, comes, days_later=length.days)
        end = moment_on_wall(walk.batch, BATCH.c.wall, timedelta(days=length.days))
    passing = int(length.elapsed.total_seconds())
    walk.batch.change(comes, at=as_moment(end + passing), is_waiting=true())


def _begin_until_time(walk: Walk, comes: ColumnElement[bool], step: WaitStep, time_of_day: str) -> None:
    weekday = None if step.weekday is None else WEEKDAYS.index(step.weekday)
    show_wall(walk.batch, comes)
    walk.batch.change(comes, wall=next_time(BATCH.c.wall, time.fromisoformat(time_of_day), weekday))
    _end_on_the_wall(walk, comes, timedelta(days=len(WEEKDAYS) + 1))


def _begin_until_key_date(walk: Walk, comes: ColumnElement[bool], day: int, time_of_day: str) -> None:
    anchor = local_times(walk.batch).wall(ZONE_NAME, as_seconds(BATCH.c.anchor_at))
    walk.batch.change(comes, wall=day_of(anchor) + day * DAY + seconds_of(time.fromisoformat(time_of_day)))
    _end_on_the_wall(walk, comes, timedelta(days=abs(day)))


def _end_on_the_wall(walk: Walk, comes: ColumnElement[bool], ahead: timedelta) -> None:
    """The wait ends when the clock shows `wall`; at once when that has passed."""
    begun, end = as_seconds(BATCH.c.at), moment_on_wall(walk.batch, BATCH.c.wall, ahead)
    walk.batch.change(comes, at=as_moment(case((end > begun, end), else_=begun)), is_waiting=true())


def _exits(step: Data, path: str) -> Iterator[Exit]:
    yield from next_exit(step, path)
    if step.get("on_timeout") is not None:
        yield Exit(f"{path}.on_timeout", step["on_timeout"])


def _takes_time(step: Data) -> bool:
    return any(step.get(length) for length in LENGTHS)


def _in_words(phrases: Phrases, step: WaitStep) -> str:
    if step.until_event is not None:
        event, limit = phrases.event(step.until_event), phrases.length(step.timeout or Duration())
        return phrases.say(f"Wait until the member {event}, at most {limit}", f"等待会员{event}，最多 {limit}")
    if step.until_time is not None:
        day = step.weekday or ""
        in_chinese = f"{_WEEKDAYS_ZH.get(day, '')}{step.until_time}"
        at = phrases.say(f"{day.capitalize()} {step.until_time}", in_chinese).strip()
        return phrases.say(f"Wait until {at}", f"等到 {at}")
    if step.until_key_date is not None:
        return _until_key_date(phrases, step.until_key_date, step.at or "")
    length = phrases.length(step)
    return phrases.say(f"Wait {length}", f"等待 {length}")


def _until_key_date(phrases: Phrases, day: int, at: str) -> str:
    if day == 0:
        return phrases.say(f"Wait until the day itself at {at}", f"等到当天 {at}")
    days = phrases.days(abs(day))
    if day < 0:
        return phrases.say(f"Wait until {days} before the day at {at}", f"等到前 {days} {at}")
    return phrases.say(f"Wait until {days} after the day at {at}", f"等到后 {days} {at}")


def _ways_in_words(phrases: Phrases, step: WaitStep) -> Iterator[WayInWords]:
    after = phrases.spec.after(step)
    if step.on_timeout is None:
        yield WayInWords("", after)
        return
    yield WayInWords(phrases.say("it came", "已发生"), after)
    yield WayInWords(phrases.say("it did not", "未发生"), step.on_timeout)


WAIT = StepKind[WaitStep](
    name="wait",
    take=_take,
    in_words=_in_words,
    new=lambda _others, _place: {"days": 3},
    exits=_exits,
    ways_in_words=_ways_in_words,
    takes_time=_takes_time,
)
