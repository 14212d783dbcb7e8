"""The engine's part: launching what was approved, exactly as it was approved, and closing what is over."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import exists, func, select, update
from sqlalchemy.orm import Session

from crm.access import approvals, audit
from crm.access.policy import get_policy
from crm.access.selection import SelectionChanges, selection_changes
from crm.campaigns.audience import SUBJECT_KIND, audience_definition, audience_ids
from crm.campaigns.benefits import promises_of
from crm.campaigns.brief_to_spec import launch_setting, sending_days, spec_from_brief
from crm.campaigns.fingerprint import campaign_parts
from crm.campaigns.lookup import brief_of, get_campaign
from crm.campaigns.models import Campaign
from crm.clock import day_end
from crm.errors import Conflict
from crm.fields import Catalog
from crm.isolation import isolated, next_try
from crm.journeys.house_rules import require_obeyed, require_stock
from crm.journeys.schedulers.planned.launch import launch_planned
from crm.outreach import ledger
from crm.outreach.holds import is_free, let_go
from crm.outreach.models import EndReason, Journey, JourneyState, Message, MessageState
from crm.outreach.rules import check_drift
from crm.segments import service as segments
from crm.segments.approved import approved_scope
from crm.workspace import get_workspace


@dataclass(frozen=True)
class LaunchOutcome:
    campaign_id: int
    name: str
    is_launched: bool
    reason: str | None
    """Why it was held back. It is a draft again and has to be approved anew; after an error that nobody foresaw it
    stays scheduled, and the engine tries again."""


def launch_due(session: Session, now: datetime, catalog: Catalog) -> list[LaunchOutcome]:
    """Launch every approved campaign whose start has come; hold back those that are not what was approved."""
    due = (
        select(Campaign.id, Journey.name, Journey.note)
        .join(Campaign.journey)
        .where(Journey.state == JourneyState.SCHEDULED, Journey.starts_at <= now, is_free(now))
        .order_by(Journey.starts_at, Campaign.id)
        .with_for_update(skip_locked=True)
    )
    return [_launch_or_hold(session, *row, now, catalog) for row in session.execute(due).all()]


def _launch_or_hold(
    session: Session, campaign_id: int, name: str, note: str | None, now: datetime, catalog: Catalog
) -> LaunchOutcome:
    with isolated(f"{SUBJECT_KIND}:{campaign_id}", session, known=note) as attempt:
        _launch(session, get_campaign(session, campaign_id), now, catalog)
    if attempt.reason is not None:
        if attempt.is_quick_to_check:
            _send_back(session, campaign_id, attempt.reason, now)
        else:
            _hold(session, campaign_id, f"Not launched yet: {attempt.reason}", now)
    return LaunchOutcome(campaign_id, name, is_launched=not attempt.failed, reason=attempt.reason)


def _launch(session: Session, campaign: Campaign, now: datetime, catalog: Catalog) -> None:
    """Raises Conflict when the campaign may not start as it stands."""
    brief = brief_of(campaign)
    approval = approvals.require_approved(
        session, SUBJECT_KIND, campaign.id, campaign_parts(session, brief), campaign.name
    )
    scope = approved_scope(session, approval.bound, catalog, now)
    definition = audience_definition(session, brief, scope)
    starts_at = campaign.starts_at or now
    policy = get_policy(session)
    if now - starts_at > timedelta(hours=policy.late_limit_hours):
        raise Conflict(f"its start passed more than {policy.late_limit_hours} hours ago; submit it with a new one")
    approved_count = approval.bound["audience_count"]
    check_drift(segments.count(session, definition, scope), approved_count, policy.audience_drift_limit)
    changes = selection_changes(session, approval.id, audience_ids(definition, scope))
    workspace = get_workspace(session)
    spec = spec_from_brief(brief, workspace.currency)
    require_obeyed(session, spec, promises_of(brief))
    require_stock(session, spec, *sending_days(spec, starts_at, workspace.zone))
    setting = launch_setting(session, starts_at)
    journey = launch_planned(session, spec, audience_ids(definition, scope), setting, now=now, journey=campaign.journey)
    last_due = session.scalar(select(func.max(Message.due_at)).where(Message.journey_id == journey.id)) or starts_at
    offers_end = day_end(brief.end, workspace.zone) if brief.end is not None else last_due
    let_go(journey)
    journey.note, journey.activated_at, journey.updated_at = _note(changes), now, now
    journey.ends_at = max(last_due, offers_end) + timedelta(days=brief.attribution_window_days)
    session.flush()
    detail = {} if changes is None else {"selection": asdict(changes)}
    subject = f"{SUBJECT_KIND}:{campaign.id}"
    audit.record(session, now=now, actor=None, action="campaign.launched", subject=subject, **detail)


def _note(changes: SelectionChanges | None) -> str | None:
    """What the page says of who came and went between approval and launch."""
    is_same = changes is None or not (changes.joined or changes.left)
    return None if is_same or changes is None else f"Launched: {changes.in_words}."


def _send_back(session: Session, campaign_id: int, reason: str, now: datetime) -> None:
    """It may not start as it stands: somebody has to look at it and submit it anew."""
    _write(session, campaign_id, state=JourneyState.DRAFT, note=f"Not launched: {reason}", updated_at=now)
    subject = f"{SUBJECT_KIND}:{campaign_id}"
    audit.record(session, now=now, actor=None, action="campaign.held", subject=subject, reason=reason)


def _hold(session: Session, campaign_id: int, note: str, now: datetime) -> None:
    """It failed in a way that nobody foresaw: it stays what it is, and is tried again after a while."""
    before = select(Journey.held_times, Journey.note).join(Campaign).where(Campaign.id == campaign_id)
    times, known = session.execute(before).one()
    _write(session, campaign_id, note=note, held_until=next_try(times, now), held_times=times + 1)
    if known != note:
        subject = f"{SUBJECT_KIND}:{campaign_id}"
        audit.record(session, now=now, actor=None, action="campaign.held", subject=subject, reason=note)


def _write(session: Session, campaign_id: int, **values: Any) -> None:
    """Without reading the row first: what is stored may be what is wrong."""
    mine = select(Campaign.journey_id).where(Campaign.id == campaign_id).scalar_subquery()
    session.execute(update(Journey).where(Journey.id == mine).values(**values))
    session.expire_all()


def complete_due(session: Session, now: datetime) -> list[int]:
    """Close campaigns whose attribution window has passed and of which nothing waits; their ids."""
    open_messages = exists().where(
        Message.journey_id == Journey.id,
        Message.state.in_((MessageState.PLANNED, MessageState.DEFERRED, MessageState.CLAIMED)),
    )
    over = select(Campaign.id, Journey.id, Journey.note).join(Campaign.journey)
    over = over.where(
        Journey.state == JourneyState.RUNNING,
        Campaign.is_imported.is_(False),
        Journey.ends_at <= now,
        ~open_messages,
        is_free(now),
    )
    closed = []
    for campaign_id, journey_id, note in session.execute(over.with_for_update(skip_locked=True)).all():
        with isolated(f"{SUBJECT_KIND}:{campaign_id}", session, known=note) as attempt:
            _complete(session, campaign_id, journey_id, now)
        if attempt.failed:
            _hold(session, campaign_id, f"Not closed yet: {attempt.reason}", now)
        else:
            closed.append(campaign_id)
    return closed


def _complete(session: Session, campaign_id: int, journey_id: int, now: datetime) -> None:
    ledger.end(session, journey_id, now=now)
    over = {"end_reason": EndReason.COMPLETED, "ended_at": now, "updated_at": now}
    _write(session, campaign_id, **over, note=None, held_until=None, held_times=0)
    subject = f"{SUBJECT_KIND}:{campaign_id}"
    audit.record(session, now=now, actor=None, action="campaign.completed", subject=subject)
