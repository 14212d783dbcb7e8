"""What an approver has in front of him: the fingerprint of the newest request."""

from sqlalchemy.orm import Session

from crm.access.approvals import approval_for


def asked_of(session: Session, campaign_id: int) -> str:
    """That of a campaign; empty when nobody asked."""
    return _asked(session, "campaign", campaign_id)


def asked_of_journey(session: Session, journey_id: int) -> str:
    return _asked(session, "journey", journey_id)


def _asked(session: Session, kind: str, subject_id: int) -> str:
    approval = approval_for(session, kind, subject_id)
    return "" if approval is None else approval.fingerprint
