"""What the signed links of a message bring back: opens, clicks and opt-outs, machines kept apart."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from crm.errors import NotFound
from crm.members.changes import Change, mark_changed
from crm.members.contacts import withdraw_consent
from crm.members.masking import mask_address
from crm.members.models import SENDABLE_CHANNELS, Channel, Consent, ContactPoint
from crm.members.people import lock_records_that_share
from crm.outreach.models import Journey, Message, MessageEvent, MessageEventKind, MessageLink
from crm.outreach.rules import BURST_WINDOW, Visit, is_burst, machine_sign
from crm.outreach.tracking import MAY_HAVE_BEEN_SEEN

REPEAT_WINDOW = timedelta(minutes=1)
"""The same open or click within a minute is noted once: a page that loads twice, or somebody who keeps calling."""


def click_target(session: Session, message_id: int, link_id: int) -> str | None:
    """Where a click leads; None when the message has no such link."""
    query = select(MessageLink.target).join(Message, Message.journey_id == MessageLink.journey_id)
    return session.scalar(query.where(MessageLink.id == link_id, Message.id == message_id))


def note_visit(
    session: Session, message_id: int, kind: MessageEventKind, visit: Visit, *, link_id: int | None = None
) -> MessageEvent | None:
    """Note an open or click as a person's or a machine's. None when there is nothing to note.

    That is so for a message that nobody can have seen, and for a repeat within REPEAT_WINDOW.
    """
    message = session.get(Message, message_id, with_for_update=True)
    if message is None or message.state not in MAY_HAVE_BEEN_SEEN:
        return None
    by_machine = machine_sign(visit, message.delivered_at or message.sent_at) is not None
    event = MessageEvent(
        message_id=message.id,
        member_id=message.member_id,
        kind=kind,
        occurred_at=visit.at,
        by_machine=by_machine,
        link_id=link_id,
    )
    if _is_repeat(session, event):
        return None
    session.add(event)
    session.flush()
    if kind is MessageEventKind.CLICKED:
        _mark_burst(session, event)
    mark_changed(session, message.member_id, Change.REACTIONS)
    session.flush()
    return event


def _is_repeat(session: Session, event: MessageEvent) -> bool:
    same = select(MessageEvent.id).where(
        MessageEvent.message_id == event.message_id,
        MessageEvent.kind == event.kind,
        MessageEvent.by_machine == event.by_machine,
        MessageEvent.link_id.is_not_distinct_from(event.link_id),
        MessageEvent.occurred_at > event.occurred_at - REPEAT_WINDOW,
    )
    return session.scalar(same.limit(1)) is not None


def _mark_burst(session: Session, event: MessageEvent) -> None:
    """A click that completes a burst makes a machine's of those before it, too."""
    together = (
        MessageEvent.message_id == event.message_id,
        MessageEvent.kind == MessageEventKind.CLICKED,
        MessageEvent.occurred_at >= event.occurred_at - BURST_WINDOW,
    )
    if is_burst(session.scalars(select(MessageEvent.link_id).where(*together))):
        marked = update(MessageEvent).where(*together).values(by_machine=True)
        session.execute(marked.execution_options(synchronize_session="fetch"))


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
