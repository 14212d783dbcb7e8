"""The kind `journey`: what people write step by step, in versions."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from crm.access.actor import Permission
from crm.access.approvable import Parts
from crm.clock import local_day
from crm.errors import InvalidRequest
from crm.fields import Catalog
from crm.journeys.approval import approvable_of
from crm.journeys.house_rules import require_obeyed, require_stock
from crm.journeys.kind import Kind, Shown, Subject
from crm.journeys.lookup import SUBJECT_KIND, get_journey
from crm.journeys.schedulers.stepwise.conditions import entry_definition, fitting
from crm.journeys.schedulers.stepwise.scheduler import STEPWISE
from crm.journeys.validation import definitions_of, parse_journey
from crm.loyalty.service import coupon_terms, stock_for
from crm.outreach.ledger import spec_of
from crm.outreach.models import Journey
from crm.outreach.rules import moment_of
from crm.outreach.spec import JourneySpec
from crm.segments import service as segments
from crm.segments.approved import segments_in_words
from crm.segments.definition import parse_definition
from crm.segments.describe import describe
from crm.segments.saved import sensitive_fields_in
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
    codes = {code for each in (spec.benefits, *map(spec.benefits_of, spec.sends)) for code in each.coupon_codes}
    return {**journey.spec, "coupons": coupon_terms(session, codes)}


def _definitions(journey: Journey) -> Mapping[str, Any]:
    return journey.spec


def _start_of(session: Session, journey: Journey) -> datetime | None:
    start = spec_of(journey).start
    return None if start is None else moment_of(start, get_workspace(session).zone)


def _check(session: Session, journey: Journey, catalog: Catalog, now: datetime) -> None:
    spec = parse_journey(journey.spec, catalog)
    check_names(session, spec, catalog, now)
    start = _start_of(session, journey)
    if start is not None and start < now:
        raise InvalidRequest(f"the start {spec.start:%Y-%m-%d %H:%M} lies in the past; take a later one", path="start")
    _require_sendable(session, spec, now)


def check_names(session: Session, spec: JourneySpec, catalog: Catalog, now: datetime) -> tuple[str, ...]:
    """Everything that a journey names exists; the sensitive fields that decide who is where."""
    fields: dict[str, None] = {}
    for path, data in definitions_of(spec.model_dump(mode="json")):
        if data is None:
            continue
        definition = parse_definition(data, catalog)
        try:
            segments.require_known_names(session, definition)
        except InvalidRequest as error:
            place = f"{path}.{error.path}" if error.path else path
            raise InvalidRequest(error.message, path=place, candidates=error.candidates) from None
        fields |= dict.fromkeys(sensitive_fields_in(session, definition, catalog))
    codes = {code for step in spec.sends for code in spec.benefits_of(step).coupon_codes}
    stock_for(session, sorted(codes), on=local_day(now, get_workspace(session).zone))
    return tuple(fields)


def _require_sendable(session: Session, spec: JourneySpec, now: datetime) -> None:
    """Raises InvalidRequest for what breaks a rule of the house, or brings coupons that are gone today."""
    require_obeyed(session, spec)
    today = local_day(now, get_workspace(session).zone)
    require_stock(session, spec, today, today)


def _shown(session: Session, journey: Journey, scope: SegmentScope, _now: datetime) -> Shown:
    """Of an audience that takes part at once, who is selected, too."""
    spec = spec_of(journey)
    definition = entry_definition(spec, scope.catalog)
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
        "segments": segments_in_words(scope, spec.language),
    }
    if not is_audience:
        return Shown(facts, {}, None)
    return Shown(facts, {"audience_count": members}, fitting(session, definition, scope))


def _ready(session: Session, journey: Journey, catalog: Catalog, now: datetime) -> JourneySpec:
    spec = parse_journey(journey.spec, catalog)
    _require_sendable(session, spec, now)
    return spec


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
    check=_check,
    shown=_shown,
    ready=_ready,
    ends_at=_ends_at,
)
JOURNEY = approvable_of(KIND, Permission.APPROVE_CAMPAIGN)
