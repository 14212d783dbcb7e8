"""One campaign: what it is, what waits for approval, how it runs, and what happened to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from fastapi import Request
from nicegui import ui
from sqlalchemy.orm import Session

from api.bootstrap import Nurture
from api.ui import formats
from api.ui.components.approval_panel import ApprovalView, approval_panel, is_open
from api.ui.components.campaign_actions import CampaignActions
from api.ui.components.card import Local
from api.ui.components.exclusion_panel import PAGE_SIZE, ExclusionPanel
from api.ui.components.member_preview import MemberPreview, campaign_form
from api.ui.components.monitor_parts import (
    channel_table,
    identity_line,
    monitor_figures,
    paused_channels,
    responses_chart,
)
from api.ui.components.outbox_panel import OutboxPanel
from api.ui.components.plan_parts import (
    benefits_list,
    brief_facts,
    conflicts_list,
    copy_preview,
    exclusions_table,
    messages_chart,
    plan_figures,
    plan_warnings,
    text_lengths,
)
from api.ui.components.state_chips import state_chip
from api.ui.components.timeline import timeline
from api.ui.pages.addresses import id_in
from api.ui.shell import add_page
from api.ui.theme import block, chip, icon, notice, panel, text
from api.ui.viewer import Viewer, attempt
from crm.access.actor import Actor, Permission
from crm.access.approvals import approval_for
from crm.access.audit import history_of
from crm.access.models import Approval, AuditEntry
from crm.access.selection import SelectionChanges
from crm.access.service import list_accounts
from crm.access.shaping import shaped_by
from crm.campaigns.audience import campaign_scope
from crm.campaigns.brief import CampaignBrief
from crm.campaigns.exclusions import ExclusionLog, exclusion_log
from crm.campaigns.lookup import needs_new_start
from crm.campaigns.models import Campaign
from crm.campaigns.monitor import CampaignMonitor, monitor
from crm.campaigns.plan import CampaignPlan, compute_plan
from crm.campaigns.selection import audience_changes
from crm.campaigns.service import brief_of, get_campaign
from crm.catalog import CATALOG
from crm.journeys.exclusions import ExcludedPage, ExclusionFilter, excluded_members
from crm.outreach.browse import LedgerFilter, LedgerPage, browse_ledger

REFRESH_S = 5.0
LIVE_STATES = ("running", "paused", "scheduled")
BEFORE_LAUNCH = ("awaiting_approval", "scheduled")


def add_campaign(nurture: Nurture) -> None:
    add_page(nurture, "/campaigns/{campaign_id}", section="Campaigns", build=_build)


@dataclass(frozen=True)
class _Facts:
    """Everything that the page shows, read in one snapshot."""

    now: datetime
    campaign: Campaign
    brief: CampaignBrief
    plan: CampaignPlan | None
    monitor: CampaignMonitor | None
    exclusions: ExclusionLog | None
    approval: Approval | None
    shaped_by: frozenset[int]
    changes: SelectionChanges | None
    history: list[AuditEntry]
    people: Mapping[int, str]


async def _build(viewer: Viewer, request: Request) -> None:
    campaign_id = id_in(request, "campaign_id")
    facts = await viewer.read(lambda session, _actor, now: _load(session, now, campaign_id))
    local = Local(viewer.zone, viewer.currency)
    with block("page"):
        _head(viewer, facts, local)
        if _waits(facts):
            _approval(viewer, facts, local)
        with block("columns"):
            with block("stack").style("gap: 20px"):
                if facts.campaign.is_imported:
                    notice("History from another system, without plan or ledger. Its review says what it can tell.")
                else:
                    await _work(viewer, facts, local)
            with block("stack").style("gap: 20px"):
                with panel("Brief"):
                    brief_facts(facts.brief, local)
                if not _waits(facts):
                    _approval(viewer, facts, local)
                with panel("Timeline"):
                    timeline(facts.history, facts.people, local)


async def _work(viewer: Viewer, facts: _Facts, local: Local) -> None:
    """How it runs, what was planned, what members read, and each message."""
    if facts.monitor is not None:
        _live(viewer, facts, facts.monitor)
    if facts.exclusions is not None:
        await _left_out(viewer, facts, facts.exclusions, local)
    if facts.plan is not None:
        _plan(facts.plan, local, is_past=facts.campaign.launched_at is not None)
    with panel("Copy", "Brackets stand for what differs from member to member."):
        with block("halves"):
            copy_preview(facts.brief, local)
        MemberPreview(viewer, campaign_form(facts.brief, viewer.nurture.links)).draw()
    if facts.campaign.launched_at is not None:
        await _messages(viewer, facts.campaign.journey_id, local)


def _load(session: Session, now: datetime, campaign_id: int) -> _Facts:
    campaign = get_campaign(session, campaign_id)
    brief = brief_of(campaign)
    is_launched = campaign.launched_at is not None and not campaign.is_imported
    approval = approval_for(session, "campaign", campaign_id)
    return _Facts(
        now=now,
        campaign=campaign,
        brief=brief,
        plan=None if campaign.is_imported else _plan_of(session, campaign, brief, now),
        monitor=monitor(session, campaign_id, now) if is_launched else None,
        exclusions=exclusion_log(session, campaign_id, now) if is_launched else None,
        approval=approval,
        shaped_by=frozenset() if approval is None else shaped_by(session, approval),
        changes=audience_changes(session, campaign, CATALOG, now) if campaign.state in BEFORE_LAUNCH else None,
        history=history_of(session, f"campaign:{campaign_id}"),
        people={account.id: account.display_name for account in list_accounts(session)},
    )


def _plan_of(session: Session, campaign: Campaign, brief: CampaignBrief, now: datetime) -> CampaignPlan | None:
    """The stored plan; a draft that changed since is planned anew, in its author's scope."""
    if campaign.plan is not None:
        return CampaignPlan.model_validate(campaign.plan)
    if campaign.launched_at is not None or campaign.end_reason is not None:
        return None
    return compute_plan(session, brief, campaign_scope(session, campaign, CATALOG, now), now)


