"""How a member can be reached, without the addresses, and what stands against it."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel, ConfigDict
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.access.actor import Actor, Permission, require
from crm.channels import Channel
from crm.errors import NotFound
from crm.members.models import AddressRefusal, AddressSuppression, Consent, ContactPoint, Member


class ContactView(BaseModel):
    model_config = ConfigDict(frozen=True)

    channel: Channel
    is_reachable: bool
    """Whether the address can be read and nothing is known against it; consent is another matter."""
    problem: str | None
    """Why the address cannot be read."""
    agrees: bool | None
    """Whether the member agrees to hear from us there; None: not on record."""
    suppressed_since: datetime | None
    suppressed_because: str | None
    """Why nothing more is sent to this address, e.g. a hard bounce or a complaint."""
    refusals: int
    """Days on which the provider refused the address for good since something last arrived there."""
    refused_because: str | None
    """The provider's words, without addresses."""
    refused_at: datetime | None
    """The last refusal that counted."""


def contacts_of(session: Session, member_id: int, *, actor: Actor) -> Sequence[ContactView]:
    """A member's contact points. Raises NotFound without such a member, or where they are not the actor's own."""
    require(actor, Permission.READ_MEMBERS)
    member = session.get(Member, member_id)
    if member is None or actor.row_owner_id not in (None, member.owner_id):
        raise NotFound(f"there is no member {member_id}")
    listed, refused, point = AddressSuppression, AddressRefusal, ContactPoint
    query = (
        select(point, Consent.granted, listed, refused)
        .outerjoin(Consent, (Consent.member_id == point.member_id) & (Consent.channel == point.channel))
        .outerjoin(listed, (listed.channel == point.channel) & (listed.normalised == point.normalised))
        .outerjoin(refused, (refused.channel == point.channel) & (refused.normalised == point.normalised))
        .where(point.member_id == member_id)
        .order_by(point.channel)
    )
    return [
        ContactView(
            channel=contact.channel,
            is_reachable=contact.normalised != "" and suppression is None,
            problem=contact.problem,
            agrees=agrees,
            suppressed_since=suppression and suppression.created_at,
            suppressed_because=suppression and suppression.reason,
            refusals=refusal.refusals if refusal else 0,
            refused_because=refusal and refusal.reason,
            refused_at=refusal and refusal.counted_at,
        )
        for contact, agrees, suppression, refusal in session.execute(query)
    ]
