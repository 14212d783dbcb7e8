"""The kind `journey`: what people write step by step, in versions."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from crm.access.actor import Actor, Permission
from crm.access.approvable import Parts
from crm.journeys.approval import approvable_of
from crm.journeys.house_rules import codes_of
from crm.journeys.kind import Kind, Shown, Subject
from crm.journeys.lookup import SUBJECT_KIND, get_journey
from crm.journeys.prepare import Prepared, Stage, prepare
from crm.journeys.schedulers.stepwise.conditions import fitting
from crm.journeys.schedulers.stepwise.scheduler import STEPWISE
from crm.loyalty.service import coupon_terms
from crm.outreach.ledger import spec_of
from crm.outreach.models import Journey
from crm.outreach.rules import moment_of
from crm.segments import service as segments
from crm.segments.approved import segments_in_words
from crm.segments.describe import describe
from crm.segments.scope import SegmentScope
from crm.workspace import get_workspace


def _find(session: Session, journey_id: int, lock: bool) -> Subject[Journey]:  # noqa: FBT001 - as `Kind.find` says
    journey = get_journey(session, journey_id, lock=lock)
    return Subject(SUBJECT_KIND, journey.id, journey, journey)


def _id_of(_session: Session, journey_id: int) -> int:
    return journey_id


def journey_parts(session: Session, journey: Journey) -> Parts:
    """Everything that a journey does, part by part in JSON, with what its coupons give."""
    spec = spec_of(journey)
    return {**journey.spec, "coupons": coupon_terms(session, codes_of(spec))}


def _definitions(journey: Journey) -> Mapping[str, Any]:
    return journey.spec


def _start_of(session: Session, journey: Journey) -> datetime | None:
    start = spec_of(journey).start
    return None if start is None else moment_of(start, get_workspace(session).zone)


def _prepare(
    session: Session, journey: Journey, scope: SegmentScope, people: Sequence[Actor], stage: Stage, now: datetime
) -> Prepared:
    return prepare(session, journey.spec, scope, people=people, now=now, stage=stage)


def _shown(session: Session, journey: Journey, prepared: Prepared, scope: SegmentScope, _now: datetime) -> Shown:
    """Of an audience that takes part at once, who is selected, too."""
    spec, definition = prepared.spec, prepared.entry
    members = segments.count(session, definition, scope)
    is_audience = spec.trigger.kind == "audience_at_launch"
    facts = {
        "name": journey.name,
        "version": journey.version,
        "trigger": spec.trigger.kind,
        "members_who_fit": members,
        "read_back": describe(definition, scope, language=spec.language),
        "messages": sum(len(step.channels) for step in spec.sends),
        "spec": journey.spec,
        "warnings": [warning.sentence for warning in prepared.warnings],
        "segments": segments_in_words(scope, spec.language),
    }
    if not is_audience:
        return Shown(facts, {}, None)
    return Shown(facts, {"audience_count": members}, fitting(session, definition, scope))


def _ends_at(_session: Session, _journey: Journey, _now: datetime) -> None:
    return None


KIND: Kind[Journey] = Kind(
    name=SUBJECT_KIND,
    scheduler=STEPWISE,
    find=_find,
    id_of=_id_of,
    parts=journey_parts,
    definitions=_definitions,
    start_of=_start_of,
    prepare=_prepare,
    shown=_shown,
    ends_at=_ends_at,
)
JOURNEY = approvable_of(KIND, Permission.APPROVE_CAMPAIGN)
