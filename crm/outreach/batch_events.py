"""Events about batches: what was handed over and what the gate left out. Below the usual level of the log, for a
demo's year is thousands of batches; counted all the same (api/metrics.py)."""

from collections.abc import Sequence
from dataclasses import asdict

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.channels import Channel
from crm.outreach.batches import among
from crm.outreach.models import Message, MessageState
from crm.outreach.sending import DispatchResult

log = structlog.get_logger()


def tell_sent(channel: Channel, result: DispatchResult, *, seconds: float) -> None:
    """One batch on one channel, with how many messages came to which end."""
    log.debug("batch.sent", channel=channel.value, seconds=round(seconds, 4), **asdict(result))


def tell_excluded(session: Session, ids: Sequence[int]) -> None:
    """By channel and reason, which of these messages the gate left out."""
    left_out = (among(Message.id, ids), Message.state == MessageState.EXCLUDED)
    counts = select(Message.channel, Message.reason, func.count()).where(*left_out)
    for channel, reason, count in session.execute(counts.group_by(Message.channel, Message.reason)):
        log.debug("messages.excluded", channel=channel.value, reason=reason, count=count)
