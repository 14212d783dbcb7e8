"""Two ways: for members who fit a definition or had an event, and for the others."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, case, select

from crm.journeys.event_sources import first_of_each
from crm.journeys.phrases import Phrases
from crm.journeys.schedulers.stepwise.batch import BATCH
from crm.journeys.schedulers.stepwise.conditions import fitting
from crm.journeys.steps.kind import Data, Exit, StepKind, Walk, WayInWords
from crm.outreach.spec import BranchStep
from crm.segments.definition import parse_definition


def _take(walk: Walk, step: BranchStep) -> None:
    goes_to = case((_answers(walk, step), step.then), else_=walk.spec.after(step))
    walk.batch.leave(step.key, walk.batch.is_due(step.key), goes_to)


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


def _exits(step: Data, path: str) -> Iterator[Exit]:
    if step.get("then") is not None:
        yield Exit(f"{path}.then", step["then"])
    yield Exit(f"{path}.otherwise", step.get("otherwise"))


def _in_words(phrases: Phrases, step: BranchStep) -> str:
    if step.event is not None:
        event = phrases.event(step.event)
        return phrases.say(f"Look whether the member {event} after entering", f"查看会员加入旅程后是否{event}")
    return phrases.say("Look whether the member is one of {who}", "查看会员是否属于{who}").format(
        who=phrases.who(step.definition or {})
    )


def _ways_in_words(phrases: Phrases, step: BranchStep) -> Iterator[WayInWords]:
    yield WayInWords(phrases.say("yes", "是"), step.then)
    yield WayInWords(phrases.say("no", "否"), phrases.spec.after(step))


def _new(others: Sequence[str], _place: int) -> dict[str, Any]:
    return {"event": {"events": ["ordered"]}, **({"then": others[-1]} if others else {})}


BRANCH = StepKind[BranchStep](
    name="branch", take=_take, in_words=_in_words, new=_new, exits=_exits, ways_in_words=_ways_in_words
)
