"""Finished messages: the step's words with the member's fields, and the address."""

from collections.abc import Sequence

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from crm.members.models import ContactPoint, Member
from crm.outreach.channels.adapter import OutgoingMessage
from crm.outreach.journey import JourneySpec
from crm.outreach.ledger import spec_of
from crm.outreach.models import Journey, Message, MessageState
from crm.outreach.wording import render


def finished_messages(session: Session, ids: Sequence[int], holder: str) -> list[OutgoingMessage]:
    """Those of `ids` that the holder has claimed, ready to go, the longest due first."""
    query = (
        select(Message, Member, ContactPoint.address)
        .join(Member, Member.id == Message.member_id)
        .join(
            ContactPoint,
            and_(ContactPoint.member_id == Message.member_id, ContactPoint.channel == Message.channel),
        )
        .where(Message.id.in_(ids), Message.state == MessageState.CLAIMED, Message.claimed_by == holder)
        .order_by(Message.due_at, Message.id)
        .execution_options(populate_existing=True)
    )
    rows = session.execute(query).all()
    journeys = select(Journey).where(Journey.id.in_({message.journey_id for message, _, _ in rows}))
    specs = {journey.id: spec_of(journey) for journey in session.scalars(journeys)}
    return [_finish(specs[message.journey_id], message, member, address) for message, member, address in rows]


def idempotency_key(message_id: int) -> str:
    return f"nurture-message-{message_id}"


def _finish(spec: JourneySpec, message: Message, member: Member, address: str) -> OutgoingMessage:
    words = spec.step(message.step_key).wording(message.channel, message.variant)
    local_name = member.name_local if spec.language == "zh" else None
    values = {
        "name": local_name or member.name,
        "tier": member.tier,
        "offer": spec.benefits.words,
        "code": ", ".join(spec.benefits.coupon_codes),
        "unsubscribe": f"/unsubscribe/{message.id}",
    }
    return OutgoingMessage(
        idempotency_key=idempotency_key(message.id),
        message_id=message.id,
        member_id=member.id,
        channel=message.channel,
        address=address,
        subject=render(words.subject, values, spec.language) if words.subject else None,
        body=render(words.body, values, spec.language),
    )
