"""What outreach asks of a channel: take a batch, say for each message what became of it."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, runtime_checkable

from sqlalchemy.orm import Session

from crm.channels import Channel
from crm.errors import Unavailable
from crm.outreach.channels.refusals import Refusal
from crm.outreach.rate_limit import RateLimit

_UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
"""What no mail, page or text message may hold: control characters other than white space, halves of characters."""
_LINE_ENDS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


@dataclass(frozen=True)
class OutgoingMessage:
    """One finished message. The key is the same whenever the same message is handed over again.

    What cannot be written anywhere is replaced visibly, and the subject is one line: no provider has to see to it.
    """

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

    def __post_init__(self) -> None:
        subject = self.subject and _writable(_LINE_ENDS.sub(" ", self.subject))
        object.__setattr__(self, "subject", subject)
        object.__setattr__(self, "body", _writable(self.body))
        object.__setattr__(self, "html", self.html and _writable(self.html))


def _writable(text: str) -> str:
    return _UNWRITABLE.sub("\ufffd", text)


class Outcome(StrEnum):
    DELIVERED = "delivered"
    ACCEPTED = "accepted"
    """Taken by the provider; a receipt says later whether it arrived."""
    REFUSED = "refused"
    """Certainly not sent, and not to be tried again."""
    TRY_LATER = "try_later"
    """Certainly not sent; the provider asks for this message to be tried again later."""
    IN_DOUBT = "in_doubt"
    """May have been sent or not, and the provider will not say."""
    NOT_TRIED = "not_tried"
    """Certainly not sent, through no fault of its own; goes on waiting as if it had not been taken up."""


@dataclass(frozen=True)
class SendResult:
    idempotency_key: str
    outcome: Outcome
    provider_ref: str | None = None
    reason: str | None = None
    """The provider's word for a refusal, or for trying later."""
    refusal: Refusal = Refusal.OTHER
    """What a refusal says of the recipient."""


class ChannelUnavailable(Unavailable):
    """The provider takes no more for now. A message that got no result before this may have been sent or not.

    The message is written to the log and shown to operators: it names no member and no address.
    """

    def __init__(self, message: str, *, rest_seconds: float = 0.0) -> None:
        super().__init__(message)
        self.rest_seconds = rest_seconds
        """How long nobody should ask the provider again; 0 where nothing speaks against the next turn."""


class ChannelAdapter(Protocol):
    honours_idempotency_key: bool
    """Whether handing over the same key twice sends once. Only then is a message without an answer tried again."""
    pace: RateLimit | None
    """How many messages it takes at once, and how fast. None: as they come."""

    def send(self, session: Session, batch: Sequence[OutgoingMessage], now: datetime) -> Iterator[SendResult]:
        """Yield one result for each message, in their order, as soon as it is known; a bad recipient is a refusal.

        A message without a result is in doubt. The call for a message begins when its result is asked for, while the
        transaction that checked consent holds its locks; it may be answered after they are gone (decision 16). Runs
        in a thread of its own, and may not use `session`, except in an adapter that stores what it takes
        (`stores_messages`). Raises ChannelUnavailable when the provider takes no more; what was yielded before that
        counts, and the channel rests until the engine's next turn.
        """
        ...


@contextmanager
def prepared(adapter: ChannelAdapter) -> Iterator[None]:
    """What an adapter can do for its next batch before any lock is held (`prepare`), undone if it was not used."""
    if isinstance(adapter, Prepares):
        adapter.prepare()
    try:
        yield
    finally:
        if isinstance(adapter, Prepares):
            adapter.release()


@runtime_checkable
class Prepares(Protocol):
    """An adapter that has to connect first."""

    def prepare(self) -> None:
        """Connect for the next batch; whatever goes wrong is told by `send`."""
        ...

    def release(self) -> None:
        """Hang up what was prepared and not used."""
        ...


gate_for_calls: ContextVar[Callable[[], bool]] = ContextVar("gate_for_calls")


def may_begin() -> bool:
    """Whether a call may begin now. For adapters that do something slow between being asked and calling."""
    asked = gate_for_calls.get(None)
    return asked is None or asked()


ChannelAdapters = Mapping[Channel, ChannelAdapter]


def not_tried(batch: Iterable[OutgoingMessage]) -> Iterator[SendResult]:
    """The results of messages that were never handed over."""
    for message in batch:
        yield SendResult(message.idempotency_key, Outcome.NOT_TRIED)
