"""The demo's past and present campaigns, run by the product itself.

Every campaign is drafted, submitted and approved by the demo's people, launched and sent by the engine,
day by day up to the demo's first morning, while members answer by the response model. So ledger,
holdouts, exclusions, stock and approvals are what the product makes of them, not imitations.

The frequency cap was looser in the demo's past and takes its present value on the first morning: some
members got more than five messages in the week before, which is why Weekend Flash was paused.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

from sqlalchemy import delete
from sqlalchemy.orm import Session, sessionmaker

from crm.access.actor import Actor, actor_for
from crm.access.models import Account, PolicySetting
from crm.access.policy import set_policy
from crm.bulk import Progress
from crm.campaigns import service as campaigns
from crm.campaigns.brief import CampaignBrief
from crm.campaigns.lookup import find_campaign
from crm.campaigns.models import Campaign
from crm.channels import SENDABLE_CHANNELS
from crm.clock import day_start
from crm.database import Sessions
from crm.datasets.demo.campaigns import PLANNED, PlannedCampaign
from crm.datasets.demo.cases import CASES
from crm.datasets.randomness import uniform
from crm.datasets.simulation import read_world
from crm.datasets.simulation_clock import advance_through
from crm.errors import InvalidRequest
from crm.fields import Catalog
from crm.outreach.channels.adapter import ChannelAdapters, Outcome, OutgoingMessage, SendResult
from crm.outreach.models import EndReason, JourneyState
from crm.outreach.rate_limit import RateLimit
from crm.reports.review import review_campaign

PAST_CAPS = {"frequency_cap_total_7d": 9, "frequency_cap_per_channel_7d": {"email": 4, "sms": 3, "push": 5}}
DECIDED_BEFORE = timedelta(days=1)
"""Campaigns are drafted, submitted and approved a day before they start."""
PAUSED_AFTER = timedelta(days=1, hours=9)
SHARE_BOUNCED = 0.012
BOUNCE_REASON = "address does not exist"


class BouncingProvider:
    """A channel of the demo's past: takes every message, and refuses a few addresses that went stale."""

    honours_idempotency_key = True

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self.pace: RateLimit | None = None

    def send(self, session: Session, batch: Sequence[OutgoingMessage], now: datetime) -> Iterator[SendResult]:
        for message in batch:
            share = uniform(self._seed, f"bounces {message.channel}", message.member_id)[0]
            outcome = Outcome.REFUSED if share < SHARE_BOUNCED else Outcome.DELIVERED
            reason = BOUNCE_REASON if outcome is Outcome.REFUSED else None
            yield SendResult(message.idempotency_key, outcome, reason=reason)


@dataclass(frozen=True)
class Cast:
    """Who does what in the demo's past."""

    author: Actor
    approver: Actor

    catalog: Catalog

    @classmethod
    def of(cls, people: dict[str, Account], catalog: Catalog) -> "Cast":
        return cls(actor_for(people["mia"]), actor_for(people["grace"]), catalog)


def run_history(
    session: Session, *, today: date, now: datetime, zone: ZoneInfo, cast: Cast, progress: Progress
) -> None:
    """Bring every planned campaign to where it stands at `now`, within the caller's transaction.

    One that can reach nobody, as a small demo may have it, stays a draft that says so.
    """
    past = sorted((item for item in PLANNED if _is_past(item)), key=lambda item: item.starts_in_days or 0)
    reviewed = [item for item in past if item.becomes is EndReason.COMPLETED]
    ahead = [item for item in PLANNED if not _is_past(item)]
    stops = [(_moment(item, today, zone) - DECIDED_BEFORE, item, False) for item in past]
    stops += [(_moment(item, today, zone) + PAUSED_AFTER, item, True) for item in past if _is_paused(item)]
    steps, done = len(stops) + 1 + len(reviewed) + len(ahead), count(1)
    progress("campaigns", 0, steps)
    sessions = _joined_to(session)
    for key, value in PAST_CAPS.items():
        set_policy(session, key, value)
    world = replace(read_world(session), silent_ids=_scripted_ids())
    members = len(world.shoppers.ids)
    adapters: ChannelAdapters = dict.fromkeys(SENDABLE_CHANNELS, BouncingProvider(world.seed))
    at = min(moment for moment, _, _ in stops)
    for moment, item, is_pause in sorted(stops, key=lambda stop: stop[0]):
        advance_through(sessions, world, at, moment, adapters, catalog=cast.catalog, own_life=False)
        at = moment
        if is_pause:
            if (running := _standing(session, item, JourneyState.RUNNING)) is not None:
                campaigns.pause(session, running.id, actor=cast.author, now=at)
        else:
            _prepare(session, item, item.brief(today, members), cast, at, is_approved=True)
        progress("campaigns", next(done), steps)
    advance_through(sessions, world, at, now, adapters, catalog=cast.catalog, own_life=False)
    progress("campaigns", next(done), steps)
    session.execute(delete(PolicySetting).where(PolicySetting.key.in_(PAST_CAPS)))
    for item in reviewed:
        if (over := _standing(session, item, EndReason.COMPLETED)) is not None:
            review_campaign(session, over.id, actor=cast.approver, now=now)
        progress("campaigns", next(done), steps)
    for item in ahead:
        is_approved = item.becomes is JourneyState.SCHEDULED
        _prepare(session, item, item.brief(today, members), cast, now, is_approved=is_approved)
        progress("campaigns", next(done), steps)


def _prepare(
    session: Session, item: PlannedCampaign, brief: CampaignBrief, cast: Cast, at: datetime, *, is_approved: bool
) -> None:
    campaign = campaigns.create_draft(
        session, brief=brief, actor=cast.author, request_id=f"demo:{item.name}", now=at, catalog=cast.catalog
    )
    if item.becomes is JourneyState.DRAFT:
        return
    try:
        with session.begin_nested():
            asked = campaigns.submit(session, campaign.id, actor=cast.author, now=at, catalog=cast.catalog)
    except InvalidRequest as nobody:
        session.refresh(campaign)
        campaign.journey.note = f"Not submitted: {nobody.message}"
        return
    if is_approved:
        campaigns.approve(session, campaign.id, fingerprint=asked.fingerprint, actor=cast.approver, now=at)


def _standing(session: Session, item: PlannedCampaign, standing: JourneyState | EndReason) -> Campaign | None:
    """The campaign, if it came to where it was planned to: in a small demo it may reach nobody and stay a draft."""
    campaign = find_campaign(session, item.name)
    return campaign if campaign.journey.standing is standing else None


def _joined_to(session: Session) -> Sessions:
    """Sessions whose commits are savepoints within the caller's transaction: the load stays all or nothing."""
    return sessionmaker(session.connection(), expire_on_commit=False, join_transaction_mode="create_savepoint")


def _scripted_ids() -> frozenset[int]:
    return frozenset(number for number, case in enumerate(CASES, start=1) if case.declines)


def _is_past(item: PlannedCampaign) -> bool:
    return item.starts_in_days is not None and item.starts_in_days < 0


def _is_paused(item: PlannedCampaign) -> bool:
    return item.becomes is JourneyState.PAUSED


def _moment(item: PlannedCampaign, today: date, zone: ZoneInfo) -> datetime:
    midnight = day_start(item.start_on(today), zone)
    return midnight + timedelta(hours=item.at.hour, minutes=item.at.minute)
