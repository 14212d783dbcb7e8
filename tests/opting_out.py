"""A member opts out of a channel, as by the link in the last message that they had there."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.channels import Channel
from crm.members.contacts import withdraw_consent
from crm.outreach.engagement import MAY_HAVE_BEEN_SEEN
from crm.outreach.models import Message
from crm.outreach.opt_out import opt_out


def opt_out_on_channel(session: Session, member_id: int, channel: Channel, at: datetime) -> None:
    last = select(Message.id).where(
        Message.member_id == member_id,
        Message.channel == channel,
        Message.state.in_(MAY_HAVE_BEEN_SEEN),
        Message.sent_at <= at,
    )
    message_id = session.scalar(last.order_by(Message.sent_at.desc(), Message.id.desc()).limit(1))
    if message_id is not None:
        opt_out(session, message_id, [channel], at)
        return
    withdraw_consent(session, member_id, channel, at)
    session.flush()
