"""Asks the member's customer success manager to do something."""

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import exists, literal, select
from sqlalchemy.orm import Session

from crm.journeys.event_sources import as_moment
from crm.journeys.phrases import Phrases
from crm.journeys.schedulers.stepwise.batch import BATCH
from crm.journeys.schedulers.stepwise.batch_clocks import moment_on_wall, show_wall
from crm.journeys.steps.kind import StepKind, TimelineEntry, Walk
from crm.outreach.models import Arm, Enrolment
from crm.outreach.spec import TaskStep
from crm.success.models import JOURNEY, Task
from crm.success.service import Origin, give_tasks
from crm.words import Text


def _take(walk: Walk, step: TaskStep) -> None:
    _write_tasks(walk, step)
    walk.batch.leave(step.key, walk.batch.is_due(step.key), walk.spec.after(step))


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


def _in_words(phrases: Phrases, step: TaskStep) -> str:
    days = phrases.days(step.due_in_days)
    return phrases.say(
        f"Task for the customer success manager, due in {days}: {step.title}",
        f"给客户成功经理的任务（{days}内）：{step.title}",
    )


def _timeline(session: Session, enrolment: Enrolment) -> Iterator[TimelineEntry]:
    for task in session.scalars(select(Task).where(Task.enrolment_id == enrolment.id)):
        yield TimelineEntry(task.created_at, TASK.name, task.title, task.outcome or task.state.value)


TASK = StepKind[TaskStep](
    name="task",
    take=_take,
    in_words=_in_words,
    new=lambda _others, _place: {"title": "Call the member", "due_in_days": 3},
    acts_once=True,
    timeline=_timeline,
    timeline_words=Text("task", "任务"),
)
