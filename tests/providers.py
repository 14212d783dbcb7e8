"""Providers for tests: real implementations of the channel protocol, with a log of all that they took."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from crm.channels import SENDABLE_CHANNELS
from crm.outreach.channels.adapter import (
    ChannelAdapters,
    ChannelUnavailable,
    Outcome,
    OutgoingMessage,
    SendResult,
    not_tried,
)
from crm.outreach.channels.refusals import Refusal
from crm.outreach.rate_limit import RateLimit

REFUSED = {
    "refuse": ("no such mailbox", Refusal.OTHER),
    "reject": ("550 <someone@example.org> mailbox unavailable", Refusal.RECIPIENT),
    "bounce": ("550 5.1.1", Refusal.DEAD),
}


class Killed(BaseException):
    """The process dies here."""


@dataclass
class FakeProvider:
    """Takes messages. What it takes is its own memory: it survives any crash of ours.

    `script` says what happens to the next messages, one word each; without a word it delivers:
    `refuse`, `reject` (the recipient is refused, and may be there), `bounce` (there is no such address),
    `accept` (a receipt comes later), `silent` (takes it and gives no answer), `down` (gives no answer and takes
    nothing), `kill` (takes it, and our process dies),
    `later` (asks to be tried later), `busy` (takes neither this nor any more for now, and says so).
    """

    honours_idempotency_key: bool = True
    pace: RateLimit | None = None
    script: list[str] = field(default_factory=list)
    taken: list[OutgoingMessage] = field(default_factory=list)
    handed: list[tuple[OutgoingMessage, datetime]] = field(default_factory=list)
    """Every hand-over that may have left something behind, repeats included."""
    taken_at: dict[str, datetime] = field(default_factory=dict)

    def send(self, session: Session, batch: Sequence[OutgoingMessage], now: datetime) -> Iterator[SendResult]:
        for place, message in enumerate(batch):
            word = self.script.pop(0) if self.script else "deliver"
            if word == "later":
                yield SendResult(message.idempotency_key, Outcome.TRY_LATER, reason="mailbox busy")
                continue
            if word == "busy":
                yield from not_tried(batch[place:])
                raise ChannelUnavailable("the provider takes no more")
            self.handed.append((message, now))
            if word in REFUSED:
                reason, meant = REFUSED[word]
                yield SendResult(message.idempotency_key, Outcome.REFUSED, reason=reason, refusal=meant)
                continue
            if word == "down":
                raise ChannelUnavailable("the provider does not answer")
            if not (self.honours_idempotency_key and message.idempotency_key in self.keys):
                self.taken.append(message)
                self.taken_at[message.idempotency_key] = now
            if word == "silent":
                raise ChannelUnavailable("the provider took the message and hung up")
            if word == "kill":
                raise Killed
            outcome = Outcome.ACCEPTED if word == "accept" else Outcome.DELIVERED
            yield SendResult(message.idempotency_key, outcome, provider_ref=f"ref-{message.message_id}")

    @property
    def keys(self) -> list[str]:
        return [message.idempotency_key for message in self.taken]

    def on_all_channels(self) -> ChannelAdapters:
        return dict.fromkeys(SENDABLE_CHANNELS, self)
