"""The transaction that sends: last look, calls to the provider begun, results so far; and that of a late result."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, cast

import structlog
from sqlalchemy import CursorResult, and_, case, exists, func, literal, or_, select, update
from sqlalchemy.orm import Session

from crm.channels import Channel
from crm.database import UtcDateTime
from crm.members.changes import Change, mark_members_changed
from crm.members.models import Consent, Member
from crm.outreach import gate, ledger
from crm.outreach.address_verdicts import note_answers
from crm.outreach.batches import among, texts_by_id
from crm.outreach.channels.adapter import ChannelAdapter, ChannelUnavailable, Outcome, OutgoingMessage, SendResult
from crm.outreach.channels.channel_status import note_success, note_trouble
from crm.outreach.channels.pausing import IS_PAUSED
from crm.outreach.hand_over import LOCKED_SECONDS, HandOver
from crm.outreach.holds import hold, let_go_of_sent
from crm.outreach.links import Links
from crm.outreach.models import (
    LEDGER,
    DeferralReason,
    ExclusionReason,
    Journey,
    JourneyState,
    Message,
    MessageState,
    UnknownReason,
)
from crm.outreach.rendering import Finished, finished_messages
from crm.outreach.rules import RETRY_DELAYS

log = structlog.get_logger()

_ROW = LEDGER.alias("row")
_STANDING_CHECKS = gate.standing_checks(_ROW)
"""Put together once: of a batch it takes as long as asking the database."""
_NOT_TAKEN_UP: Mapping[str, Any] = {"attempts": Message.attempts - 1, "claimed_by": None, "lease_until": None}
"""The provider certainly has nothing from this attempt, so that it leaves no doubt behind."""


@dataclass(frozen=True)
class Lease:
    holder: str
    """Of one claim alone: a worker that comes back after its lease ran out finds another holder."""
    until: datetime


@dataclass(frozen=True)
class DispatchResult:
    """What became of the messages that were taken up."""

    delivered: int = 0
    sent: int = 0
    failed: int = 0
    unknown: int = 0
    excluded: int = 0
    deferred: int = 0

    def __add__(self, other: "DispatchResult") -> "DispatchResult":
        return DispatchResult(*(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__))


@dataclass(frozen=True)
class Sending:
    """What came of the messages handed to one channel."""

    result: DispatchResult
    is_available: bool
    """Whether the channel takes more for now."""
    under_way: HandOver | None = None
    """A call that began and has no answer yet: wait for it without a lock, then `record_late`."""


def send_claimed(
    session: Session, adapter: ChannelAdapter, ids: Sequence[int], lease: Lease, *, links: Links | None, now: datetime
) -> Sending:
    """Hand over the messages that the lease still holds and that may still go, and record what came of each."""
    _lock(session, ids)
    excluded = _stop_what_may_not_go(session, ids, lease)
    held = among(_ROW.c.id, ids) & (_ROW.c.claimed_by == lease.holder)
    excluded += gate.exclude(session, LEDGER, _ROW, _STANDING_CHECKS, held, states=(MessageState.CLAIMED,))
    if excluded:
        doubt_retried(session, ids, attempts=1)
    finished = finished_messages(session, ids, lease.holder, links)
    _keep_back(session, finished, ids, lease, now)
    if not finished.messages:
        ledger.settle_benefits(session, select(Message.enrolment_id).where(among(Message.id, ids)), now=now)
        return Sending(count_states(session, ids), is_available=True)
    calls = HandOver(adapter, session, finished.messages, now)
    if getattr(adapter, "stores_messages", False):
        calls.here()
    else:
        calls.begin(LOCKED_SECONDS)
    late = calls.late
    put_back = {message.idempotency_key: _not_tried(message) for message in calls.not_begun}
    answered = [message for message in finished.messages if message is not late]
    is_available = _heard(session, calls, finished.messages[0].channel)
    _write_down(session, answered, put_back | calls.results, adapter, ids, now)
    return Sending(count_states(session, ids), is_available, under_way=calls if late is not None else None)


def record_late(session: Session, adapter: ChannelAdapter, calls: HandOver, lease: Lease, *, now: datetime) -> Sending:
    """Record what came of the call that was under way when the gate closed, if its message is still the lease's."""
    late = calls.late
    if late is None:
        return Sending(DispatchResult(), is_available=True)
    _lock(session, [late.message_id])
    held = (Message.state == MessageState.CLAIMED, Message.claimed_by == lease.holder)
    if session.scalar(select(Message.id).where(Message.id == late.message_id, *held)) is None:
        return Sending(DispatchResult(), is_available=True)
    is_available = _heard(session, calls, late.channel) and late.idempotency_key in calls.results
    _write_down(session, [late], calls.results, adapter, [late.message_id], now)
    return Sending(count_states(session, [late.message_id]), is_available)


