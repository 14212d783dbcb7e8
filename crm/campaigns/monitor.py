"""Where a campaign stands, from the ledger: every message is somewhere, and the parts add up."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, and_, func, select, type_coerce
from sqlalchemy.orm import Session

from crm.activity.models import Order
from crm.campaigns.forecast import ExclusionCount
from crm.campaigns.lookup import brief_of, get_campaign
from crm.campaigns.models import Campaign
from crm.channels import Channel
from crm.clock import local_day
from crm.errors import Unreadable
from crm.journeys.schedulers.planned.persons import person_of
from crm.outreach.channels.pausing import channel_pauses
from crm.outreach.ledger import spec_of
from crm.outreach.models import (
    PENDING_STATES,
    WAITING,
    Arm,
    EndReason,
    Enrolment,
    Journey,
    JourneyState,
    Message,
    MessageEvent,
    MessageEventKind,
    MessageState,
)
from crm.values import Value
from crm.workspace import get_workspace

CONVERSION_DEFINITION = (
    "People with a delivered message who ordered within {days} days after their first one / people with a "
    "delivered message. Ordering afterwards does not mean ordering because of it."
)

BUCKET_SECONDS = 900
"""Events are summed by quarter of an hour in SQL and by local day here: every zone's offset is a multiple of it."""

_Tally = Mapping[tuple[Channel, MessageState], int]


class StateCounts(Value):
    """Where the campaign's messages are. `planned = delivered + failed + unknown + excluded + pending`."""

    planned: int
    """Every message that the journey holds: members x steps x channels."""
    pending: int
    """Waiting, deferred, claimed or sent without a receipt."""
    delivered: int
    failed: int
    unknown: int
    excluded: int

    @property
    def adds_up(self) -> bool:
        return self.planned == self.pending + self.delivered + self.failed + self.unknown + self.excluded


class ChannelProgress(Value):
    """One channel. Rates are 0 to 1; None where nothing was delivered or, for SMS, opening cannot be seen."""

    channel: str
    counts: StateCounts
    members_reached: int
    coverage: float | None
    """People reached on the channel / people of the campaign who were not held out."""
    opened: int | None
    """Delivered messages opened at least once by a person."""
    clicked: int
    open_rate: float | None
    click_rate: float | None
    unsubscribed: int


class DayProgress(Value):
    """One local day of the workspace."""

    day: date
    channel: str
    delivered: int
    opened: int
    clicked: int


class PausedChannel(Value):
    """A channel of the campaign that a person holds back, whatever journey its messages belong to."""

    channel: str
    since: datetime
    by: str
    reason: str
    waiting: int
    """Messages of the campaign that wait for it, due or not."""


class CampaignMonitor(Value):
    campaign_id: int
    name: str
    state: JourneyState
    end_reason: EndReason | None
    state_note: str | None
    as_of: datetime
    members: int
    """Enrolled members, the holdout included; a person with two records is two of them."""
    holdout: int
    """People held out: from here on a person counts once, with whatever number of records (decision 17)."""
    counts: StateCounts
    adds_up: bool
    by_channel: tuple[ChannelProgress, ...]
    exclusions: tuple[ExclusionCount, ...]
    members_reached: int
    coverage: float | None
    conversions: int
    """People reached who ordered within the attribution window after their first delivered message."""
    conversion_rate: float | None
    conversion_definition: str
    timeseries: tuple[DayProgress, ...]
    next_due_at: datetime | None
    deferred: int = 0
    """Of the pending: they wait for the end of quiet hours, or because their provider asked for it."""
    held: int = 0
    """Of the pending: due, but the campaign is paused. Resumed within the late limit they go out; later they are
    excluded as `campaign_paused`."""
    paused_channels: tuple[PausedChannel, ...] = ()
    people: int = 0
    """Those of the members who are different people."""


