"""Receipts from gateways: which message is meant, whether the gateway may speak of it, and whether it is news."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from crm.errors import NotFound
from crm.members.models import Channel
from crm.outreach.models import Message, MessageState
from crm.outreach.tracking import record_receipt
from crm.outreach.writing import idempotency_key

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
) -> ReceiptTaken:
    """Settle the message that went out under a key, by a gateway that serves `channels`.

    Raises NotFound for a message that the gateway was never given, Conflict for one that is settled otherwise.
    """
    message = session.get(Message, _message_id(key), with_for_update=True)
    if message is None or message.channel not in channels:
        raise NotFound(f"this gateway was given no message {key!r}")
    told = MessageState.DELIVERED if is_delivered else MessageState.FAILED
    if message.state is told:
        return ReceiptTaken(told, is_new=False)
    record_receipt(session, message.id, is_delivered=is_delivered, at=at, reason=reason)
    return ReceiptTaken(told, is_new=True)


def _message_id(key: str) -> int:
    digits = key.rpartition("-")[2]
    if digits.isascii() and digits.isdigit() and len(digits) <= LONGEST_ID and idempotency_key(int(digits)) == key:
        return int(digits)
    raise NotFound(f"this gateway was given no message {key!r}")
