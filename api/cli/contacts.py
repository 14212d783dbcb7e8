"""`nurture contacts`: addresses, those that cannot be read, and the blacklist."""

from typing import Annotated

import typer

from api.cli.console import progress_bar, say, say_json
from api.cli.opened import AsPerson, Json, opened, person
from crm.errors import InvalidRequest

contacts = typer.Typer(help="How members are reached, and who is on the blacklist.", no_args_is_help=True)
MemberWords = Annotated[str, typer.Argument(metavar="MEMBER", help="Name or number.")]
SHOWN = 50


def register(app: typer.Typer) -> None:
    app.add_typer(contacts, name="contacts")


@contacts.command("set")
def set_address(
    member: MemberWords,
    channel: Annotated[str, typer.Argument(help="email, sms, push or mail.")],
    address: Annotated[str, typer.Argument(help="Kept as given when it cannot be read.")],
    as_: AsPerson = "admin",
) -> None:
    """Store a member's address on a channel, in place of the one before."""
    from crm.channels import Channel
    from crm.database import unit_of_work
    from crm.members.contacts import set_contact
    from crm.members.service import find_member

    if channel not in tuple(Channel):
        raise InvalidRequest(f"{channel!r} is none of {', '.join(Channel)}")
    with opened() as nurture:
        actor = person(nurture, as_)
        with unit_of_work(nurture.sessions) as session:
            found = find_member(session, member, owner_id=actor.row_owner_id)
            now = nurture.clock.now()
            point = set_contact(session, found.id, Channel(channel), address, actor=actor, now=now)
            problem = point.problem
    say(f"stored, but nobody is reached there: {problem}" if problem else "stored")


@contacts.command("show")
def show(member: MemberWords, as_: AsPerson = "admin", as_json: Json = False) -> None:
    """How a member can be reached, and what stands against it; no addresses."""
    from crm.database import read_only
    from crm.members.contact_views import contacts_of
    from crm.members.service import find_member

    with opened() as nurture:
        actor = person(nurture, as_)
        with read_only(nurture.sessions) as session:
            found = find_member(session, member, owner_id=actor.row_owner_id)
            views = contacts_of(session, found.id, actor=actor)
    if as_json:
        say_json([view.model_dump(mode="json") for view in views])
        return
    for view in views:
        against = [
            view.problem,
            view.suppressed_because and f"nothing more is sent there: {view.suppressed_because}",
            f"refused on {view.refusals} days: {view.refused_because}" if view.refusals else None,
            None if view.agrees else "no consent",
        ]
        say(f"{view.channel}: {'; '.join(filter(None, against)) or 'reachable'}")


@contacts.command("unreadable")
def unreadable(as_: AsPerson = "admin", as_json: Json = False) -> None:
    """Members with an address that nobody is reached at, and why; the first 50."""
    from dataclasses import asdict

    from crm.database import read_only
    from crm.members.contacts import unreadable_addresses

    with opened() as nurture:
        actor = person(nurture, as_)
        with read_only(nurture.sessions) as session:
            page = unreadable_addresses(session, actor=actor, limit=SHOWN)
    if as_json:
        say_json(asdict(page))
        return
    say(f"{page.total:,} addresses cannot be read")
    for item in page.items:
        say(f"  {item.member_ref}  {item.member_name}, {item.channel}: {item.problem}")


@contacts.command("normalise")
def normalise() -> None:
    """Read every address on file anew, by the policy as it is now. It may be stopped and started again."""
    from sqlalchemy import func, select

    from crm.database import read_only, unit_of_work
    from crm.members.contacts import read_anew
    from crm.members.models import ContactPoint

    changed = unreadable = done = 0
    after: int | None = 0
    with opened() as nurture, progress_bar() as advance:
        with read_only(nurture.sessions) as session:
            total = session.scalar(select(func.count()).select_from(ContactPoint)) or 0
        while after is not None:
            with unit_of_work(nurture.sessions) as session:
                read = read_anew(session, after_id=after)
            after, done = read.last_id, done + read.looked_at
            changed, unreadable = changed + read.changed, unreadable + read.unreadable
            advance("addresses", done, total)
    say(f"{done:,} addresses read, {changed:,} changed, {unreadable:,} cannot be read")


@contacts.command("suppress")
def suppress(
    member: MemberWords,
    reason: Annotated[str, typer.Option(help="Why, for whoever asks later.")],
    as_: AsPerson = "admin",
) -> None:
    """Put a member on the blacklist, and with him every record of the same person."""
    from crm.database import unit_of_work
    from crm.members.service import find_member
    from crm.members.suppression import suppress_member

    with opened() as nurture:
        actor = person(nurture, as_)
        with unit_of_work(nurture.sessions) as session:
            found = find_member(session, member, owner_id=actor.row_owner_id)
            is_new = suppress_member(session, found.id, reason=reason, now=nurture.clock.now(), actor=actor)
    say("on the blacklist" if is_new else "was on the blacklist before")


@contacts.command("lift")
def lift(member: MemberWords, as_: AsPerson = "admin") -> None:
    """Take a member off the blacklist."""
    from crm.database import unit_of_work
    from crm.members.service import find_member
    from crm.members.suppression import lift_member

    with opened() as nurture:
        actor = person(nurture, as_)
        with unit_of_work(nurture.sessions) as session:
            found = find_member(session, member, owner_id=actor.row_owner_id)
            is_new = lift_member(session, found.id, actor=actor, now=nurture.clock.now())
    say("off the blacklist" if is_new else "was not on the blacklist")