def monitor(session: Session, campaign_id: int, now: datetime) -> CampaignMonitor:
    """Count the ledger of a campaign as it stands. A campaign that was not launched has nothing to count."""
    campaign = get_campaign(session, campaign_id)
    journey_id = campaign.journey_id
    window_days = 0 if campaign.is_imported else brief_of(campaign).attribution_window_days
    tally: _Tally = {
        (channel, state): number
        for channel, state, number in session.execute(
            _of(journey_id, Message.channel, Message.state, func.count()).group_by(Message.channel, Message.state)
        )
    }
    people = _people_by_arm(session, journey_id)
    members = session.scalar(select(func.count()).where(Enrolment.journey_id == journey_id)) or 0
    treated = people.get(Arm.TREATMENT, 0)
    counts = _state_counts(tally.items(), planned=_planned(session, campaign, members, tally))
    reached = session.scalar(_delivered_to(journey_id, func.count(person_of().distinct()))) or 0
    conversions = _conversions(session, journey_id, window_days, now)
    next_due = _of(journey_id, func.min(Message.due_at)).where(Message.state.in_(WAITING))
    return CampaignMonitor(
        campaign_id=campaign.id,
        name=campaign.name,
        state=campaign.state,
        end_reason=campaign.end_reason,
        state_note=campaign.state_note,
        as_of=now,
        members=members,
        people=sum(people.values()),
        holdout=people.get(Arm.HOLDOUT, 0),
        counts=counts,
        adds_up=counts.adds_up,
        by_channel=_by_channel(session, journey_id, tally, treated),
        exclusions=exclusion_counts(session, journey_id),
        members_reached=reached,
        coverage=_share(reached, treated),
        conversions=conversions,
        conversion_rate=_share(conversions, reached),
        conversion_definition=CONVERSION_DEFINITION.format(days=window_days),
        timeseries=_timeseries(session, journey_id),
        next_due_at=session.scalar(next_due),
        deferred=sum(number for (_, state), number in tally.items() if state is MessageState.DEFERRED),
        held=_held(session, journey_id, now) if campaign.state is JourneyState.PAUSED else 0,
        paused_channels=_paused_channels(session, tally),
    )


def _people_by_arm(session: Session, journey_id: int) -> dict[Arm, int]:
    people = func.count(person_of().distinct())
    by_arm = select(Enrolment.arm, people).where(Enrolment.journey_id == journey_id).group_by(Enrolment.arm)
    return dict(session.execute(by_arm).all())


def _held(session: Session, journey_id: int, now: datetime) -> int:
    due = _of(journey_id, func.count()).where(Message.state.in_(WAITING), Message.due_at <= now)
    return session.scalar(due) or 0


def exclusion_counts(session: Session, journey_id: int) -> tuple[ExclusionCount, ...]:
    """Messages that were not sent, by channel and reason, the most frequent first."""
    query = _of(journey_id, Message.channel, Message.reason, func.count()).where(Message.state == MessageState.EXCLUDED)
    query = query.group_by(Message.channel, Message.reason).order_by(
        Message.channel, func.count().desc(), Message.reason
    )
    return tuple(
        ExclusionCount(channel=channel, reason=reason, count=number)
        for channel, reason, number in session.execute(query)
    )


def _paused_channels(session: Session, tally: _Tally) -> tuple[PausedChannel, ...]:
    """Those for which something waits: a pause means nothing to a campaign that is over."""
    waiting = {channel: sum(tally.get((channel, state), 0) for state in WAITING) for channel, _ in tally}
    return tuple(
        PausedChannel(channel=channel, since=pause.since, by=pause.by, reason=pause.reason, waiting=waiting[channel])
        for channel, pause in channel_pauses(session).items()
        if waiting.get(channel)
    )


def _of(journey_id: int, *columns: Any) -> Select[Any]:
    return select(*columns).where(Message.journey_id == journey_id)


def _delivered(journey_id: int, *columns: Any) -> Select[Any]:
    return _of(journey_id, *columns).where(Message.state == MessageState.DELIVERED)


def _delivered_to(journey_id: int, *columns: Any) -> Select[Any]:
    """The delivered, with the enrolments that they belong to."""
    with_enrolments = _delivered(journey_id, *columns).select_from(Message)
    return with_enrolments.join(Enrolment, Enrolment.id == Message.enrolment_id)


def _responses(journey_id: int, kind: MessageEventKind, *columns: Any) -> Select[Any]:
    """Delivered messages that people (not machines) answered in one way."""
    answered = and_(
        MessageEvent.message_id == Message.id, MessageEvent.kind == kind, MessageEvent.by_machine.is_(False)
    )
    return _delivered(journey_id, *columns).join(MessageEvent, answered)


def _counts(session: Session, query: Select[Any], *by: Any) -> dict[Any, int]:
    return dict(session.execute(query.group_by(*by)).all())


def _planned(session: Session, campaign: Campaign, members: int, tally: _Tally) -> int:
    """What the ledger must hold, from the journey and not from the ledger; imported history promises nothing."""
    if campaign.is_imported or campaign.launched_at is None:
        return sum(tally.values())
    try:
        spec = spec_of(session.get_one(Journey, campaign.journey_id))
    except Unreadable:
        return sum(tally.values())
    return members * spec.messages_per_member


