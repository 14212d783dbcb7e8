"""Taking a step: for everyone who stands there, in a few statements, whatever their number."""

from dataclasses import dataclass
from datetime import time, timedelta

from sqlalchemy import ColumnElement, case, exists, literal, select, true

from crm.access.policy import Policy
from crm.experiments.assignment import way
from crm.journeys.event_sources import as_moment, as_seconds, first_of_each
from crm.journeys.schedulers.stepwise.batch import BATCH, Batch
from crm.journeys.schedulers.stepwise.batch_clocks import ZONE_NAME, local_times, moment_on_wall, show_wall
from crm.journeys.schedulers.stepwise.conditions import fitting
from crm.journeys.schedulers.stepwise.local_time_sql import DAY, day_of, next_time, seconds_of
from crm.journeys.schedulers.stepwise.sends import write_messages
from crm.outreach.models import Arm
from crm.outreach.spec import (
    WEEKDAYS,
    BranchStep,
    Duration,
    EndStep,
    EventMatch,
    JourneySpec,
    SendStep,
    SplitStep,
    TaskStep,
    WaitStep,
)
from crm.segments.definition import parse_definition
from crm.segments.scope import SegmentScope
from crm.success.models import JOURNEY, Task
from crm.success.service import Origin, give_tasks


@dataclass(frozen=True)
class Walk:
    """A journey whose due members are moved on."""

    batch: Batch
    spec: JourneySpec
    scope: SegmentScope
    policy: Policy


def take(walk: Walk, step_key: str) -> None:
    """Move everyone who is due at a step through it."""
    step = next(step for step in walk.spec.steps if step.key == step_key)
    due = walk.batch.is_due(step_key)
    if isinstance(step, EndStep):
        walk.batch.leave(step_key, due, None)
    elif isinstance(step, SendStep):
        write_messages(walk.batch, walk.spec, step, walk.policy, walk.scope.zone)
        walk.batch.leave(step_key, due, walk.spec.after(step))
    elif isinstance(step, TaskStep):
        _write_tasks(walk, step)
        walk.batch.leave(step_key, due, walk.spec.after(step))
    elif isinstance(step, SplitStep):
        weights = [(each.to, each.weight) for each in step.ways]
        walk.batch.leave(step_key, due, way(f"{walk.spec.experiment}/{step.key}", BATCH.c.person_id, weights))
    elif isinstance(step, BranchStep):
        walk.batch.leave(step_key, due, case((_answers(walk, step), step.then), else_=walk.spec.after(step)))
    else:
        _wait(walk, step)


def _answers(walk: Walk, step: BranchStep) -> ColumnElement[bool]:
    """Who goes the first way."""
    due = walk.batch.is_due(step.key)
    if step.event is not None:
        had = first_of_each(
            walk.scope.catalog.events, step.event, BATCH, until=walk.batch.now, condition=due
        ).subquery()
        return BATCH.c.enrolment_id.in_(select(had.c.enrolment_id))
    definition = parse_definition(step.definition or {}, walk.scope.catalog)
    among = select(BATCH.c.member_id).where(due)
    return BATCH.c.member_id.in_(fitting(walk.batch.session, definition, walk.scope, among).subquery().select())


def _write_tasks(walk: Walk, step: TaskStep) -> None:
    """One for each member who is not held out, and only once."""
    due = walk.batch.is_due(step.key)
    show_wall(walk.batch, due, days_later=step.due_in_days)
    due_at = moment_on_wall(walk.batch, BATCH.c.wall, timedelta(days=step.due_in_days))
    done = exists().where(Task.enrolment_id == BATCH.c.enrolment_id, Task.step_key == step.key)
    each = select(
        BATCH.c.enrolment_id,
        literal(walk.batch.journey_id).label("journey_id"),
        literal(step.key).label("step_key"),
        BATCH.c.member_id,
        BATCH.c.at.label("created_at"),
        as_moment(due_at).label("due_at"),
    ).where(due, ~done, BATCH.c.arm != Arm.HOLDOUT)
    origin = Origin(JOURNEY, walk.batch.journey_id, walk.spec.name)
    give_tasks(walk.batch.session, origin, title=step.title, note=step.note, to=each, order="enrolment_id")


def _wait(walk: Walk, step: WaitStep) -> None:
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
