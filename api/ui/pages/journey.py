"""One journey: its steps with who stands where, what waits for approval, what it came to, and its versions."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from fastapi import Request
from nicegui import ui
from pydantic import BaseModel
from sqlalchemy.orm import Session

from api.bootstrap import Nurture
from api.journeys import JourneyView, view_of
from api.ui import formats
from api.ui.components.approval_panel import ApprovalView, approval_panel, is_open
from api.ui.components.card import Local
from api.ui.components.exclusion_panel import PAGE_SIZE, ExclusionPanel
from api.ui.components.member_preview import MemberPreview, PreviewForm
from api.ui.components.state_chips import state_chip
from api.ui.components.timeline import timeline
from api.ui.journeys.actions import JourneyActions
from api.ui.journeys.figures import draw_figures
from api.ui.journeys.flow import draw_flow
from api.ui.journeys.participants import LetIn, ParticipantList
from api.ui.journeys.texts import draw_texts
from api.ui.journeys.versions import draw_versions
from api.ui.pages.addresses import id_in
from api.ui.shell import add_page
from api.ui.theme import block, icon, notice, panel, text
from api.ui.viewer import Viewer, attempt
from crm.access.actor import Actor, Permission
from crm.access.approvals import approval_for
from crm.access.audit import history_of
from crm.access.models import Approval, AuditEntry
from crm.access.service import list_accounts
from crm.access.shaping import shaped_by
from crm.channels import SENDABLE_CHANNELS
from crm.journeys.exclusions import (
    ExcludedPage,
    ExclusionFilter,
    JourneyExclusionLog,
    excluded_members,
    journey_exclusion_log,
)
from crm.journeys.lookup import SUBJECT_KIND, get_journey
from crm.journeys.monitor import JourneyMonitor, monitor_journey
from crm.journeys.preview import preview_step
from crm.outreach.ledger import spec_of
from crm.outreach.models import Journey, JourneyState
from crm.outreach.spec import JourneySpec

REFRESH_S = 5.0


def add_journey(nurture: Nurture) -> None:
    add_page(nurture, "/journeys/{journey_id:int}", section="Journeys", build=_build)


@dataclass(frozen=True)
class _Facts:
    """Everything that the page shows, read in one snapshot."""

    now: datetime
    journey: Journey
    spec: JourneySpec
    view: JourneyView
    monitor: JourneyMonitor
    exclusions: JourneyExclusionLog
    approval: Approval | None
    shaped_by: frozenset[int]
    history: list[AuditEntry]
    people: Mapping[int, str]


def _load(session: Session, actor: Actor, now: datetime, journey_id: int) -> _Facts:
    journey = get_journey(session, journey_id)
    approval = approval_for(session, SUBJECT_KIND, journey_id)
    return _Facts(
        now=now,
        journey=journey,
        spec=spec_of(journey),
        view=view_of(session, journey, actor, now),
        monitor=monitor_journey(session, [journey], now),
        exclusions=journey_exclusion_log(session, [journey], now),
        approval=approval,
        shaped_by=frozenset() if approval is None else shaped_by(session, approval),
        history=history_of(session, f"{SUBJECT_KIND}:{journey_id}"),
        people={account.id: account.display_name for account in list_accounts(session)},
    )


async def _build(viewer: Viewer, request: Request) -> None:
    journey_id = id_in(request, "journey_id")
    facts = await viewer.read(lambda session, actor, now: _load(session, actor, now, journey_id))
    local = Local(viewer.zone, viewer.currency)
    with block("page"):
        _head(viewer, facts, local)
        waits = facts.approval is not None and is_open(facts.approval, facts.now)
        if waits:
            _approval(viewer, facts, local)
        with block("columns"):
            with block("stack").style("gap: 20px"):
                _live(viewer, facts, local)
                if facts.journey.activated_at is not None and facts.spec.sends:
                    await _left_out(viewer, facts, local)
                if facts.spec.sends:
                    with panel("What it says"):
                        draw_texts(facts.spec, is_open=waits)
                with panel("Who takes part"):
                    if facts.view.takes_entries and facts.spec.trigger.kind == "by_hand":
                        LetIn(viewer, journey_id).draw()
                    await ParticipantList(viewer, journey_id, local).draw()
                if facts.spec.sends:
                    _preview(viewer, facts.spec)
            with block("stack").style("gap: 20px"):
                if not waits:
                    _approval(viewer, facts, local)
                with panel("Versions"):
                    draw_versions(facts.view.versions, journey_id, local)
                with panel("Timeline"):
                    timeline(facts.history, facts.people, local)


def _head(viewer: Viewer, facts: _Facts, local: Local) -> None:
    journey = facts.journey
    with block("line top flow"):
        with block("stack tight grow"):
            with ui.link(target="/journeys").classes("line tight small").style("width: fit-content"):
                icon("arrow_back")
                text("Journeys", "", "span")
            with block("line flow"):
                text(journey.name, "page-title", "h1")
                state_chip(journey.standing)
            parts = [f"Version {journey.version} by {facts.view.author}, {local.moment(journey.created_at)}"]
            if journey.activated_at:
                parts.append(f"started {local.moment(journey.activated_at)}")
            if journey.ended_at:
                parts.append(f"ended {local.moment(journey.ended_at)}")
            text(" · ".join(parts), "small muted wrap")
        JourneyActions(viewer, journey.id, journey.name, journey.state, is_lapsed=_is_lapsed(facts)).draw()
    if journey.note:
        notice(journey.note, "warn")
    _other_versions(facts)


def _is_lapsed(facts: _Facts) -> bool:
    approval = facts.approval
    return facts.journey.state is JourneyState.AWAITING_APPROVAL and not (approval and is_open(approval, facts.now))


def _other_versions(facts: _Facts) -> None:
    """Where else to look: a newer draft, or the version that runs."""
    newest = facts.view.versions[0]
    if newest.id != facts.view.id:
        with notice(f"There is a newer version {newest.version}: {formats.words(newest.state).lower()}.", "info"):
            ui.link("Open it", f"/journeys/{newest.id}")
        return
    running = next((each for each in facts.view.versions[1:] if each.state is JourneyState.RUNNING), None)
    if running is not None:
        with notice(f"Version {running.version} runs meanwhile; whoever is in it stays in it.", "info"):
            ui.link("Open it", f"/journeys/{running.id}")


def _approval(viewer: Viewer, facts: _Facts, local: Local) -> None:
    approval = facts.approval
    if approval is None:
        return
    view = ApprovalView(
        approval,
        subject=facts.journey.name,
        requested_by=facts.people[approval.requested_by],
        decided_by=facts.people.get(approval.decided_by) if approval.decided_by else None,
        shaped_by=facts.shaped_by,
    )
    actions = JourneyActions(viewer, facts.journey.id, facts.journey.name, facts.journey.state)
    approval_panel(view, viewer.actor, facts.now, local, actions.decide)
    if is_open(approval, facts.now):
        fit = formats.plural(approval.facts["members_who_fit"], "member")
        text(f"{fit} fit its condition today: {approval.facts['read_back']}.", "small muted wrap")


def _live(viewer: Viewer, facts: _Facts, local: Local) -> None:
    with panel("Steps"):
        steps = block("stack")
    with panel("What it came to"):
        figures = block("stack")
    shown, monitor = facts.view, facts.monitor

    def draw() -> None:
        steps.clear()
        with steps:
            counts = {step.key: step for step in shown.steps}
            draw_flow(shown.in_words, counts, is_started=facts.journey.activated_at is not None)
        figures.clear()
        with figures:
            if facts.journey.activated_at is None:
                text("It has not started, so there is nothing to count yet.", "small muted")
            else:
                draw_figures(shown.figures, monitor, local)

    async def refresh() -> None:
        nonlocal shown, monitor
        newest = await attempt(viewer.read(lambda session, actor, now: _moment(session, actor, now, shown.id)))
        if newest is None or (_is_same(newest[0], shown) and _is_same(newest[1], monitor)):
            return
        shown, monitor = newest
        draw()

    draw()
    if facts.journey.state is JourneyState.RUNNING:
        ui.timer(REFRESH_S, refresh)


def _moment(session: Session, actor: Actor, now: datetime, journey_id: int) -> tuple[JourneyView, JourneyMonitor]:
    journey = get_journey(session, journey_id)
    return view_of(session, journey, actor, now), monitor_journey(session, [journey], now)


def _is_same(newest: BaseModel, shown: BaseModel) -> bool:
    """But for the moment at which it was read."""
    return newest.model_dump(exclude={"as_of"}) == shown.model_dump(exclude={"as_of"})


async def _left_out(viewer: Viewer, facts: _Facts, local: Local) -> None:
    journey_id = facts.journey.id

    async def load(wanted: ExclusionFilter, after: int) -> ExcludedPage | None:
        def page(session: Session, actor: Actor, _now: datetime) -> ExcludedPage:
            return excluded_members(session, [journey_id], wanted, actor=actor, after=after, limit=PAGE_SIZE)

        return await attempt(viewer.read(page))

    may_export = viewer.actor.may(Permission.EXPORT_MEMBERS)
    csv = f"/api/journeys/{journey_id}/exclusions/members.csv" if may_export else None
    shown = ExclusionPanel(facts.exclusions, load, local, csv=csv)
    await shown.draw()
    if facts.journey.state is not JourneyState.RUNNING:
        return

    def log(session: Session, _actor: Actor, now: datetime) -> JourneyExclusionLog:
        return journey_exclusion_log(session, [get_journey(session, journey_id)], now)

    async def refresh() -> None:
        newest = await attempt(viewer.read(log))
        if newest is not None:
            await shown.show(newest)

    ui.timer(REFRESH_S, refresh)


def _preview(viewer: Viewer, spec: JourneySpec) -> None:
    possible = {channel for step in spec.sends for channel in step.possible_channels}
    form = PreviewForm(
        steps=tuple(step.key for step in spec.sends),
        channels=tuple(channel for channel in SENDABLE_CHANNELS if channel in possible),
        load=lambda session, actor, _now, asked: preview_step(
            session,
            spec,
            member=asked.member,
            step=asked.step,
            channel=asked.channel,
            actor=actor,
            links=viewer.nurture.links,
        ),
    )
    if viewer.actor.may(Permission.READ_MEMBERS):
        with panel("What a member reads", "Nothing is sent."):
            MemberPreview(viewer, form).draw()