def _not_tried(message: OutgoingMessage) -> SendResult:
    return SendResult(message.idempotency_key, Outcome.NOT_TRIED)


def _write_down(
    session: Session,
    batch: Sequence[OutgoingMessage],
    results: Mapping[str, SendResult],
    adapter: ChannelAdapter,
    ids: Sequence[int],
    now: datetime,
) -> None:
    _record(session, batch, results, adapter, now)
    arrived = select(Message.member_id).where(among(Message.id, ids), Message.state == MessageState.DELIVERED)
    mark_members_changed(session, arrived, Change.MESSAGES)
    ledger.settle_benefits(session, select(Message.enrolment_id).where(among(Message.id, ids)), now=now)


def count_states(session: Session, ids: Sequence[int]) -> DispatchResult:
    query = select(Message.state, func.count()).where(among(Message.id, ids)).group_by(Message.state)
    counts = {state.value: count for state, count in session.execute(query)}
    return DispatchResult(**{name: counts.get(name, 0) for name in DispatchResult.__dataclass_fields__})


def doubt_retried(session: Session, ids: Sequence[int], *, attempts: int) -> None:
    """What was excluded now but may have been sent by an earlier attempt is unknown: the ledger claims nothing false.

    `attempts`: how many there are when the present one is the first.
    """
    retried = (among(Message.id, ids), Message.state == MessageState.EXCLUDED, Message.attempts > attempts)
    doubted = update(Message).where(*retried)
    doubted = doubted.values(state=MessageState.UNKNOWN, reason=UnknownReason.NO_ANSWER.value, lease_until=None)
    session.execute(doubted.execution_options(synchronize_session=False))


def _lock(session: Session, ids: Sequence[int]) -> None:
    """Keep opt-outs, suppressions and other workers out until the results are recorded.

    SQLite holds its one write lock already. On PostgreSQL a new suppression waits for the member's row, which
    it references, and a changed consent for its own.
    """
    if session.get_bind().dialect.name == "sqlite":
        return
    members = select(Message.member_id).where(among(Message.id, ids))
    session.execute(select(Member.id).where(Member.id.in_(members)).order_by(Member.id).with_for_update())
    this_channel = and_(Consent.member_id == Message.member_id, Consent.channel == Message.channel)
    consents = select(Consent.channel).join(Message, this_channel).where(among(Message.id, ids))
    session.execute(consents.order_by(Consent.member_id, Consent.channel).with_for_update(of=Consent))
    session.execute(select(Message.id).where(among(Message.id, ids)).order_by(Message.id).with_for_update())


def _stop_what_may_not_go(session: Session, ids: Sequence[int], lease: Lease) -> int:
    """A journey or channel paused since the claim takes its messages back; a journey that ended excludes them.

    Says how many were excluded.
    """
    held = (among(Message.id, ids), Message.state == MessageState.CLAIMED, Message.claimed_by == lease.holder)
    journey = exists().where(Journey.id == Message.journey_id)
    paused = update(Message).where(*held, or_(journey.where(Journey.state == JourneyState.PAUSED), IS_PAUSED))
    ended = update(Message).where(*held, journey.where(Journey.state == JourneyState.ENDED))
    back = paused.values(state=MessageState.PLANNED, **_NOT_TAKEN_UP)
    session.execute(back.execution_options(synchronize_session=False))
    out = ended.values(state=MessageState.EXCLUDED, reason=ExclusionReason.CANCELLED.value)
    return cast(CursorResult[Any], session.execute(out.execution_options(synchronize_session=False))).rowcount


def _keep_back(session: Session, finished: Finished, ids: Sequence[int], lease: Lease, now: datetime) -> None:
    """What cannot be written: messages of a held journey wait as before, one that alone has trouble has failed."""
    for journey_id, attempt in finished.held.items():
        hold(session, journey_id, attempt, now, rests=True)
    if finished.held:
        held = (among(Message.id, ids), Message.state == MessageState.CLAIMED, Message.claimed_by == lease.holder)
        back = update(Message).where(*held, Message.journey_id.in_(finished.held))
        back = back.values(state=MessageState.PLANNED, **_NOT_TAKEN_UP)
        session.execute(back.execution_options(synchronize_session=False))
    _settle(session, {each: _Settled(MessageState.FAILED, reason=why) for each, why in finished.failed.items()})
    if finished.messages:
        let_go_of_sent(session, [message.message_id for message in finished.messages])


class _Settled(NamedTuple):
    """How a message ended: columns of the ledger."""

    state: MessageState
    sent_at: datetime | None = None
    delivered_at: datetime | None = None
    provider_ref: str | None = None
    reason: str | None = None


