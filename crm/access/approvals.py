"""Approvals: rows bound to a fingerprint of what was shown, decided by somebody who had no hand in it."""

import json
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from crm.access import audit
from crm.access.actor import Actor, Permission, require
from crm.access.approvable import Approvable, Awaited, Parts, S
from crm.access.models import Approval, ApprovalState, ApprovedMember
from crm.access.policy import get_policy
from crm.access.shaping import note_shaping, refuse_who_shaped_it
from crm.differences import Difference, differences, in_words
from crm.errors import Conflict, Forbidden, NotFound
from crm.workspace import get_workspace

SHORTEST_FINGERPRINT = 12
"""So many of its first characters say which fingerprint is meant."""


def fingerprint_of(bound: Mapping[str, Any]) -> str:
    """SHA-256 over everything that an approval binds; equal for what does the same thing."""
    return sha256(json.dumps(bound, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def request_approval(
    session: Session,
    *,
    subject_kind: str,
    subject_id: int,
    bound: Mapping[str, Any],
    facts: Mapping[str, Any],
    actor: Actor,
    now: datetime,
) -> Approval:
    """Ask for approval of exactly `bound`; `facts` are shown with it. A pending request for the thing is voided."""
    void_pending(session, subject_kind, subject_id, reason="replaced by a newer request", now=now)
    approval = Approval(
        subject_kind=subject_kind,
        subject_id=subject_id,
        fingerprint=fingerprint_of(bound),
        bound=dict(bound),
        facts=dict(facts),
        state=ApprovalState.PENDING,
        requested_by=actor.account_id,
        requested_at=now,
        expires_at=now + timedelta(hours=get_policy(session).approval_ttl_hours),
    )
    session.add(approval)
    session.flush()
    note_shaping(session, subject_kind, subject_id, actor=actor, what="submitted", now=now)
    audit.record(session, now=now, actor=actor, action="approval.requested", subject=f"{subject_kind}:{subject_id}")
    return approval


def approve(
    session: Session,
    kind: Approvable[S],
    subject_id: int,
    *,
    fingerprint: str,
    actor: Actor,
    now: datetime,
    note: str | None = None,
) -> S:
    """Approve what was shown, by its fingerprint, and move it on.

    Raises Forbidden for everybody who had a hand in it and for roles without the right, Conflict when it is not
    what was shown, was changed since it was submitted, or when the request is void or has expired.
    """
    subject, approval = _awaiting(session, kind, subject_id, actor)
    refuse_who_shaped_it(session, approval, subject.name, actor)
    _require_decidable(approval, actor, now)
    _require_shown(session, approval, subject.name, fingerprint)
    require_unchanged(approval, kind.parts(session, subject.row), subject.name)
    kind.accept(session, subject.row, now)
    _record(session, approval, ApprovalState.APPROVED, actor, note, now)
    subject_words = f"{kind.kind}:{subject.id}"
    audit.record(session, now=now, actor=actor, action=f"{kind.kind}.approved", subject=subject_words, note=note)
    return subject.row


def reject(
    session: Session,
    kind: Approvable[S],
    subject_id: int,
    *,
    fingerprint: str,
    actor: Actor,
    now: datetime,
    note: str | None = None,
) -> S:
    """Refuse what was shown, by its fingerprint; it is a draft again, with the reason beside it."""
    subject, approval = _awaiting(session, kind, subject_id, actor)
    _require_decidable(approval, actor, now)
    _require_shown(session, approval, subject.name, fingerprint)
    _record(session, approval, ApprovalState.REJECTED, actor, note, now)
    reason = f"Rejected by {actor.display_name}" + (f": {note}" if note else "")
    kind.send_back(session, [subject.id], reason, now)
    _forget_selections(session, [approval.id])
    subject_words = f"{kind.kind}:{subject.id}"
    audit.record(session, now=now, actor=actor, action=f"{kind.kind}.rejected", subject=subject_words, note=note)
    return subject.row


def decide(
    session: Session, approval_id: int, *, actor: Actor, approve: bool, note: str | None, now: datetime
) -> Approval:
    """Record the decision on a pending request, without a look at what it is about.

    Raises Forbidden for the person who asked and for roles without the right, Conflict when it is no longer
    pending or has expired.
    """
    require(actor, Permission.APPROVE_CAMPAIGN)
    approval = session.get(Approval, approval_id, with_for_update=True)
    if approval is None:
        raise NotFound(f"there is no approval request {approval_id}")
    _require_decidable(approval, actor, now)
    state = ApprovalState.APPROVED if approve else ApprovalState.REJECTED
    return _record(session, approval, state, actor, note, now)


def binds(approval: Approval, parts: Parts) -> bool:
    """Whether a request is about exactly these parts, as far as they go."""
    return not _changed(approval, parts)


def require_unchanged(approval: Approval, parts: Parts, name: str) -> None:
    """Raises Conflict, naming what differs, when a thing is not what an approval was asked for any more."""
    if found := _changed(approval, parts):
        raise Conflict(f"{name} is not what was submitted any more ({in_words(found)}); submit it again")


def require_approved(session: Session, subject_kind: str, subject_id: int, parts: Parts, name: str) -> Approval:
    """The approval of a thing that is about to do something. Raises Conflict without one of exactly `parts`."""
    approval = approval_for(session, subject_kind, subject_id)
    if approval is None or approval.state is not ApprovalState.APPROVED:
        raise Conflict(f"{name} has no approval; submit it first")
    require_unchanged(approval, parts, name)
    return approval


def any_lapsed(session: Session, now: datetime) -> bool:
    """Whether a request has run out that nobody has noted as such."""
    lapsed = select(Approval.id).where(Approval.state == ApprovalState.PENDING, Approval.expires_at <= now)
    return session.scalar(lapsed.limit(1)) is not None


def expire_due(session: Session, kind: Approvable[Any], now: datetime) -> list[int]:
    """Note which requests of a kind have run out, and make their subjects drafts again; the subjects' ids."""
    lapsed = select(Approval).where(
        Approval.subject_kind == kind.kind, Approval.state == ApprovalState.PENDING, Approval.expires_at <= now
    )
    found = session.scalars(lapsed.order_by(Approval.id).with_for_update(skip_locked=True)).all()
    zone = get_workspace(session).zone
    for approval in found:
        approval.state, approval.decided_at = ApprovalState.EXPIRED, now
        approval.note = "nobody decided in time"
        subject = f"{kind.kind}:{approval.subject_id}"
        audit.record(session, now=now, actor=None, action="approval.expired", subject=subject)
        asked_at = approval.requested_at.astimezone(zone)
        reason = f"The request of {asked_at:%Y-%m-%d %H:%M} expired without a decision; submit it again"
        kind.send_back(session, [approval.subject_id], reason, now)
    _forget_selections(session, [approval.id for approval in found])
    session.flush()
    return [approval.subject_id for approval in found]


def void_pending(session: Session, subject_kind: str, subject_id: int, *, reason: str, now: datetime) -> None:
    """Void every pending request for this thing; `reason` is shown where the request was."""
    of_thing = (Approval.subject_kind == subject_kind, Approval.subject_id == subject_id)
    undecided = (*of_thing, Approval.state == ApprovalState.PENDING)
    _forget_selections(session, session.scalars(select(Approval.id).where(*undecided)).all())
    voided = update(Approval).where(*undecided)
    session.execute(voided.values(state=ApprovalState.VOIDED, note=reason, decided_at=now))


def pending_approvals(session: Session, now: datetime) -> list[Approval]:
    """Requests that wait for a decision, oldest first; those past their expiry are left out."""
    query = select(Approval).where(Approval.state == ApprovalState.PENDING, Approval.expires_at > now)
    return list(session.scalars(query.order_by(Approval.id)))


def is_open(approval: Approval, now: datetime) -> bool:
    """Whether a request waits for a decision."""
    return approval.state is ApprovalState.PENDING and approval.expires_at > now


def approval_for(session: Session, subject_kind: str, subject_id: int) -> Approval | None:
    """The newest request for this thing, whatever its state."""
    query = select(Approval).where(Approval.subject_kind == subject_kind, Approval.subject_id == subject_id)
    return session.scalar(query.order_by(Approval.id.desc()).limit(1))


def standing_approval(
    session: Session, subject_kind: str, subject_id: int, states: Collection[ApprovalState]
) -> Approval | None:
    """The newest request for this thing, when it is in one of some states."""
    newest = approval_for(session, subject_kind, subject_id)
    return newest if newest is not None and newest.state in states else None


def _changed(approval: Approval, parts: Parts) -> list[Difference]:
    # Through JSON, as the stored one was: what is a tuple here is a list there.
    return differences({part: approval.bound.get(part) for part in parts}, json.loads(json.dumps(parts)))


def _awaiting(session: Session, kind: Approvable[S], subject_id: int, actor: Actor) -> tuple[Awaited[S], Approval]:
    require(actor, kind.permission)
    subject = kind.awaited(session, subject_id)
    approval = approval_for(session, kind.kind, subject.id)
    if approval is None:
        raise Conflict(f"nobody has asked for an approval of {subject.name}; submit it first")
    return subject, approval


def _forget_selections(session: Session, approval_ids: Collection[int]) -> None:
    """Of requests that lead to nothing nobody asks any more who was selected."""
    gone = delete(ApprovedMember).where(ApprovedMember.approval_id.in_(approval_ids))
    session.execute(gone.execution_options(synchronize_session=False))


def _require_decidable(approval: Approval, actor: Actor, now: datetime) -> None:
    if approval.requested_by == actor.account_id:
        raise Forbidden("the person who asked for an approval cannot give it; ask another manager")
    if approval.state is not ApprovalState.PENDING:
        raise Conflict(f"approval request {approval.id} is {approval.state} already")
    if approval.expires_at <= now:
        raise Conflict(f"approval request {approval.id} has expired; submit the {approval.subject_kind} again")


def _require_shown(session: Session, approval: Approval, name: str, fingerprint: str) -> None:
    """Raises Conflict, with the difference where it can be told, when something else was shown."""
    if len(fingerprint) >= SHORTEST_FINGERPRINT and approval.fingerprint.startswith(fingerprint):
        return
    shown = session.scalar(
        select(Approval)
        .where(
            Approval.subject_kind == approval.subject_kind,
            Approval.subject_id == approval.subject_id,
            Approval.fingerprint == fingerprint,
        )
        .order_by(Approval.id.desc())
        .limit(1)
    )
    if shown is None:
        raise Conflict(
            f"the fingerprint {fingerprint!r:.80} is not that of the request for {name}; look at what it asks for "
            "now, and decide with the fingerprint that stands there"
        )
    changed = in_words(differences(shown.bound, approval.bound))
    raise Conflict(
        f"{name} is not what you were shown any more. It was changed and submitted again: {changed}. "
        "Look at it as it is now, then decide"
    )


def _record(
    session: Session, approval: Approval, state: ApprovalState, actor: Actor, note: str | None, now: datetime
) -> Approval:
    approval.state, approval.decided_by, approval.decided_at, approval.note = state, actor.account_id, now, note
    session.flush()
    subject = f"{approval.subject_kind}:{approval.subject_id}"
    audit.record(session, now=now, actor=actor, action=f"approval.{state}", subject=subject, note=note)
    return approval