def _head(viewer: Viewer, facts: _Facts, local: Local) -> None:
    campaign = facts.campaign
    with block("line top flow"):
        with block("stack tight grow"):
            with ui.link(target="/campaigns").classes("line tight small").style("width: fit-content"):
                icon("arrow_back")
                text("Campaigns", "", "span")
            with block("line flow"):
                text(campaign.name, "page-title", "h1")
                state_chip(campaign.journey.standing)
                if campaign.is_imported:
                    chip("Imported", "info")
            author = facts.people.get(campaign.author_id, "somebody")
            text(
                f"Made by {author}, {local.moment(campaign.created_at)} · changed {local.moment(campaign.updated_at)}",
                "small muted",
            )
        CampaignActions(viewer, campaign).draw()
    if campaign.state_note:
        notice(campaign.state_note, "warn")
    if needs_new_start(campaign, facts.now.astimezone(viewer.zone)):
        notice("Its start has passed: choose a new one before it is submitted.", "warn")
    if facts.changes is not None and campaign.launched_at is None:
        notice(f"Since approval was asked for: {facts.changes.in_words}.", "info")


def _waits(facts: _Facts) -> bool:
    """A request that waits for a decision stands first; a decided one beside the brief."""
    return facts.approval is not None and is_open(facts.approval, facts.now)


def _approval(viewer: Viewer, facts: _Facts, local: Local) -> None:
    approval = facts.approval
    if approval is None:
        return
    view = ApprovalView(
        approval,
        subject=facts.campaign.name,
        requested_by=facts.people[approval.requested_by],
        decided_by=facts.people.get(approval.decided_by) if approval.decided_by else None,
        shaped_by=facts.shaped_by,
    )
    actions = CampaignActions(viewer, facts.campaign)
    approval_panel(view, viewer.actor, facts.now, local, actions.decide)


def _live(viewer: Viewer, facts: _Facts, shown: CampaignMonitor) -> None:
    with panel("Monitor"):
        box = block("stack")
    with box:
        _monitor(shown, Local(viewer.zone, viewer.currency))
    if facts.campaign.state not in LIVE_STATES:
        return

    async def refresh() -> None:
        nonlocal shown
        newest = await attempt(viewer.read(lambda session, _actor, now: monitor(session, facts.campaign.id, now)))
        if newest is None or newest.model_copy(update={"as_of": shown.as_of}) == shown:
            return
        shown = newest
        box.clear()
        with box:
            _monitor(newest, Local(viewer.zone, viewer.currency))

    ui.timer(REFRESH_S, refresh)


def _monitor(shown: CampaignMonitor, local: Local) -> None:
    identity_line(shown)
    paused_channels(shown, local)
    monitor_figures(shown)
    channel_table(shown)
    responses_chart(shown)
    if shown.next_due_at:
        text(f"Next message due {local.moment(shown.next_due_at)}", "small muted")


def _plan(plan: CampaignPlan, local: Local, *, is_past: bool) -> None:
    with panel("Plan", f"Computed {local.moment(plan.as_of)}{', before the launch' if is_past else ''}."):
        text(formats.capitalised(plan.read_back), "wrap")
        plan_figures(plan, local)
        plan_warnings(plan)
        benefits_list(plan)
        messages_chart(plan)
        text_lengths(plan, local)
        conflicts_list(plan)
        if not is_past:
            text("Who would be left out, and why", "small strong")
            exclusions_table(plan.exclusions)


async def _left_out(viewer: Viewer, facts: _Facts, log: ExclusionLog, local: Local) -> None:
    async def load(wanted: ExclusionFilter, after: int) -> ExcludedPage | None:
        def page(session: Session, actor: Actor, _now: datetime) -> ExcludedPage:
            return excluded_members(
                session, [facts.campaign.journey_id], wanted, actor=actor, after=after, limit=PAGE_SIZE
            )

        return await attempt(viewer.read(page))

    may_export = viewer.actor.may(Permission.EXPORT_MEMBERS)
    csv = f"/api/campaigns/{log.campaign_id}/exclusions/members.csv" if may_export else None
    shown = ExclusionPanel(log, load, local, csv=csv)
    await shown.draw()
    if facts.campaign.state not in LIVE_STATES:
        return

    async def refresh() -> None:
        newest = await attempt(viewer.read(lambda session, _actor, now: exclusion_log(session, log.campaign_id, now)))
        if newest is not None:
            await shown.show(newest)

    ui.timer(REFRESH_S, refresh)


async def _messages(viewer: Viewer, journey_id: int, local: Local) -> None:
    async def load(wanted: LedgerFilter) -> LedgerPage | None:
        return await attempt(
            viewer.read(lambda session, actor, _now: browse_ledger(session, journey_id, wanted, actor=actor))
        )

    await OutboxPanel(load, local).draw()