def _heard(session: Session, calls: HandOver, channel: Channel) -> bool:
    """Whether the provider takes more; what it said is kept for people. An adapter that crashes rests until later."""
    error = calls.error
    if error is None:
        if calls.results:
            note_success(session, channel)
        return True
    if isinstance(error, ChannelUnavailable):
        log.warning("channel.unavailable", channel=channel.value, reason=error.message)
        note_trouble(session, channel, error)
        return False
    if not isinstance(error, Exception):
        raise error
    log.error("channel.crashed", channel=channel.value, exc_info=error)
    calls.doubt_unanswered()
    return False


def _record(
    session: Session,
    batch: Sequence[OutgoingMessage],
    results: Mapping[str, SendResult],
    adapter: ChannelAdapter,
    now: datetime,
) -> None:
    """Write each result. Without one, the lease stays where a repeat is safe, and runs out into the next attempt."""
    settled: dict[int, _Settled] = {}
    untried: list[int] = []
    later: dict[int, SendResult] = {}
    for message in batch:
        result = results.get(message.idempotency_key)
        if result is None:
            if not adapter.honours_idempotency_key:
                settled[message.message_id] = _in_doubt(now)
        elif result.outcome is Outcome.IN_DOUBT:
            settled[message.message_id] = _in_doubt(now)
        elif result.outcome is Outcome.NOT_TRIED:
            untried.append(message.message_id)
        elif result.outcome is Outcome.TRY_LATER:
            later[message.message_id] = result
        else:
            settled[message.message_id] = _outcome(result, now)
    if untried:
        _put_back(session, untried)
    if later:
        settled |= _given_up(session, later, now)
        _try_later(session, [message_id for message_id in later if message_id not in settled], now)
    if settled:
        _settle(session, settled)
    note_answers(session, batch, results, now)


def _settle(session: Session, settled: Mapping[int, _Settled]) -> None:
    """One statement for all that ended alike: of a batch usually one."""
    alike: dict[_Settled, dict[int, str | None]] = {}
    for message_id, end in settled.items():
        alike.setdefault(end._replace(provider_ref=None), {})[message_id] = end.provider_ref
    for end, refs in alike.items():
        ref = texts_by_id(session, refs)
        change = update(LEDGER).where(LEDGER.c.id == ref.c.id)
        session.execute(change.values({**end._asdict(), "provider_ref": ref.c.text, "lease_until": None}))


def _put_back(session: Session, ids: Sequence[int]) -> None:
    """Messages that were taken up in vain wait as before."""
    back = update(Message).where(among(Message.id, ids)).values(state=MessageState.PLANNED, **_NOT_TAKEN_UP)
    session.execute(back.execution_options(synchronize_session=False))


def _given_up(session: Session, later: Mapping[int, SendResult], now: datetime) -> dict[int, _Settled]:
    """Those of `later` that were put off often enough: failed, unless an attempt before may have sent them."""
    rows = select(Message.id, Message.attempts).where(Message.id.in_(later), Message.retries >= len(RETRY_DELAYS))
    return {
        message_id: _in_doubt(now) if attempts > 1 else _outcome(later[message_id], now)
        for message_id, attempts in session.execute(rows)
    }


def _try_later(session: Session, ids: Sequence[int], now: datetime) -> None:
    pauses = {retries: literal(now + pause, UtcDateTime) for retries, pause in enumerate(RETRY_DELAYS)}
    put_off = update(Message).where(among(Message.id, ids))
    put_off = put_off.values(
        state=MessageState.DEFERRED,
        reason=DeferralReason.ASKED_TO_WAIT.value,
        due_at=case(pauses, value=Message.retries),
        retries=Message.retries + 1,
        **_NOT_TAKEN_UP,
    )
    session.execute(put_off.execution_options(synchronize_session=False))


def _outcome(result: SendResult, now: datetime) -> _Settled:
    match result.outcome:
        case Outcome.DELIVERED:
            return _Settled(MessageState.DELIVERED, sent_at=now, delivered_at=now, provider_ref=result.provider_ref)
        case Outcome.ACCEPTED:
            return _Settled(MessageState.SENT, sent_at=now, provider_ref=result.provider_ref)
        case Outcome.REFUSED | Outcome.TRY_LATER:
            return _Settled(MessageState.FAILED, provider_ref=result.provider_ref, reason=result.reason or "refused")
        case Outcome.NOT_TRIED | Outcome.IN_DOUBT:
            raise AssertionError("a message that was not tried, or may have been sent, has no outcome")


def _in_doubt(now: datetime) -> _Settled:
    return _Settled(MessageState.UNKNOWN, sent_at=now, reason=UnknownReason.NO_ANSWER.value)
