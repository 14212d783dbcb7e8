"""Opens and clicks, as the signed links of a message tell of them; those of machines are kept apart."""

from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from crm.errors import Conflict, NotFound
from crm.members.changes import Change, mark_changed
from crm.outreach.models import Message, MessageEvent, MessageEventKind, MessageLink, MessageState
from crm.outreach.rules import BURST_WINDOW, Visit, is_burst, machine_sign

MAY_HAVE_BEEN_SEEN = (MessageState.SENT, MessageState.DELIVERED, MessageState.UNKNOWN)
"""Messages that can have been seen by their member."""
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


def record_event(
    session: Session, message_id: int, kind: MessageEventKind, at: datetime, *, by_machine: bool = False
) -> MessageEvent:
    """Note an open or a click as it is told. Raises NotFound for an unknown message, Conflict for one never sent."""
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
