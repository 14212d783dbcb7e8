"""Sending what is due: claim a batch with a lease, check again, hand it over, record each result.

Two short transactions (decision 16): `_claim` here asks the gate again and takes a lease; `sending` takes
the write lock, looks once more at what may have changed, lets calls begin and records what was answered; a
third one records a late answer. Killed anywhere,
the lease runs out: the message is claimed again where the provider honours its key, and is `unknown`
otherwise.
"""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast
from uuid import uuid4
from zoneinfo import ZoneInfo

from sqlalchemy import (
    CursorResult,
    FromClause,
    Select,
    exists,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session

from crm.access.policy import Policy, get_policy
from crm.channels import Channel
from crm.clock import local_day, zone_or
from crm.database import Sessions, UtcDateTime, let_others_write, unit_of_work
from crm.isolation import isolated
from crm.loyalty.models import Coupon, CouponGrant, GrantState
from crm.members.models import Member
from crm.outreach import frequency_caps, gate, ledger
from crm.outreach.batch_events import tell_excluded, tell_sent
from crm.outreach.batches import among
from crm.outreach.channels.adapter import ChannelAdapter, ChannelAdapters, prepared
from crm.outreach.channels.channel_status import resting_channels
from crm.outreach.channels.pausing import channel_pauses
from crm.outreach.holds import is_free, sends
from crm.outreach.links import Links
from crm.outreach.models import (
    LEDGER,
    MAY_BE_DUE,
    WAITING,
    Arm,
    DeferralReason,
    Enrolment,
    ExclusionReason,
    Journey,
    JourneyState,
    Message,
    MessageState,
    UnknownReason,
)
from crm.outreach.moments import earlier
from crm.outreach.priority import YIELD_WINDOW, Priority
from crm.outreach.rules import LEASE, QuietHours, after_quiet_hours
from crm.outreach.sending import (
    DispatchResult,
    Lease,
    Sending,
    count_states,
    doubt_retried,
    record_late,
    send_claimed,
)
from crm.workspace import get_workspace

BATCH_SIZE = 2000
"""Messages under one write lock where nothing slow is asked: large enough for set-based speed (4,000 are no faster),
small enough for other writers to wait, a tenth of a second. Channels over a network take fewer at once."""
PATIENCE_SECONDS = 20.0
"""How long one turn waits, in all, for channels that are handed their messages slowly; the next turn goes on."""


def dispatch_due(
    sessions: Sessions,
    channels: ChannelAdapters,
    *,
    now: datetime,
    worker: str,
    links: Links | None = None,
    batch_size: int = BATCH_SIZE,
    wait: Callable[[float], object] = time.sleep,
    goes_on: Callable[[], bool] = lambda: True,
) -> DispatchResult:
    """Send everything that is due at `now` on the given channels, each at its pace.

    Safe to run again after a crash, and on several workers at once. A channel that takes no more rests
    until the next call; what waits for it waits on, and so does what waits for a paused channel. Without
    `links` nothing is tracked and no way to opt out is written: for a past that nobody reads. `goes_on` is
    asked before each batch; False ends the call in order.
    """
    with unit_of_work(sessions) as session:
        recovered = (_recover_lapsed(session, channel, adapter, now) for channel, adapter in channels.items())
        total = sum(recovered, DispatchResult())
        busy = set(channels) - resting_channels(session)
    patience = PATIENCE_SECONDS
    while busy and goes_on():
        waits = {channel: _take_turn(channels[channel]) for channel in channels if channel in busy}
        ready = [channel for channel, seconds in waits.items() if seconds == 0]
        if not ready:
            patience -= (pause := min(waits.values()))
            if patience < 0:
                break
            wait(pause)
            continue
        done = _send_batch(sessions, {channel: channels[channel] for channel in ready}, now, worker, links, batch_size)
        if done is None:
            busy -= set(ready)
            continue
        total += done.result
        busy -= done.resting
        let_others_write(sessions)
    return total


def _take_turn(adapter: ChannelAdapter) -> float:
    return adapter.pace.take() if adapter.pace is not None else 0.0


def _send_batch(
    sessions: Sessions, ready: ChannelAdapters, now: datetime, worker: str, links: Links | None, batch_size: int
) -> "_Sent | None":
    """Claim and send one batch on channels whose turn it is, and give the turns back. None when nothing is due."""
    sent_on: dict[Channel, int] = {}
    try:
        lease = Lease(holder=f"{worker}:{uuid4().hex}", until=now + LEASE)
        with unit_of_work(sessions) as session:
            claim = _claim(session, list(ready), lease, now=now, batch_size=_batch_size(ready.values(), batch_size))
        if claim is None:
            return None
        sent_on = {channel: len(ids) for channel, ids in claim.by_channel.items()}
        return _send_claim(sessions, ready, claim, lease, links, now)
    finally:
        for channel, adapter in ready.items():
            if adapter.pace is not None:
                adapter.pace.done(sent_on.get(channel, 0))


def _batch_size(adapters: Collection[ChannelAdapter], most: int) -> int:
    """One size for all, so that the longest due goes first on whatever channel."""
    return min([most, *(adapter.pace.batch_size for adapter in adapters if adapter.pace is not None)])


def _send_claim(
    sessions: Sessions, channels: ChannelAdapters, claim: "_Claim", lease: Lease, links: Links | None, now: datetime
) -> "_Sent":
    total, resting = claim.result, set()
    for channel, ids in claim.by_channel.items():
        with isolated(f"channel:{channel.value}") as attempt:
            began = time.monotonic()
            sending = _send_on(sessions, channels[channel], ids, lease, links, now)
            tell_sent(channel, sending.result, seconds=time.monotonic() - began)
            total += sending.result
            if not sending.is_available:
                resting.add(channel)
        if attempt.failed:
            resting.add(channel)
    return _Sent(total, frozenset(resting))


def _send_on(
    sessions: Sessions, adapter: ChannelAdapter, ids: Sequence[int], lease: Lease, links: Links | None, now: datetime
) -> Sending:
    """Under the lock calls only begin; connecting comes before, and a slow provider's answer is waited for after."""
    with prepared(adapter), unit_of_work(sessions) as session:
        sending = send_claimed(session, adapter, ids, lease, links=links, now=now)
    calls = sending.under_way
    if calls is None:
        return sending
    calls.wait()
    with unit_of_work(sessions) as session:
        late = record_late(session, adapter, calls, lease, now=now)
    return Sending(sending.result + late.result, sending.is_available and late.is_available)


@dataclass(frozen=True)
class _Sent:
    result: DispatchResult
    resting: frozenset[Channel]
    """Channels that take no more for now."""


@dataclass(frozen=True)
class _Claim:
    by_channel: dict[Channel, list[int]]
    result: DispatchResult
    """What the gate excluded or put off."""


def _recover_lapsed(session: Session, channel: Channel, adapter: ChannelAdapter, now: datetime) -> DispatchResult:
    """Messages whose worker did not come back: again where that is safe, else nobody can say what happened.

    What is locked is being sent at this moment, by a worker that is late or whose clock is behind ours: left alone.
    """
    lapsed = select(Message.id).where(
        MAY_BE_DUE,
        Message.state == MessageState.CLAIMED,
        Message.channel == channel,
        Message.lease_until <= now,
        # Follows from the lease, and leads to the front of each queue: what waits for later is not looked through.
        Message.priority.in_(tuple(Priority)),
        Message.due_at <= now,
    )
    ids = session.scalars(lapsed.order_by(Message.id).with_for_update(skip_locked=True)).all()
    if not ids:
        return DispatchResult()
    if adapter.honours_idempotency_key:
        is_open = exists().where(Journey.id == Message.journey_id, Journey.state != JourneyState.ENDED)
        again = update(Message).where(among(Message.id, ids), is_open)
        again = again.values(state=MessageState.PLANNED, lease_until=None)
        session.execute(again.execution_options(synchronize_session=False))
    lost = update(Message).where(among(Message.id, ids), Message.state == MessageState.CLAIMED)
    lost = lost.values(
        state=MessageState.UNKNOWN,
        reason=UnknownReason.WORKER_LOST.value,
        sent_at=earlier(LEDGER.c.lease_until, LEASE),
        lease_until=None,
    ).execution_options(synchronize_session=False)
    return DispatchResult(unknown=cast(CursorResult[Any], session.execute(lost)).rowcount)


def _claim(
    session: Session, channels: Sequence[Channel], lease: Lease, *, now: datetime, batch_size: int
) -> _Claim | None:
    """Judge the next due messages and take those that pass. None when nothing is due, or only on paused channels."""
    open_channels = set(channels) - set(channel_pauses(session))
    ids = _next_due(session, sorted(open_channels), now, batch_size) if open_channels else []
    if not ids:
        return None
    policy = get_policy(session)
    zone = get_workspace(session).zone
    if _judge(session, ids, policy, zone, now):
        tell_excluded(session, ids)
        doubt_retried(session, ids, attempts=0)
        ledger.settle_benefits(session, select(Message.enrolment_id).where(among(Message.id, ids)), now=now)
    _put_off_in_quiet_hours(session, ids, policy, zone, now)
    taken = _take(session, ids, lease, now)
    by_channel: dict[Channel, list[int]] = {}
    for _, message_id, channel in taken:
        by_channel.setdefault(channel, []).append(message_id)
    return _Claim(by_channel, count_states(session, ids) if len(taken) < len(ids) else DispatchResult())


def _take(session: Session, ids: Sequence[int], lease: Lease, now: datetime) -> list[tuple[datetime, int, Channel]]:
    """Claim those that still go now: when they are due, their ids and channels, in the order of the queue."""
    message = LEDGER.c
    taken = (
        update(LEDGER)
        .where(among(message.id, ids), message.state.in_(WAITING), message.due_at <= now)
        .values(
            state=MessageState.CLAIMED,
            reason=None,
            claimed_by=lease.holder,
            lease_until=lease.until,
            attempts=message.attempts + 1,
        )
        .returning(message.due_at, message.id, message.channel)
    )
    return sorted((due_at, message_id, channel) for due_at, message_id, channel in session.execute(taken))


def _next_due(session: Session, channels: Sequence[Channel], now: datetime, batch_size: int) -> list[int]:
    """Service first, then care, then campaigns; of each the longest due; one for each member.

    A member's second message is judged when the first is sent.
    """
    first: dict[int, int] = {}
    read = 0
    for priority in Priority:
        due = _due(priority, channels, now).limit(batch_size - read)
        for message_id, member_id in session.execute(due.with_for_update(of=Message, skip_locked=True)):
            read += 1
            first.setdefault(member_id, message_id)
        if read == batch_size:
            break
    # Where several workers claim at once, the frequency cap holds because a member is judged by one at a time.
    free = select(Member.id).where(among(Member.id, list(first))).order_by(Member.id)
    return [first[member_id] for member_id in session.scalars(free.with_for_update(key_share=True, skip_locked=True))]


def _due(priority: Priority, channels: Sequence[Channel], now: datetime) -> Select[int, int]:
    """Messages that are due, and their members, in the order of the queue."""
    return (
        select(Message.id, Message.member_id)
        # The journey's index would be the wrong way in: all that a journey has left would be sorted for each batch.
        .join(Journey, Journey.id == Message.journey_id + 0)
        .where(
            MAY_BE_DUE,
            Message.priority == priority,
            Message.state.in_(WAITING),
            Message.due_at <= now,
            Message.channel.in_(channels),
            Journey.state == JourneyState.RUNNING,
            is_free(now),
            sends(),
        )
        .order_by(Message.due_at, Message.id)
    )


def _judge(session: Session, ids: Sequence[int], policy: Policy, zone: ZoneInfo, now: datetime) -> int:
    """Exclude what may not go; says how many."""
    counters = [frequency_caps.sent_before(_ROW, literal(now, UtcDateTime))]
    if frequency_caps.waits_above(session, now + YIELD_WINDOW):
        counters.append(frequency_caps.room_above(_ROW, literal(now + YIELD_WINDOW, UtcDateTime)))
    checks = (
        *_FIRST_CHECKS,
        gate.frequency_check(_ROW, policy, *counters),
        gate.too_late_check(_ROW, policy, now),
        *_LAST_CHECKS,
        _ended_benefit(_ROW, local_day(now, zone)),
    )
    return gate.exclude(session, LEDGER, _ROW, checks, among(_ROW.c.id, ids))


def _ended_benefit(row: FromClause, today: date) -> gate.Check:
    """Nobody is promised a coupon that is over: a message may have waited past its last day."""
    ended = exists().where(
        CouponGrant.enrolment_id == row.c.enrolment_id,
        or_(CouponGrant.step_key.is_(None), CouponGrant.step_key == row.c.step_key),
        CouponGrant.coupon_id == Coupon.id,
        Coupon.valid_until < today,
    )
    return gate.Check(ExclusionReason.NO_STOCK, ended)


def _last_checks(row: FromClause) -> Sequence[gate.Check]:
    held_out = exists().where(Enrolment.id == row.c.enrolment_id, Enrolment.arm == Arm.HOLDOUT)
    given_back = exists().where(
        CouponGrant.enrolment_id == row.c.enrolment_id,
        or_(CouponGrant.step_key.is_(None), CouponGrant.step_key == row.c.step_key),
        CouponGrant.state == GrantState.RELEASED,
    )
    return (gate.Check(ExclusionReason.HOLDOUT, held_out), gate.Check(ExclusionReason.NO_STOCK, given_back))


# Put together once: of a batch it takes as long as asking the database.
_ROW = LEDGER.alias("row")
_FIRST_CHECKS = (*gate.standing_checks(_ROW), *gate.duplicate_checks(_ROW, LEDGER))
_LAST_CHECKS = _last_checks(_ROW)


def _put_off_in_quiet_hours(
    session: Session, ids: Sequence[int], policy: Policy, default: ZoneInfo, now: datetime
) -> None:
    """Messages that turn out to go in the member's quiet hours wait for their end."""
    lives_in = func.coalesce(Member.zone_name, default.key)
    names = select(lives_in).join(Message, Message.member_id == Member.id).where(among(Message.id, ids)).distinct()
    for name in session.scalars(names).all():
        due = after_quiet_hours(now, zone_or(name, default), QuietHours.of(policy))
        if due.is_deferred:
            waits = (among(Message.id, ids), Message.state.in_(WAITING))
            lives_there = exists().where(Member.id == Message.member_id, lives_in == name)
            put_off = (
                update(Message)
                .where(*waits, lives_there)
                .values(state=MessageState.DEFERRED, reason=DeferralReason.QUIET_HOURS.value, due_at=due.moment)
            )
            session.execute(put_off.execution_options(synchronize_session=False))
