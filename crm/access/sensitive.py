"""Who may let sensitive fields decide whom something is done to; each use is recorded (decision 9)."""

from collections.abc import Collection, Mapping
from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Session

from crm.access import audit
from crm.access.actor import Actor
from crm.access.models import Role
from crm.access.policy import Policy, get_policy
from crm.errors import Forbidden


class Purpose(StrEnum):
    SAVED_SEGMENT = "a saved segment"
    AUDIENCE = "the audience of a campaign"


def roles_for(purpose: Purpose, policy: Policy) -> tuple[Role, ...]:
    allowed: Mapping[Purpose, tuple[Role, ...]] = {
        Purpose.SAVED_SEGMENT: policy.sensitive_fields_in_segments,
        Purpose.AUDIENCE: policy.sensitive_fields_in_audiences,
    }
    return allowed[purpose]


def require_sensitive(session: Session, fields: Collection[str], *, actor: Actor, purpose: Purpose) -> None:
    """Raises Forbidden, naming the fields and who may, when the actor's role may not use them for this."""
    refusal = sensitive_refusal(fields, actor, purpose, get_policy(session))
    if refusal is not None:
        raise Forbidden(refusal)


def sensitive_refusal(fields: Collection[str], actor: Actor, purpose: Purpose, policy: Policy) -> str | None:
    """Why the actor's role may not use the fields for this; None when they may."""
    roles = roles_for(purpose, policy)
    if not fields or actor.role in roles:
        return None
    return (
        f"{actor.display_name} ({actor.role}) may not use {', '.join(sorted(fields))} in {purpose}: sensitive "
        f"fields are for {', '.join(roles) or 'nobody'}; leave them out, or ask somebody who may"
    )


def record_sensitive(
    session: Session, fields: Collection[str], *, actor: Actor, purpose: Purpose, subject: str, now: datetime
) -> None:
    """Put into the audit log that sensitive fields decide who is in `subject` (`kind:id`); nothing without any."""
    if fields:
        detail = {"fields": sorted(fields), "purpose": purpose.value}
        audit.record(session, now=now, actor=actor, action="sensitive_fields.used", subject=subject, **detail)
