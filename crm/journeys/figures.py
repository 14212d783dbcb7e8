"""What came of whatever sends, from the ledger: every message is somewhere, and the parts add up.

One definition for each number, for a campaign, a walked journey in one version or in all, a review and a card.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, and_, func, select, type_coerce
from sqlalchemy.orm import Session

from crm.activity.models import Order
from crm.channels import Channel
from crm.clock import local_day
from crm.journeys.exclusions import ExclusionCount, exclusion_counts
from crm.journeys.schedulers.planned.persons import person_of
from crm.members.suppression import given_up_addresses
from crm.outreach.channels.pausing import channel_pauses
from crm.outreach.models import (
    PENDING_STATES,
    WAITING,
    Arm,
    Enrolment,
    Message,
    MessageEvent,
    MessageEventKind,
    MessageState,
)
from crm.values import Value
from crm.workspace import get_workspace

CONVERSION_DAYS = 14
"""How long after the first message an order counts where nobody chose another window; a campaign's default, too."""
CONVERSION_DEFINITION = (
    "People with a delivered message who ordered within {days} days after their first one / people with a "
    "delivered message. Ordering afterwards does not mean ordering because of it."
)

BUCKET_SECONDS = 900
"""Events are summed by quarter of an hour in SQL and by local day here: every zone's offset is a multiple of it."""

_Tally = Mapping[tuple[Channel, MessageState], int]


class StateCounts(Value):
    """Where the messages are. `planned = delivered + failed + unknown + excluded + pending`."""

    planned: int
    """Every message of the audience. Of what is planned at its launch members x steps x channels; of what members walk
    those that came up so far."""
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
    """People reached on the channel / people who were not held out."""
    opened: int | None
    """Delivered messages opened at least once by a person."""
    clicked: int
    open_rate: float | None
    click_rate: float | None
    unsubscribed: int
    given_up: int = 0
    """Addresses of the members who entered that turned out not to exist: nothing is sent there any more."""


class DayProgress(Value):
    """One local day of the workspace."""

    day: date
    channel: str
    delivered: int
    opened: int
    clicked: int


class PausedChannel(Value):
    """A channel that a person holds back, whatever journey its messages belong to."""

    channel: str
    since: datetime
    by: str
    reason: str
    waiting: int
    """Messages that wait for it, due or not."""


class DeliveryFigures(Value):
    as_of: datetime
    members: int
    """Enrolments, the holdout included; a person with two records is two of them."""
    people: int = 0
    """Those of the members who are different people."""
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
    """Of the pending: due, but a person holds the journey back. Resumed within the late limit they go out; later they
    are excluded as `campaign_paused`."""
    paused_channels: tuple[PausedChannel, ...] = ()


@dataclass(frozen=True)
class Reached:
    """People with a delivered message, and their orders within the window after the first one."""

    people: int
    converted: int
    amount_cents: int


def delivery_figures(
    session: Session,
    journey_ids: Collection[int],
    now: datetime,
    *,
    window_days: int = CONVERSION_DAYS,
    planned: int | None = None,
    paused_ids: Collection[int] = (),
) -> dict[str, Any]:
    """What `DeliveryFigures` says of some journeys together: versions of one, or a campaign alone.

    `planned` is what the ledger must hold, where that is known from elsewhere; `paused_ids` are those held back.
    """
    tally = _tally(session, journey_ids)
    people = _people_by_arm(session, journey_ids)
    treated = people.get(Arm.TREATMENT, 0)
    members = session.scalar(select(func.count()).where(Enrolment.journey_id.in_(journey_ids))) or 0
    counts = _state_counts(tally.items(), planned=planned)
    reached = orders_after_delivery(session, journey_ids, window_days, now)
    next_due = _of(journey_ids, func.min(Message.due_at)).where(Message.state.in_(WAITING))
    return {
        "as_of": now,
        "members": members,
        "people": sum(people.values()),
        "holdout": people.get(Arm.HOLDOUT, 0),
        "counts": counts,
        "adds_up": counts.adds_up,
        "by_channel": _by_channel(session, journey_ids, tally, treated),
        "exclusions": exclusion_counts(session, journey_ids),
        "members_reached": reached.people,
        "coverage": _share(reached.people, treated),
        "conversions": reached.converted,
        "conversion_rate": _share(reached.converted, reached.people),
        "conversion_definition": CONVERSION_DEFINITION.format(days=window_days),
        "timeseries": _timeseries(session, journey_ids),
        "next_due_at": session.scalar(next_due),
        "deferred": sum(number for (_, state), number in tally.items() if state is MessageState.DEFERRED),
        "held": _held(session, paused_ids, now) if paused_ids else 0,
        "paused_channels": _paused_channels(session, tally),
    }


def channel_figures(session: Session, journey_ids: Collection[int]) -> tuple[ChannelProgress, ...]:
    """Messages and answers by channel."""
    treated = _people_by_arm(session, journey_ids).get(Arm.TREATMENT, 0)
    return _by_channel(session, journey_ids, _tally(session, journey_ids), treated)


def _tally(session: Session, journey_ids: Collection[int]) -> _Tally:
    by_state = _of(journey_ids, Message.channel, Message.state, func.count())
    rows = session.execute(by_state.group_by(Message.channel, Message.state))
    return {(channel, state): number for channel, state, number in rows}


