"""The default channel: messages are kept in the database, readable in the product. Nothing leaves the machine."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from crm.outreach.channels.adapter import Outcome, OutgoingMessage, SendResult
from crm.outreach.models import OutboxItem
from crm.outreach.rate_limit import RateLimit


class OutboxAdapter:
    """Stores each message once, in the caller's transaction: recorded and sent are one thing here."""

    honours_idempotency_key = True
    stores_messages = True

    def __init__(self, pace: RateLimit | None = None) -> None:
        self.pace = pace

    def send(self, session: Session, batch: Sequence[OutgoingMessage], now: datetime) -> Iterator[SendResult]:
        keys = [message.idempotency_key for message in batch]
        stored = select(OutboxItem.idempotency_key).where(OutboxItem.idempotency_key.in_(keys))
        known = set(session.scalars(stored))
        rows = [
            {
                "idempotency_key": message.idempotency_key,
                "channel": message.channel,
                "member_id": message.member_id,
                "address": message.address,
                "subject": message.subject,
                "body": message.body,
                "html": message.html,
                "accepted_at": now,
            }
            for message in batch
            if message.idempotency_key not in known
        ]
        if rows:
            session.execute(insert(OutboxItem), rows)
        for key in keys:
            yield SendResult(key, Outcome.DELIVERED, provider_ref=f"outbox:{key}")
