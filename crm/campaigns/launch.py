"""The engine's part: launching what was approved, exactly as it was approved, and closing what is over."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from crm.access import approvals, audit
from crm.access.policy import get_policy
from crm.access.selection import SelectionChanges, selection_changes
from crm.campaigns.audience import SUBJECT_KIND, audience_definition, audience_ids
from crm.campaigns.fingerprint import campaign_parts
from crm.campaigns.lookup import brief_of
from crm.campaigns.models import Campaign, CampaignState
from crm.campaigns.orchestration import journey_of, launch_setting
from crm.clock import day_end
from crm.errors import Conflict, CrmError
from crm.fields import Catalog
from crm.outreach import ledger
from crm.outreach.models import Message, MessageState
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
    """Why it was held back; it is a draft again and has to be approved anew."""


def launch_due(session: Session, now: datetime, catalog: Catalog) -> list[LaunchOutcome]:
    """Launch every approved campaign whose start has come; hold back those that are not what was approved."""
    due = (
        select(Campaign)
        .where(Campaign.state == CampaignState.SCHEDULED, Campaign.starts_at <= now)
        .order_by(Campaign.starts_at, Campaign.id)
        .with_for_update(skip_locked=True)
    )
    return [_launch_or_hold(session, campaign, now, catalog) for campaign in session.scalars(due).all()]


def _launch_or_hold(session: Session, campaign: Campaign, now: datetime, catalog: Catalog) -> LaunchOutcome:
    try:
        with session.begin_nested():
            _launch(session, campaign, now, catalog)
    except CrmError as error:
        session.refresh(campaign)
        _hold(session, campaign, error.message, now)
        return LaunchOutcome(campaign.id, campaign.name, is_launched=False, reason=error.message)
    return LaunchOutcome(campaign.id, campaign.name, is_launched=True, reason=None)


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
    spec = journey_of(brief, workspace.currency)
    setting = launch_setting(session, starts_at)
    journey = ledger.launch(session, spec, audience_ids(definition, scope), setting, now=now)
    last_due = session.scalar(select(func.max(Message.due_at)).where(Message.journey_id == journey.id)) or starts_at
    offers_end = day_end(brief.end, workspace.zone) if brief.end is not None else last_due
    campaign.state, campaign.state_note = CampaignState.RUNNING, _note(changes)
    campaign.journey_id, campaign.launched_at, campaign.updated_at = journey.id, now, now
    campaign.ends_at = max(last_due, offers_end) + timedelta(days=brief.attribution_window_days)
    session.flush()
    detail = {} if changes is None else {"selection": asdict(changes)}
    subject = f"{SUBJECT_KIND}:{campaign.id}"
    audit.record(session, now=now, actor=None, action="campaign.launched", subject=subject, **detail)


def _note(changes: SelectionChanges | None) -> str | None:
    """What the page says of who came and went between approval and launch."""
    is_same = changes is None or not (changes.joined or changes.left)
    return None if is_same or changes is None else f"Launched: {changes.in_words}."


def _hold(session: Session, campaign: Campaign, reason: str, now: datetime) -> None:
    campaign.state, campaign.updated_at = CampaignState.DRAFT, now
    campaign.state_note = f"Not launched: {reason}"
    session.flush()
    subject = f"{SUBJECT_KIND}:{campaign.id}"
    audit.record(session, now=now, actor=None, action="campaign.held", subject=subject, reason=reason)


def complete_due(session: Session, now: datetime) -> list[int]:
    """Close campaigns whose attribution window has passed and of which nothing waits; their ids."""
    open_messages = exists().where(
        Message.journey_id == Campaign.journey_id,
        Message.state.in_((MessageState.PLANNED, MessageState.DEFERRED, MessageState.CLAIMED)),
    )
    over = select(Campaign).where(
        Campaign.state == CampaignState.RUNNING,
        Campaign.is_imported.is_(False),
        Campaign.ends_at <= now,
        ~open_messages,
    )
    closed = session.scalars(over.with_for_update(skip_locked=True)).all()
    for campaign in closed:
        if campaign.journey_id is not None:
            ledger.end(session, campaign.journey_id, now=now)
        campaign.state, campaign.completed_at, campaign.updated_at = CampaignState.COMPLETED, now, now
        subject = f"{SUBJECT_KIND}:{campaign.id}"
        audit.record(session, now=now, actor=None, action="campaign.completed", subject=subject)
    session.flush()
    return [campaign.id for campaign in closed]
