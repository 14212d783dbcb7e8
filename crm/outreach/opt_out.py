"""The one way in for an opt-out: what a member sees before and after, and what becomes of the consent."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.channels import SENDABLE_CHANNELS, Channel
from crm.errors import NotFound
from crm.members.changes import Change, mark_changed
from crm.members.contacts import withdraw_consent
from crm.members.masking import mask_address
from crm.members.models import Consent, ContactPoint
from crm.members.people import lock_records_that_share
from crm.outreach.engagement import MAY_HAVE_BEEN_SEEN
from crm.outreach.models import Journey, Message, MessageEvent, MessageEventKind


@dataclass(frozen=True)
class OptOut:
    """What a member sees before and after he opts out."""

    channel: Channel
    """The channel of the message that he came from."""
    address: str | None
    """Masked; None when it is not kept any more."""
    language: str
    agreed: tuple[Channel, ...]
    """The channels on which he is still written to."""


def opt_out_choices(session: Session, message_id: int) -> OptOut:
    """Raises NotFound when the message is gone."""
    message = _message(session, message_id)
    journey = session.get_one(Journey, message.journey_id)
    point = select(ContactPoint.address).where(
        ContactPoint.member_id == message.member_id, ContactPoint.channel == message.channel
    )
    address = session.scalar(point)
    granted = select(Consent.channel).where(Consent.member_id == message.member_id, Consent.granted.is_(True))
    agreed = set(session.scalars(granted))
    return OptOut(
        channel=message.channel,
        address=mask_address(address) if address else None,
        language=_language(journey),
        agreed=tuple(channel for channel in SENDABLE_CHANNELS if channel in agreed),
    )


def _language(journey: Journey) -> str:
    """As stored: whoever wants to opt out can, whatever became of the rest of the journey."""
    stored = journey.spec.get("language") if isinstance(journey.spec, dict) else None
    return stored if stored in ("en", "zh") else "en"


def opt_out(session: Session, message_id: int, channels: Collection[Channel], at: datetime) -> bool:
    """Withdraw the consent for channels on the word of whoever holds the message's link, of all records at his address.

    No send on them starts after this commits. False when nothing was left to withdraw: then nothing is
    noted, however often the link is followed. Raises NotFound when the message is gone.
    """
    message = _message(session, message_id)
    # All at once and in order: one channel after the other could meet a worker that waits for the first.
    lock_records_that_share(session, message.member_id, channels)
    withdrawn = [channel for channel in channels if withdraw_consent(session, message.member_id, channel, at)]
    if not withdrawn:
        return False
    if message.state in MAY_HAVE_BEEN_SEEN:
        session.add(
            MessageEvent(
                message_id=message.id,
                member_id=message.member_id,
                kind=MessageEventKind.UNSUBSCRIBED,
                occurred_at=at,
                by_machine=False,
            )
        )
        mark_changed(session, message.member_id, Change.REACTIONS)
    session.flush()
    return True


def _message(session: Session, message_id: int) -> Message:
    message = session.get(Message, message_id)
    if message is None:
        raise NotFound(f"there is no message {message_id}")
    return message
