"""How members are reached, which addresses nobody is reached at, and the blacklist."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from api.auth import SignedIn, TheNurture
from api.bodies import Body
from api.paging import Cursor, Offset
from crm.channels import Channel
from crm.database import read_only, unit_of_work
from crm.members.contact_views import ContactView, contacts_of
from crm.members.contacts import UnreadablePage, set_contact, unreadable_addresses
from crm.members.service import find_member
from crm.members.suppression import lift_address, lift_member, suppress_address, suppress_member

router = APIRouter(prefix="/api", tags=["contacts"])

Address = Annotated[str, Field(max_length=320, examples=["ann@example.com"])]
"""At most as long as an e-mail address can be."""
Reason = Annotated[str, Field(min_length=1, max_length=200, examples=["complained by phone"])]


class NewAddress(Body):
    address: Address


class Contact(BaseModel):
    """Without the address: not everybody who may set one may see it."""

    member_id: int
    channel: Channel
    is_reachable: bool
    problem: str | None
    """Why nobody is reached there."""


class Why(Body):
    reason: Reason


class AddressToSuppress(Body):
    channel: Channel
    address: Address
    reason: Reason


class AddressToLift(Body):
    channel: Channel
    address: Address


class Changed(BaseModel):
    is_new: bool
    """False when it was so before."""


@router.get("/members/{member}/contacts")
def get_contacts(member: str, actor: SignedIn, nurture: TheNurture) -> Sequence[ContactView]:
    """How a member can be reached, without addresses: what cannot be read, what was refused and how often, and why
    nothing more is sent."""
    with read_only(nurture.sessions) as session:
        found = find_member(session, member, owner_id=actor.row_owner_id)
        return contacts_of(session, found.id, actor=actor)


@router.put("/members/{member}/contacts/{channel}")
def put_contact(member: str, channel: Channel, body: NewAddress, actor: SignedIn, nurture: TheNurture) -> Contact:
    """Store an address in place of the one before. What cannot be read is kept, and the problem said."""
    with unit_of_work(nurture.sessions) as session:
        found = find_member(session, member, owner_id=actor.row_owner_id)
        point = set_contact(session, found.id, channel, body.address, actor=actor, now=nurture.clock.now())
        return Contact(member_id=found.id, channel=channel, is_reachable=point.normalised != "", problem=point.problem)


@router.get("/contacts/unreadable")
def list_unreadable(
    actor: SignedIn,
    nurture: TheNurture,
    after: Cursor = None,
    offset: Offset = 0,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> UnreadablePage:
    """Members with an address that nobody is reached at, and why. Read on with `after`, the page's next_cursor."""
    with read_only(nurture.sessions) as session:
        return unreadable_addresses(session, actor=actor, offset=offset, after=after, limit=limit)


@router.put("/members/{member}/suppression")
def suppress(member: str, body: Why, actor: SignedIn, nurture: TheNurture) -> Changed:
    """Put a member on the blacklist, and with him every record of the same person."""
    with unit_of_work(nurture.sessions) as session:
        found = find_member(session, member, owner_id=actor.row_owner_id)
        now = nurture.clock.now()
        return Changed(is_new=suppress_member(session, found.id, reason=body.reason, now=now, actor=actor))


@router.delete("/members/{member}/suppression")
def lift(member: str, actor: SignedIn, nurture: TheNurture) -> Changed:
    with unit_of_work(nurture.sessions) as session:
        found = find_member(session, member, owner_id=actor.row_owner_id)
        return Changed(is_new=lift_member(session, found.id, actor=actor, now=nurture.clock.now()))


@router.post("/suppressed-addresses")
def suppress_one_address(body: AddressToSuppress, actor: SignedIn, nurture: TheNurture) -> Changed:
    """Send nothing more to an address on its channel, whoever has it."""
    with unit_of_work(nurture.sessions) as session:
        now = nurture.clock.now()
        is_new = suppress_address(session, body.channel, body.address, reason=body.reason, now=now, actor=actor)
        return Changed(is_new=is_new)


@router.post("/suppressed-addresses/lift")
def lift_one_address(body: AddressToLift, actor: SignedIn, nurture: TheNurture) -> Changed:
    """Write to an address again. A post, because addresses do not belong into the logs of what was asked for."""
    with unit_of_work(nurture.sessions) as session:
        return Changed(is_new=lift_address(session, body.channel, body.address, actor=actor, now=nurture.clock.now()))
