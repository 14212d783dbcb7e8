"""Receipts from gateways: which message is meant, whether the gateway may speak of it, and whether it is news."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.channels import Channel
from crm.errors import Conflict, NotFound
from crm.members.changes import Change, mark_changed
from crm.members.dead_addresses import forget_refusals
from crm.members.models import ContactPoint
from crm.members.people import lock_records_that_share
from crm.members.suppression import COMPLAINT, HARD_BOUNCE, suppress_normalised
from crm.outreach.address_verdicts import note_refusals
from crm.outreach.channels.refusals import Refusal, refusal_by_gateway
from crm.outreach.ledger import settle_benefits
from crm.outreach.models import Message, MessageState
from crm.outreach.rendering import idempotency_key

_AWAITING_WORD = (MessageState.SENT, MessageState.UNKNOWN)
_TO_GO = (MessageState.PLANNED, MessageState.DEFERRED, MessageState.CLAIMED)
"""Messages that will be handed over, once more if an attempt went unanswered: its receipt may come before."""
LONGEST_ID = 9
"""Digits that every database takes for an id."""


@dataclass(frozen=True)
class ReceiptTaken:
    state: MessageState
    is_new: bool
    """False when the message stood there already: the same receipt came twice."""


def take_receipt(
    session: Session,
    key: str,
    *,
    is_delivered: bool,
    reason: str | None,
    channels: Collection[Channel],
    at: datetime,
    is_permanent: bool = False,
) -> ReceiptTaken:
    """Settle the message that went out under a key, by a gateway that serves `channels`.

    `is_permanent`: it failed because the address does not exist, and nothing more is sent there. A failure without it
    is read by its reason, as a mail server's refusal is. Raises NotFound for a message that the gateway was never
    given, Conflict for one that is settled otherwise.
    """
    message = _given(session, key, channels)
    meant = Refusal.OTHER if is_delivered else refusal_by_gateway(reason or "", is_permanent=is_permanent)
    # First: whoever sends holds members before messages.
    if meant is Refusal.DEAD:
        _suppress(session, message, HARD_BOUNCE, at)
    elif meant is Refusal.RECIPIENT:
        lock_records_that_share(session, message.member_id, (message.channel,))
    session.refresh(message, with_for_update=True)
    told = MessageState.DELIVERED if is_delivered else MessageState.FAILED
    if message.state is told:
        return ReceiptTaken(told, is_new=False)
    record_receipt(session, message.id, is_delivered=is_delivered, at=at, reason=reason)
    if is_delivered:
        forget_refusals(session, select(Message.member_id, Message.channel).where(Message.id == message.id))
    note_refusals(session, {message.id: (meant, reason or "not delivered")}, now=at)
    return ReceiptTaken(told, is_new=True)


def record_receipt(
    session: Session, message_id: int, *, is_delivered: bool, at: datetime, reason: str | None = None
) -> None:
    """The provider's, or a person's, word on a message that was handed over: it arrived, or it did not.

    Settles the benefits that hang on it. Raises NotFound, and Conflict for a message that needs no answer.
    """
    message = session.get(Message, message_id, with_for_update=True)
    if message is None:
        raise NotFound(f"there is no message {message_id}")
    if message.state not in _AWAITING_WORD and not (message.state in _TO_GO and message.attempts > 0):
        raise Conflict(f"message {message_id} is {message.state}: it awaits no receipt")
    if is_delivered:
        message.sent_at = message.sent_at or at
    message.claimed_by, message.lease_until = None, None
    message.state = MessageState.DELIVERED if is_delivered else MessageState.FAILED
    message.delivered_at = at if is_delivered else None
    message.reason = None if is_delivered else (reason or "not delivered")
    mark_changed(session, message.member_id, Change.MESSAGES)
    session.flush()
    settle_benefits(session, select(Message.enrolment_id).where(Message.id == message_id), now=at)


def take_complaint(session: Session, key: str, *, channels: Collection[Channel], at: datetime) -> ReceiptTaken:
    """Send nothing more to the address that a message went to: its owner called it spam. The message stays as it is.

    Raises NotFound for a message that the gateway was never given.
    """
    message = _given(session, key, channels)
    return ReceiptTaken(message.state, is_new=_suppress(session, message, COMPLAINT, at))


def _given(session: Session, key: str, channels: Collection[Channel]) -> Message:
    message = session.get(Message, _message_id(key))
    if message is None or message.channel not in channels:
        raise NotFound(f"this gateway was given no message {key!r}")
    return message


def _suppress(session: Session, message: Message, reason: str, at: datetime) -> bool:
    """The address that the member has now; the one of then, where he has another, concerns nobody any more."""
    there = (ContactPoint.member_id == message.member_id, ContactPoint.channel == message.channel)
    normalised = session.scalar(select(ContactPoint.normalised).where(*there))
    return bool(normalised) and suppress_normalised(session, message.channel, normalised or "", reason=reason, now=at)


def _message_id(key: str) -> int:
    digits = key.rpartition("-")[2]
    if digits.isascii() and digits.isdigit() and len(digits) <= LONGEST_ID and idempotency_key(int(digits)) == key:
        return int(digits)
    raise NotFound(f"this gateway was given no message {key!r}")
