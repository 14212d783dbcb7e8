"""`nurture campaign exclusions`: who was not written to, and why."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from api.cli.console import say, say_json
from api.cli.opened import AsPerson, Json, opened, person
from crm.errors import InvalidRequest

if TYPE_CHECKING:
    from crm.campaigns.exclusions import ExcludedPage, ExclusionLog

SHOWN = 20
Word = TypeVar("Word", bound=str)


def exclusions(
    name: Annotated[str, typer.Argument(metavar="CAMPAIGN", help="Name or id.")],
    as_: AsPerson = "admin",
    reason: Annotated[str | None, typer.Option(help="Only this reason, e.g. no_consent.")] = None,
    channel: Annotated[str | None, typer.Option(help="Only this channel: email, sms or push.")] = None,
    step: Annotated[str | None, typer.Option(help="Only this step, by its key.")] = None,
    csv: Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="Write the members to a file.")] = None,
    as_json: Json = False,
) -> None:
    """How many were left out of a campaign, by reason, channel and step; narrowed to some, also who."""
    from crm.campaigns import exclusions as log
    from crm.campaigns.service import find_campaign
    from crm.channels import SENDABLE_CHANNELS
    from crm.database import read_only, unit_of_work
    from crm.outreach.models import ExclusionReason

    wanted = log.ExclusionFilter(
        reason=_one_of("--reason", reason, tuple(ExclusionReason)),
        channel=_one_of("--channel", channel, SENDABLE_CHANNELS),
        step=step,
    )
    with opened() as nurture:
        actor, now = person(nurture, as_), nurture.clock.now()
        with read_only(nurture.sessions) as session:
            campaign_id = find_campaign(session, name).id
            seen = log.exclusion_log(session, campaign_id, now)
            who = log.excluded_members(session, campaign_id, wanted, actor=actor, limit=SHOWN)
        if csv is not None:
            with unit_of_work(nurture.sessions) as session:
                log.record_export(session, campaign_id, wanted, actor=actor, now=now)
            with read_only(nurture.sessions) as session, csv.open("w", encoding="utf-8-sig", newline="") as file:
                file.writelines(log.exclusion_lines(session, campaign_id, wanted, actor=actor))
    if as_json:
        say_json(seen.model_dump(mode="json") | {"shown": who.model_dump(mode="json")})
        return
    _say_numbers(seen)
    if wanted != log.ExclusionFilter():
        _say_members(who)
    if csv is not None:
        say(f"{who.total:,} messages written to {csv}")


def _one_of(option: str, given: str | None, words: tuple[Word, ...]) -> Word | None:
    found = next((word for word in words if word == given), None)
    if given is not None and found is None:
        raise InvalidRequest(f"{option} {given!r} is none of {', '.join(words)}")
    return found


def _say_numbers(seen: "ExclusionLog") -> None:
    say(f"{seen.name}: {seen.messages:,} messages excluded, of {seen.members:,} members")
    for total in seen.by_reason:
        say(f"  {total.reason:<18} {total.messages:>9,} messages  {total.members:>9,} members")
        for row in seen.rows:
            if row.reason is total.reason:
                say(f"    {row.step:<16} {row.channel:<6} {row.messages:>9,}")
    for later in seen.put_off:
        say(f"  put off, {later.reason}: {later.messages:,} on {later.channel}, step {later.step}")


def _say_members(who: "ExcludedPage") -> None:
    say(f"{who.total:,} of them fit:" if who.total > len(who.items) else "Who:")
    for item in who.items:
        local = f" {item.name_local}" if item.name_local else ""
        say(f"  {item.member_ref}  {item.name}{local}: {item.reason}, {item.channel}, step {item.step}")
