"""Journeys: draft, check, approve, start, hold, end; who is in one. `journey` in a path is an id or a name."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Header, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from api.auth import SignedIn, TheNurture
from api.bodies import Body
from api.bootstrap import Nurture
from api.decisions import Decision
from api.journeys import Checked, JourneyRow, JourneyView, Language, VersionRow, check, row_of, version_rows, view_of
from api.problems import problem
from crm.access.actor import Actor, Permission, require
from crm.access.confirmed import Confirmed
from crm.bounds import Name, RowId
from crm.catalog import CATALOG, segment_scope
from crm.channels import Channel
from crm.database import read_only, unit_of_work
from crm.errors import InvalidRequest
from crm.journeys import service
from crm.journeys.finding import find_running, find_version, find_versions
from crm.journeys.monitor import JourneyMonitor, monitor_journey
from crm.journeys.overview import summarise
from crm.journeys.participants import ParticipantPage, list_participants
from crm.journeys.preview import MessagePreview, preview_step
from crm.journeys.schedulers.stepwise.triggers import Entered
from crm.journeys.templates import TEMPLATES, TemplateChoices, TemplateKey, from_template
from crm.journeys.validation import parse_journey
from crm.journeys.views import MemberWay, ways_of_member
from crm.members.service import find_member
from crm.outreach.models import EndReason, EnrolmentState, Journey, JourneyState

router = APIRouter(prefix="/api/journeys", tags=["journeys"])
Spec = dict[str, Any]
"""A journey in its JSON form (docs/journeys.md); checked here, so that every mistake is said at once."""


class JourneyPage(BaseModel):
    items: list[JourneyRow]
    next_cursor: int | None
    """Pass as `before` to read on; null at the end."""


class TemplateRow(BaseModel):
    key: TemplateKey
    name: str
    summary: str
    days: int


class Members(Body):
    members: list[Name] = Field(min_length=1, max_length=500, examples=[["Zhang Min", "M000012"]])
    """Names or numbers."""


class Preview(Body):
    member: str = Field(min_length=1, max_length=200, examples=["Zhang Min"])
    spec: Spec
    step: Name | None = None
    channel: Channel | None = None
    variant: Name | None = None


@router.get("")
def list_journeys(
    actor: SignedIn,
    nurture: TheNurture,
    state: JourneyState | None = None,
    end_reason: EndReason | None = None,
    before: Annotated[RowId | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> JourneyPage:
    """Every journey, the one written to last first."""
    with read_only(nurture.sessions) as session:
        found = [row_of(summary) for summary in summarise(session, actor=actor) if state in (None, summary.state)]
    found = [row for row in found if end_reason in (None, row.end_reason)]
    rows = [row for row in found if before is None or row.id < before]
    page = rows[:limit]
    return JourneyPage(items=page, next_cursor=page[-1].id if len(rows) > limit else None)


@router.get("/templates")
def list_templates(actor: SignedIn, nurture: TheNurture, language: Language = "en") -> list[TemplateRow]:
    return [
        TemplateRow(
            key=template.key,
            name=template.words[language].name,
            summary=template.words[language].summary,
            days=template.default_days,
        )
        for template in TEMPLATES.values()
    ]


@router.post("/templates/{key}")
def fill_template(key: str, body: TemplateChoices, actor: SignedIn, nurture: TheNurture) -> Spec:
    """A journey as the template makes it, to be changed and saved. Nothing is stored."""
    return from_template(key, body).model_dump(mode="json", exclude_none=True)


@router.post("/validate")
def validate(spec: Spec, actor: SignedIn, nurture: TheNurture, language: Language = "en") -> Checked:
    """Everything that is wrong with a journey, with path and sentence; nothing is saved."""
    with read_only(nurture.sessions) as session:
        now = nurture.clock.now()
        return check(session, spec, segment_scope(session, actor, now), now, language)


@router.post("/preview")
def preview(body: Preview, actor: SignedIn, nurture: TheNurture) -> MessagePreview:
    """What one member would read of a journey, saved or not. Nothing is sent."""
    spec = parse_journey({"experiment": body.spec.get("name"), **body.spec}, CATALOG)
    with read_only(nurture.sessions) as session:
        return preview_step(
            session,
            spec,
            member=body.member,
            step=body.step,
            channel=body.channel,
            variant=body.variant,
            actor=actor,
            links=nurture.links,
        )


@router.post("", status_code=201, response_model=JourneyView)
def create_draft(
    spec: Spec,
    actor: SignedIn,
    nurture: TheNurture,
    confirm: Annotated[bool, Query()] = False,
    idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
) -> JourneyView | JSONResponse:
    """Save a draft: a new version of the journey of this name. The same Idempotency-Key returns the first one.

    A version that awaits approval or is approved, or somebody else's draft, is replaced only with `confirm`.
    """
    now = nurture.clock.now()
    request_id = f"api:{actor.account_id}:{idempotency_key or uuid4().hex}"
    with unit_of_work(nurture.sessions) as session:
        checked = check(session, spec, segment_scope(session, actor, now), now, "en")
        if not checked.is_valid:
            listed = "; ".join(f"{mistake.path}: {mistake.sentence}" for mistake in checked.mistakes)
            mistakes = [vars(mistake) for mistake in checked.mistakes]
            return problem(422, InvalidRequest.code, listed, path=checked.mistakes[0].path, mistakes=mistakes)
        saved = service.save_draft(
            session,
            data=spec,
            actor=actor,
            request_id=request_id,
            now=now,
            catalog=CATALOG,
            confirmed=Confirmed() if confirm else None,
        )
        return view_of(session, saved, actor, now)


@router.get("/{journey}")
def show_journey(journey: str, actor: SignedIn, nurture: TheNurture, language: Language = "en") -> JourneyView:
    """By name the version that runs, or the newest; by id that version."""
    with read_only(nurture.sessions) as session:
        found = find_version(session, journey) if journey.isdecimal() else find_running(session, journey)
        return view_of(session, found, actor, nurture.clock.now(), language=language)


@router.get("/{journey}/versions")
def list_versions(journey: str, actor: SignedIn, nurture: TheNurture) -> list[VersionRow]:
    """The newest first, each with what it changed."""
    require(actor, Permission.READ_REVIEW)
    with read_only(nurture.sessions) as session:
        return version_rows(session, find_version(session, journey).name)


@router.get("/{journey}/monitor")
def show_monitor(journey: str, actor: SignedIn, nurture: TheNurture) -> JourneyMonitor:
    """Where every message is, and what came of them: by name of every version together, by id of that version."""
    require(actor, Permission.READ_REVIEW)
    with read_only(nurture.sessions) as session:
        return monitor_journey(session, find_versions(session, journey), nurture.clock.now())


@router.post("/{journey}/submit")
def submit(journey: str, actor: SignedIn, nurture: TheNurture) -> JourneyView:
    """Ask for approval of the newest version as it stands."""

    def work(session: Session, found: Journey, now: datetime) -> Journey:
        service.submit(session, found.id, actor=actor, now=now, catalog=CATALOG)
        return found

    return _changed(nurture, actor, journey, work)


@router.post("/{journey}/approve")
def approve(journey: str, body: Decision, actor: SignedIn, nurture: TheNurture) -> JourneyView:
    """Approve what was shown, by its fingerprint; whoever had a hand in it cannot. It runs from its start on."""
    return _changed(nurture, actor, journey, _decision(service.approve, actor, body))


@router.post("/{journey}/reject")
def reject(journey: str, body: Decision, actor: SignedIn, nurture: TheNurture) -> JourneyView:
    return _changed(nurture, actor, journey, _decision(service.reject, actor, body))


@router.post("/{journey}/start")
def start(journey: str, actor: SignedIn, nurture: TheNurture) -> JourneyView:
    """From now on members enter the version that was approved; those under way in an earlier one stay there."""

    def work(session: Session, found: Journey, now: datetime) -> Journey:
        return service.activate(session, found.id, actor=actor, now=now, catalog=CATALOG)

    return _changed(nurture, actor, journey, work)


@router.post("/{journey}/pause")
def pause(journey: str, actor: SignedIn, nurture: TheNurture) -> JourneyView:
    return _changed(nurture, actor, journey, _operation(service.pause, actor), find_running)


@router.post("/{journey}/resume")
def resume(journey: str, actor: SignedIn, nurture: TheNurture) -> JourneyView:
    return _changed(nurture, actor, journey, _operation(service.resume, actor), find_running)


@router.post("/{journey}/end")
def end(journey: str, actor: SignedIn, nurture: TheNurture) -> JourneyView:
    """For good, in all versions."""
    return _changed(nurture, actor, journey, _operation(service.end, actor), find_running)


@router.post("/{journey}/members", status_code=201)
def let_in(
    journey: str,
    body: Members,
    actor: SignedIn,
    nurture: TheNurture,
    idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
) -> Entered:
    """Let members in by hand; a CSM his own. The same Idempotency-Key enters nobody twice."""
    with unit_of_work(nurture.sessions) as session:
        found = find_running(session, journey)
        return service.enrol_by_hand(
            session,
            found.id,
            member_ids=[find_member(session, words, owner_id=actor.row_owner_id).id for words in body.members],
            actor=actor,
            request_id=f"api:{actor.account_id}:{idempotency_key or uuid4().hex}",
            now=nurture.clock.now(),
            catalog=CATALOG,
        )


@router.get("/{journey}/members")
def list_members(
    journey: str,
    actor: SignedIn,
    nurture: TheNurture,
    state: EnrolmentState | None = None,
    step: Name | None = None,
    before: Annotated[RowId | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> ParticipantPage:
    """Who takes part and stands where, the newest first; a CSM's own members alone."""
    with read_only(nurture.sessions) as session:
        found = find_running(session, journey)
        return list_participants(session, found.id, actor=actor, state=state, step=step, before=before, limit=limit)


@router.get("/{journey}/members/{member}")
def show_member(journey: str, member: str, actor: SignedIn, nurture: TheNurture) -> list[MemberWay]:
    """Everything that happened to a member in a journey, in every version and occurrence, the newest first."""
    with read_only(nurture.sessions) as session:
        name = find_version(session, journey).name
        found = find_member(session, member, owner_id=actor.row_owner_id)
        return [way for way in ways_of_member(session, found.id, actor=actor) if way.journey_name == name]


Work = Callable[[Session, Journey, datetime], Journey]


def _changed(
    nurture: Nurture, actor: Actor, name: str, work: Work, find: Callable[[Session, str], Journey] = find_version
) -> JourneyView:
    with unit_of_work(nurture.sessions) as session:
        now = nurture.clock.now()
        return view_of(session, work(session, find(session, name), now), actor, now)


def _decision(decide: Callable[..., Journey], actor: Actor, body: Decision) -> Work:
    def work(session: Session, found: Journey, now: datetime) -> Journey:
        return decide(session, found.id, fingerprint=body.fingerprint, actor=actor, now=now, note=body.note)

    return work


def _operation(operate: Callable[..., Journey], actor: Actor) -> Work:
    return lambda session, found, now: operate(session, found.id, actor=actor, now=now)
