"""The audit log: one row for each write and each export by a person or by the engine."""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.access.actor import Actor
from crm.access.models import AuditEntry


def record(session: Session, *, now: datetime, actor: Actor | None, action: str, subject: str, **detail: Any) -> None:
    """Note that `actor` (None: the engine) did `action` (`noun.past_tense`) to `subject` (`kind:id`)."""
    session.add(
        AuditEntry(
            at=now, account_id=actor.account_id if actor else None, action=action, subject=subject, detail=detail
        )
    )


def history_of(session: Session, subject: str) -> list[AuditEntry]:
    """What happened to one thing, oldest first."""
    return list(session.scalars(select(AuditEntry).where(AuditEntry.subject == subject).order_by(AuditEntry.id)))
