"""Launching a planned journey: members enrolled, messages on the books, benefits set aside, in one transaction."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, cast, insert, literal, select
from sqlalchemy.orm import Session

from crm.journeys.lookup import newest_version
from crm.journeys.schedulers.planned import draft
from crm.journeys.schedulers.planned.draft import Setting, drafted
from crm.loyalty import service as loyalty
from crm.members.changes import Change, mark_members_changed
from crm.outreach.ledger import LAUNCH, require_writable
from crm.outreach.link_targets import store_targets
from crm.outreach.models import LEDGER, Enrolment, Journey, JourneyState, Message
from crm.outreach.priority import Priority
from crm.outreach.spec import JourneySpec


def launch_planned(
    session: Session,
    spec: JourneySpec,
    audience: Select[int],
    setting: Setting,
    *,
    now: datetime,
) -> Journey:
    """A new version of a journey that runs at once, with its enrolments and its ledger."""
    version = newest_version(session, spec.name) + 1
    journey = Journey(name=spec.name, version=version, spec={}, state=JourneyState.RUNNING, created_at=now)
    session.add(journey)
    session.flush()
    write_plan(session, journey, spec, audience, setting, now=now)
    return journey


def write_plan(
    session: Session, journey: Journey, spec: JourneySpec, audience: Select[int], setting: Setting, *, now: datetime
) -> None:
    """Write the steps of a journey, its enrolments and its ledger.

    Excluded messages are written too, with their reason, so that the ledger accounts for everyone.
    `audience` gives one column of member ids. Raises InvalidRequest for a text that cannot be rendered.
    """
    require_writable(spec)
    journey.spec = spec.model_dump(mode="json")
    session.flush()
    store_targets(session, journey.id, spec)
    loyalty.lock_stock(session, spec.benefits.coupon_codes)
    with drafted(session, spec, audience, setting):
        _write_enrolments(session, journey.id, now)
        mark_members_changed(
            session, select(Enrolment.member_id).where(Enrolment.journey_id == journey.id), Change.CAMPAIGNS
        )
        _write_messages(session, journey.id, spec.priority)
        for code in spec.benefits.coupon_codes:
            loyalty.reserve(session, code, _benefit_enrolments(journey.id), now=now)


def _write_enrolments(session: Session, journey_id: int, now: datetime) -> None:
    columns = Enrolment.__table__.c
    audience = draft.AUDIENCE.c
    values: dict[str, ColumnElement[Any]] = {
        "journey_id": literal(journey_id),
        "member_id": audience.member_id,
        "person_id": audience.person_id,
        "occurrence": literal(LAUNCH),
        "arm": audience.arm,
        "enrolled_at": literal(now, columns.enrolled_at.type),
    }
    rows = select(*values.values()).order_by(audience.member_id)
    names = list(values)
    session.execute(insert(Enrolment).from_select(names, rows))


def _write_messages(session: Session, journey_id: int, priority: Priority) -> None:
    """In the order of sending: among messages due at the same moment the lower id goes first, as in the draft."""
    planned = draft.MESSAGES.c
    copied = ["member_id", "step_key", "channel", "variant", "due_at", "state", "reason"]
    first = cast(literal(priority), LEDGER.c.priority.type)
    rows = (
        select(Enrolment.id, literal(journey_id), literal(0), first, *[planned[name] for name in copied])
        .join_from(draft.MESSAGES, Enrolment, Enrolment.member_id == planned.member_id)
        .where(Enrolment.journey_id == journey_id)
        .order_by(planned.id)
    )
    names = ["enrolment_id", "journey_id", "attempts", "priority", *copied]
    session.execute(insert(Message).from_select(names, rows))


def _benefit_enrolments(journey_id: int) -> Select[int, int]:
    passed = select(draft.MESSAGES.c.member_id).where(draft.waiting())
    return select(Enrolment.id, Enrolment.member_id).where(
        Enrolment.journey_id == journey_id, Enrolment.member_id.in_(passed)
    )