def _state_counts(tally: Iterable[tuple[tuple[Channel, MessageState], int]], planned: int | None = None) -> StateCounts:
    totals: dict[MessageState, int] = {}
    for (_, state), number in tally:
        totals[state] = totals.get(state, 0) + number
    return StateCounts(
        planned=sum(totals.values()) if planned is None else planned,
        pending=sum(totals.get(state, 0) for state in PENDING_STATES),
        delivered=totals.get(MessageState.DELIVERED, 0),
        failed=totals.get(MessageState.FAILED, 0),
        unknown=totals.get(MessageState.UNKNOWN, 0),
        excluded=totals.get(MessageState.EXCLUDED, 0),
    )


def _by_channel(session: Session, journey_id: int, tally: _Tally, treated: int) -> tuple[ChannelProgress, ...]:
    people = func.count(person_of().distinct())
    messages = func.count(Message.id.distinct())
    reached = _counts(session, _delivered_to(journey_id, Message.channel, people), Message.channel)
    responses = {
        kind: _counts(session, _responses(journey_id, kind, Message.channel, messages), Message.channel)
        for kind in (MessageEventKind.OPENED, MessageEventKind.CLICKED, MessageEventKind.UNSUBSCRIBED)
    }
    found = []
    for channel in sorted({channel for channel, _ in tally}):
        counts = _state_counts((key, number) for key, number in tally.items() if key[0] is channel)
        opened = None if channel is Channel.SMS else responses[MessageEventKind.OPENED].get(channel, 0)
        clicked = responses[MessageEventKind.CLICKED].get(channel, 0)
        found.append(
            ChannelProgress(
                channel=channel,
                counts=counts,
                members_reached=reached.get(channel, 0),
                coverage=_share(reached.get(channel, 0), treated),
                opened=opened,
                clicked=clicked,
                open_rate=None if opened is None else _share(opened, counts.delivered),
                click_rate=_share(clicked, counts.delivered),
                unsubscribed=responses[MessageEventKind.UNSUBSCRIBED].get(channel, 0),
            )
        )
    return tuple(found)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _conversions(session: Session, journey_id: int, window_days: int, now: datetime) -> int:
    first_at = func.min(Message.delivered_at).label("first_at")
    person_id = person_of().label("person_id")
    first = _delivered_to(journey_id, person_id, first_at).group_by(person_id).subquery("first")
    opened = type_coerce(first.c.first_at, BigInteger)
    ordered = type_coerce(Order.ordered_at, BigInteger)
    window_seconds = int(timedelta(days=window_days).total_seconds())
    query = (
        select(func.count(first.c.person_id.distinct()))
        .join_from(Order, Enrolment, Enrolment.member_id == Order.member_id)
        .join(first, first.c.person_id == person_of())
        .where(
            Enrolment.journey_id == journey_id,
            ordered >= opened,
            ordered < opened + window_seconds,
            Order.ordered_at <= now,
        )
    )
    return session.scalar(query) or 0


def _timeseries(session: Session, journey_id: int) -> tuple[DayProgress, ...]:
    """By the day of delivery, of the first opening and of the first click: each message counts once for each."""
    zone = get_workspace(session).zone
    moments = {"delivered": _delivered(journey_id, Message.channel, Message.delivered_at.label("at"))}
    for name, kind in (("opened", MessageEventKind.OPENED), ("clicked", MessageEventKind.CLICKED)):
        first_at = func.min(MessageEvent.occurred_at).label("at")
        moments[name] = _responses(journey_id, kind, Message.channel, first_at).group_by(Message.id, Message.channel)
    days: dict[tuple[date, Channel], dict[str, int]] = {}
    for name, query in moments.items():
        each = query.subquery()
        bucket = _bucket(each.c.at)
        for channel, index, number in session.execute(
            select(each.c.channel, bucket, func.count()).group_by(each.c.channel, bucket)
        ):
            day = local_day(datetime.fromtimestamp(index * BUCKET_SECONDS, UTC), zone)
            counts = days.setdefault((day, channel), dict.fromkeys(moments, 0))
            counts[name] += number
    return tuple(DayProgress(day=day, channel=channel, **counts) for (day, channel), counts in sorted(days.items()))


def _bucket(moment: Any) -> ColumnElement[int]:
    return type_coerce(moment, BigInteger) // BUCKET_SECONDS
