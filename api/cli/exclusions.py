"""`nurture campaign exclusions`, `nurture journey exclusions`: who was not written to, and why."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from api.cli.console import say, say_json
from api.cli.opened import AsPerson, Json, opened, person
from crm.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from sqlalchemy.orm import Session

    from crm.journeys.exclusions import ExcludedPage, ExclusionFilter, ExclusionNumbers

    Found = tuple[ExclusionNumbers, str, str, Collection[int]]
    """The numbers; name, subject in the audit log and journeys that they are of."""

SHOWN = 20
Word = TypeVar("Word", bound=str)


Reason = Annotated[str | None, typer.Option(help="Only this reason, e.g. no_consent.")]
OnChannel = Annotated[str | None, typer.Option("--channel", help="Only this channel: email, sms or push.")]
InStep = Annotated[str | None, typer.Option("--step", help="Only this step, by its key.")]
Csv = Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="Write the members to a file.")]


def exclusions(
    name: Annotated[str, typer.Argument(metavar="CAMPAIGN", help="Name or id.")],
    as_: AsPerson = "admin",
    reason: Reason = None,
    channel: OnChannel = None,
    step: InStep = None,
    csv: Csv = None,
    as_json: Json = False,
) -> None:
    """How many were left out of a campaign, by reason, channel and step; narrowed to some, also who."""
    from crm.campaigns.exclusions import exclusion_log
    from crm.campaigns.service import find_campaign

    def read(session: "Session", now: datetime) -> "Found":
        campaign = find_campaign(session, name)
        numbers = exclusion_log(session, campaign.id, now)
        return numbers, campaign.name, f"campaign:{campaign.id}", [campaign.journey_id]

    _exclusions(read, as_, _wanted(reason, channel, step), csv, as_json=as_json)


def journey_exclusions(
    name: Annotated[str, typer.Argument(metavar="JOURNEY", help="Name: all versions; id: that version.")],
    as_: AsPerson = "admin",
    reason: Reason = None,
    channel: OnChannel = None,
    step: InStep = None,
    csv: Csv = None,
    as_json: Json = False,
) -> None:
    """How many were left out of a journey, by reason, channel and step; narrowed to some, also who."""
    from crm.journeys.exclusions import journey_exclusion_log
    from crm.journeys.finding import find_versions

    def read(session: "Session", now: datetime) -> "Found":
        versions = find_versions(session, name)
        numbers = journey_exclusion_log(session, versions, now)
        return numbers, numbers.name, f"journey:{versions[0].id}", [version.id for version in versions]

    _exclusions(read, as_, _wanted(reason, channel, step), csv, as_json=as_json)


def _wanted(reason: str | None, channel: str | None, step: str | None) -> "ExclusionFilter":
    from crm.channels import SENDABLE_CHANNELS
    from crm.journeys.exclusions import ExclusionFilter
    from crm.outreach.models import ExclusionReason

    return ExclusionFilter(
        reason=_one_of("--reason", reason, tuple(ExclusionReason)),
        channel=_one_of("--channel", channel, SENDABLE_CHANNELS),
        step=step,
    )


def _exclusions(
    read: "Callable[[Session, datetime], Found]",
    as_: str,
    wanted: "ExclusionFilter",
    csv: Path | None,
    *,
    as_json: bool,
) -> None:
    from crm.database import read_only, unit_of_work
    from crm.journeys import exclusions as log

    with opened() as nurture:
        actor, now = person(nurture, as_), nurture.clock.now()
        with read_only(nurture.sessions) as session:
            seen, name, subject, ids = read(session, now)
            who = log.excluded_members(session, ids, wanted, actor=actor, limit=SHOWN)
        if csv is not None:
            with unit_of_work(nurture.sessions) as session:
                log.record_export(session, subject, wanted, actor=actor, now=now)
            with read_only(nurture.sessions) as session, csv.open("w", encoding="utf-8-sig", newline="") as file:
                file.writelines(log.exclusion_lines(session, ids, wanted, actor=actor))
    if as_json:
        say_json(seen.model_dump(mode="json") | {"shown": who.model_dump(mode="json")})
        return
    _say_numbers(name, seen)
    if wanted != log.ExclusionFilter():
        _say_members(who)
    if csv is not None:
        say(f"{who.total:,} messages written to {csv}")


def _one_of(option: str, given: str | None, words: tuple[Word, ...]) -> Word | None:
    found = next((word for word in words if word == given), None)
    if given is not None and found is None:
        raise InvalidRequest(f"{option} {given!r} is none of {', '.join(words)}")
    return found


def _say_numbers(name: str, seen: "ExclusionNumbers") -> None:
    say(f"{name}: {seen.messages:,} messages excluded, of {seen.members:,} members")
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
