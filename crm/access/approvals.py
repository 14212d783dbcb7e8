"""Approvals: rows bound to a fingerprint of what was shown, decided by somebody other than the author."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from crm.access import audit
from crm.access.actor import Actor, Permission, require
from crm.access.models import Approval, ApprovalState, AuditEntry
from crm.access.policy import get_policy
from crm.errors import Conflict, Forbidden, NotFound


def request_approval(
    session: Session,
    *,
    subject_kind: str,
    subject_id: int,
    fingerprint: str,
    facts: Mapping[str, Any],
    actor: Actor,
    now: datetime,
) -> Approval:
    """Ask for approval of exactly what `fingerprint` covers. A pending request for the same thing is voided."""
    void_pending(session, subject_kind, subject_id, reason="replaced by a newer request", now=now)
    approval = Approval(
        subject_kind=subject_kind,
        subject_id=subject_id,
        fingerprint=fingerprint,
        facts=dict(facts),
        state=ApprovalState.PENDING,
        requested_by=actor.account_id,
        requested_at=now,
        expires_at=now + timedelta(hours=get_policy(session).approval_ttl_hours),
    )
    session.add(approval)
    session.flush()
    audit.record(session, now=now, actor=actor, action="approval.requested", subject=f"{subject_kind}:{subject_id}")
    return approval


def decide(
    session: Session, approval_id: int, *, actor: Actor, approve: bool, note: str | None, now: datetime
) -> Approval:
    """Approve or reject a pending request.

    Raises Forbidden for the author and for roles without the right, Conflict when it is no longer
    pending or has expired.
    """
    require(actor, Permission.APPROVE_CAMPAIGN)
    approval = session.get(Approval, approval_id, with_for_update=True)
    if approval is None:
        raise NotFound(f"there is no approval request {approval_id}")
    if approval.requested_by == actor.account_id:
        raise Forbidden("the person who asked for an approval cannot give it; ask another manager")
    if approval.state is not ApprovalState.PENDING:
        raise Conflict(f"approval request {approval_id} is {approval.state} already")
    if approval.expires_at <= now:
        raise Conflict(f"approval request {approval_id} has expired; submit the {approval.subject_kind} again")
    approval.state = ApprovalState.APPROVED if approve else ApprovalState.REJECTED
    approval.decided_by, approval.decided_at, approval.note = actor.account_id, now, note
    session.flush()
    subject = f"{approval.subject_kind}:{approval.subject_id}"
    audit.record(session, now=now, actor=actor, action=f"approval.{approval.state}", subject=subject, note=note)
    return approval


def awaited_approval(session: Session, subject_kind: str, subject_id: int, name: str) -> Approval:
    """The newest request for the thing called `name`. Raises Conflict when nobody has asked."""
    approval = approval_for(session, subject_kind, subject_id)
    if approval is None:
        raise Conflict(f"nobody has asked for an approval of {name}; submit it first")
    return approval


def refuse_who_shaped_it(
    session: Session, subject_kind: str, subject_id: int, name: str, *, author_id: int | None, actor: Actor
) -> None:
    """Four eyes: raises Forbidden when the actor wrote the thing called `name`, or changed it, by the audit log."""
    changed = exists().where(
        AuditEntry.subject == f"{subject_kind}:{subject_id}",
        AuditEntry.action == f"{subject_kind}.changed",
        AuditEntry.account_id == actor.account_id,
    )
    if author_id == actor.account_id or session.scalar(select(changed)):
        raise Forbidden(f"{actor.display_name} wrote or changed {name}; somebody else has to approve it")


def void_pending(session: Session, subject_kind: str, subject_id: int, *, reason: str, now: datetime) -> None:
    """Void every pending request for this thing; `reason` is shown where the request was."""
    session.execute(
        update(Approval)
        .where(
            Approval.subject_kind == subject_kind,
            Approval.subject_id == subject_id,
            Approval.state == ApprovalState.PENDING,
        )
        .values(state=ApprovalState.VOIDED, note=reason, decided_at=now)
    )


def pending_approvals(session: Session, now: datetime) -> list[Approval]:
    """Requests that wait for a decision, oldest first; those past their expiry are left out."""
    query = select(Approval).where(Approval.state == ApprovalState.PENDING, Approval.expires_at > now)
    return list(session.scalars(query.order_by(Approval.id)))


def approval_for(session: Session, subject_kind: str, subject_id: int) -> Approval | None:
    """The newest request for this thing, whatever its state."""
    query = select(Approval).where(Approval.subject_kind == subject_kind, Approval.subject_id == subject_id)
    return session.scalar(query.order_by(Approval.id.desc()).limit(1))