def _people_by_arm(session: Session, journey_ids: Collection[int]) -> dict[Arm, int]:
    people = func.count(person_of().distinct())
    by_arm = select(Enrolment.arm, people).where(Enrolment.journey_id.in_(journey_ids)).group_by(Enrolment.arm)
    return dict(session.execute(by_arm).all())


def _held(session: Session, journey_ids: Collection[int], now: datetime) -> int:
    due = _of(journey_ids, func.count()).where(Message.state.in_(WAITING), Message.due_at <= now)
    return session.scalar(due) or 0


def _paused_channels(session: Session, tally: _Tally) -> tuple[PausedChannel, ...]:
    """Those for which something waits: a pause means nothing to what is over."""
    waiting = {channel: sum(tally.get((channel, state), 0) for state in WAITING) for channel, _ in tally}
    return tuple(
        PausedChannel(channel=channel, since=pause.since, by=pause.by, reason=pause.reason, waiting=waiting[channel])
        for channel, pause in channel_pauses(session).items()
        if waiting.get(channel)
    )


def _of(journey_ids: Collection[int], *columns: Any) -> Select[Any]:
    return select(*columns).where(Message.journey_id.in_(journey_ids))


def _delivered(journey_ids: Collection[int], *columns: Any) -> Select[Any]:
    return _of(journey_ids, *columns).where(Message.state == MessageState.DELIVERED)


def _delivered_to(journey_ids: Collection[int], *columns: Any) -> Select[Any]:
    """The delivered, with the enrolments that they belong to."""
    with_enrolments = _delivered(journey_ids, *columns).select_from(Message)
    return with_enrolments.join(Enrolment, Enrolment.id == Message.enrolment_id)


def _responses(journey_ids: Collection[int], kind: MessageEventKind, *columns: Any) -> Select[Any]:
    """Delivered messages that people (not machines) answered in one way."""
    answered = and_(
        MessageEvent.message_id == Message.id, MessageEvent.kind == kind, MessageEvent.by_machine.is_(False)
    )
    return _delivered(journey_ids, *columns).join(MessageEvent, answered)


def _counts(session: Session, query: Select[Any], *by: Any) -> dict[Any, int]:
    return dict(session.execute(query.group_by(*by)).all())


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


def _by_channel(
    session: Session, journey_ids: Collection[int], tally: _Tally, treated: int
) -> tuple[ChannelProgress, ...]:
    messages = func.count(Message.id.distinct())
    reached = reached_by_channel(session, journey_ids)
    responses = {
        kind: _counts(session, _responses(journey_ids, kind, Message.channel, messages), Message.channel)
        for kind in (MessageEventKind.OPENED, MessageEventKind.CLICKED, MessageEventKind.UNSUBSCRIBED)
    }
    members = select(Enrolment.member_id).where(Enrolment.journey_id.in_(journey_ids))
    given_up = given_up_addresses(session, members)
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
                given_up=given_up.get(channel, 0),
            )
        )
    return tuple(found)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def orders_after_delivery(session: Session, journey_ids: Collection[int], window_days: int, now: datetime) -> Reached:
    """Orders, by whichever of their records, within the window after each person's own first delivered message."""
    person_id = person_of().label("person_id")
    first_at = func.min(type_coerce(Message.delivered_at, BigInteger)).label("first_at")
    first = _delivered_to(journey_ids, person_id, first_at).group_by(person_id).cte("first_delivery")
    mine = Enrolment.journey_id.in_(journey_ids)
    record = select(person_id, Enrolment.member_id).where(mine).distinct().cte("record")
    ordered = type_coerce(Order.ordered_at, BigInteger)
    window_seconds = int(timedelta(days=window_days).total_seconds())
    row = session.execute(
        select(func.count(first.c.person_id.distinct()), func.coalesce(func.sum(Order.amount_cents), 0))
        .select_from(first)
        .join(record, record.c.person_id == first.c.person_id)
        .join(Order, Order.member_id == record.c.member_id)
        .where(ordered >= first.c.first_at, ordered < first.c.first_at + window_seconds, Order.ordered_at <= now)
    ).one()
    people = session.scalar(select(func.count()).select_from(first)) or 0
    return Reached(people, row[0], int(row[1]))


def reached_by_channel(session: Session, journey_ids: Collection[int]) -> dict[Channel, int]:
    """People with at least one delivered message, by channel."""
    people = func.count(person_of().distinct())
    return _counts(session, _delivered_to(journey_ids, Message.channel, people), Message.channel)


def _timeseries(session: Session, journey_ids: Collection[int]) -> tuple[DayProgress, ...]:
    """By the day of delivery, of the first opening and of the first click: each message counts once for each."""
    zone = get_workspace(session).zone
    moments = {"delivered": _delivered(journey_ids, Message.channel, Message.delivered_at.label("at"))}
    for name, kind in (("opened", MessageEventKind.OPENED), ("clicked", MessageEventKind.CLICKED)):
        first_at = func.min(MessageEvent.occurred_at).label("at")
        moments[name] = _responses(journey_ids, kind, Message.channel, first_at).group_by(Message.id, Message.channel)
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
