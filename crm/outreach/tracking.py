"""What happens to messages after they left: receipts, opens, clicks, opt-outs."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.errors import Conflict, NotFound
from crm.members.changes import Change, mark_changed
from crm.members.contacts import withdraw_consent
from crm.members.models import Channel
from crm.outreach.ledger import settle_benefits
from crm.outreach.models import Message, MessageEvent, MessageEventKind, MessageState

MAY_HAVE_BEEN_SEEN = (MessageState.SENT, MessageState.DELIVERED, MessageState.UNKNOWN)
"""Messages that can have been seen by their member."""

_AWAITING_WORD = (MessageState.SENT, MessageState.UNKNOWN)
_TO_GO = (MessageState.PLANNED, MessageState.DEFERRED, MessageState.CLAIMED)
"""Messages that will be handed over, once more if an attempt went unanswered: its receipt may come before."""


def record_event(
    session: Session, message_id: int, kind: MessageEventKind, at: datetime, *, by_machine: bool = False
) -> MessageEvent:
    """Note an open, click or opt-out. An opt-out withdraws the consent for the message's channel at once, of every
    record that is reached at the member's address there.

    Raises NotFound for an unknown message, Conflict for one that was never sent.
    """
    message = session.get(Message, message_id)
    if message is None:
        raise NotFound(f"there is no message {message_id}")
    if message.state not in MAY_HAVE_BEEN_SEEN:
        raise Conflict(f"message {message_id} was never sent, so nobody can have {kind} it")
    event = MessageEvent(
        message_id=message_id, member_id=message.member_id, kind=kind, occurred_at=at, by_machine=by_machine
    )
    session.add(event)
    mark_changed(session, message.member_id, Change.REACTIONS)
    if kind is MessageEventKind.UNSUBSCRIBED:
        withdraw_consent(session, message.member_id, message.channel, at)
    session.flush()
    return event


def unsubscribe(session: Session, member_id: int, channel: Channel, at: datetime) -> None:
    """Withdraw a member's consent for a channel; no send to him there starts after this commits.

    Also noted on the last message that reached him on the channel, so that the campaign learns of it.
    """
    last = select(Message.id).where(
        Message.member_id == member_id,
        Message.channel == channel,
        Message.state.in_(MAY_HAVE_BEEN_SEEN),
        Message.sent_at <= at,
    )
    message_id = session.scalar(last.order_by(Message.sent_at.desc(), Message.id.desc()).limit(1))
    if message_id is not None:
        record_event(session, message_id, MessageEventKind.UNSUBSCRIBED, at)
    else:
        withdraw_consent(session, member_id, channel, at)
        session.flush()


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
