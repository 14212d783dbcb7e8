"""Reading the ledger message by message, a page at a time, together with what the outbox took."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, TypeVarTuple

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from crm.access.actor import Actor, Permission
from crm.channels import Channel
from crm.cursors import read_cursor, write_cursor
from crm.members.masking import mask_address
from crm.members.models import Member
from crm.outreach.models import Message, MessageState, OutboxItem

Row = TypeVarTuple("Row")
OUTBOX_PREFIX = "outbox:"
"""Begins the provider reference of a message that the outbox took; its idempotency key follows."""


@dataclass(frozen=True)
class LedgerFilter:
    """Which messages of a journey to read, newest due first."""

    channel: Channel | None = None
    state: MessageState | None = None
    offset: int = 0
    after: str | None = None
    """The `next_cursor` of the page before; wins over `offset`, which leaves rows out when others go meanwhile."""
    limit: int = 20

    def changed(self, **changes: Any) -> "LedgerFilter":
        return replace(self, **changes)


@dataclass(frozen=True)
class LedgerLine:
    """One message. Subject, body and address are None until the outbox took it."""

    message_id: int
    member_id: int
    member_name: str
    channel: Channel
    step_key: str
    state: MessageState
    reason: str | None
    due_at: datetime
    sent_at: datetime | None
    address: str | None
    """Masked unless the reader may see this member's contact details."""
    subject: str | None
    body: str | None
    html: str | None
    """The page of an e-mail."""


@dataclass(frozen=True)
class LedgerPage:
    total: int
    lines: tuple[LedgerLine, ...]
    next_cursor: str | None = None
    """Of the page that follows; None at the end."""


def browse_ledger(session: Session, journey_id: int, wanted: LedgerFilter, *, actor: Actor) -> LedgerPage:
    """A page of a journey's messages; a customer success manager gets those of his own members."""
    query = _scoped(select(Message, Member, OutboxItem), journey_id, wanted, actor).outerjoin(
        OutboxItem, OutboxItem.idempotency_key == func.substr(Message.provider_ref, len(OUTBOX_PREFIX) + 1)
    )
    total = session.scalar(_scoped(select(func.count(Message.id)), journey_id, wanted, actor)) or 0
    query = query.offset(wanted.offset) if wanted.after is None else query.where(_behind(wanted.after))
    page = query.order_by(Message.due_at.desc(), Message.id.desc()).limit(wanted.limit + 1)
    rows = session.execute(page).all()
    lines = tuple(_line(message, member, item, actor) for message, member, item in rows[: wanted.limit])
    cursor = None
    if len(rows) > wanted.limit:
        cursor = write_cursor(int(lines[-1].due_at.timestamp()), lines[-1].message_id)
    return LedgerPage(total, lines, cursor)


def _behind(cursor: str) -> ColumnElement[bool]:
    seconds, message_id = read_cursor(cursor, int, int)
    due_at = datetime.fromtimestamp(int(seconds), UTC)
    return or_(Message.due_at < due_at, and_(Message.due_at == due_at, Message.id < message_id))


def _scoped(query: Select[*Row], journey_id: int, wanted: LedgerFilter, actor: Actor) -> Select[*Row]:
    query = query.select_from(Message).join(Member, Member.id == Message.member_id)
    query = query.where(Message.journey_id == journey_id)
    if wanted.channel is not None:
        query = query.where(Message.channel == wanted.channel)
    if wanted.state is not None:
        query = query.where(Message.state == wanted.state)
    if actor.row_owner_id is not None:
        query = query.where(Member.owner_id == actor.row_owner_id)
    return query


def _line(message: Message, member: Member, item: OutboxItem | None, actor: Actor) -> LedgerLine:
    sees_contact = actor.may(Permission.SEE_CONTACTS) and actor.row_owner_id in (None, member.owner_id)
    address = item.address if item else None
    return LedgerLine(
        message_id=message.id,
        member_id=member.id,
        member_name=f"{member.name} · {member.name_local}" if member.name_local else member.name,
        channel=message.channel,
        step_key=message.step_key,
        state=message.state,
        reason=message.reason,
        due_at=message.due_at,
        sent_at=message.sent_at,
        address=address if address is None or sees_contact else mask_address(address),
        subject=item.subject if item else None,
        body=item.body if item else None,
        html=item.html if item else None,
    )
