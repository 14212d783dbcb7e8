"""What outreach asks of a channel: take a batch, say for each message what became of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from sqlalchemy.orm import Session

from crm.errors import Unavailable
from crm.members.models import Channel


@dataclass(frozen=True)
class OutgoingMessage:
    """One finished message. The key is the same whenever the same message is handed over again."""

    idempotency_key: str
    message_id: int
    member_id: int
    channel: Channel
    address: str
    subject: str | None
    body: str
    html: str | None = None
    unsubscribe_url: str | None = None
    """Where the member, or his mail program in one click, opts out; an address of the open web."""


class Outcome(StrEnum):
    DELIVERED = "delivered"
    ACCEPTED = "accepted"
    """Taken by the provider; a receipt says later whether it arrived."""
    REFUSED = "refused"
    """Certainly not sent, and not to be tried again."""


@dataclass(frozen=True)
class SendResult:
    idempotency_key: str
    outcome: Outcome
    provider_ref: str | None = None
    reason: str | None = None
    """The provider's word for a refusal."""


class ChannelUnavailable(Unavailable):
    """The provider gave no answer. What it took before that is not known."""


class ChannelAdapter(Protocol):
    honours_idempotency_key: bool
    """Whether handing over the same key twice sends once. Only then is a message without an answer tried again."""

    def send(self, session: Session, batch: Sequence[OutgoingMessage], now: datetime) -> Iterator[SendResult]:
        """Yield one result for each message, as soon as it is known; a bad recipient is a refusal.

        Runs inside the transaction that checked consent; an adapter that stores what it takes does so
        through `session`. Raises ChannelUnavailable when the provider does not answer; what was yielded
        before that counts.
        """
        ...


ChannelAdapters = Mapping[Channel, ChannelAdapter]
