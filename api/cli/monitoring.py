"""`nurture campaign monitor`, `nurture journey monitor`: where every message is."""

from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.console import say, say_json
from api.cli.opened import AsPerson, Json, opened, person

if TYPE_CHECKING:
    from crm.campaigns.monitor import CampaignMonitor
    from crm.journeys.monitor import JourneyMonitor


def monitor_campaign(
    name: Annotated[str, typer.Argument(metavar="CAMPAIGN", help="Name or id.")], as_json: Json = False
) -> None:
    """Where every message of a campaign is; the parts add up."""
    from crm.campaigns.monitor import monitor
    from crm.campaigns.service import find_campaign
    from crm.database import read_only

    with opened() as nurture, read_only(nurture.sessions) as session:
        seen = monitor(session, find_campaign(session, name).id, nurture.clock.now())
    _show(seen, as_json=as_json)


def monitor_journey(
    name: Annotated[str, typer.Argument(metavar="JOURNEY", help="Name: all versions; id: that version.")],
    as_: AsPerson = "admin",
    as_json: Json = False,
) -> None:
    """Where every message of a journey is; the parts add up."""
    from crm.access.actor import Permission, require
    from crm.database import read_only
    from crm.journeys import monitor
    from crm.journeys.finding import find_versions

    with opened() as nurture, read_only(nurture.sessions) as session:
        require(person(nurture, as_), Permission.READ_REVIEW)
        seen = monitor.monitor_journey(session, find_versions(session, name), nurture.clock.now())
    _show(seen, as_json=as_json)


def _show(seen: "CampaignMonitor | JourneyMonitor", *, as_json: bool) -> None:
    if as_json:
        say_json(seen.model_dump(mode="json"))
        return
    counts = seen.counts
    say(f"{seen.name}: {seen.end_reason or seen.state}, {seen.members:,} members, {seen.holdout:,} held out")
    say(
        f"  {counts.planned:,} messages = {counts.delivered:,} delivered + {counts.failed:,} failed + "
        f"{counts.unknown:,} unknown + {counts.excluded:,} excluded + {counts.pending:,} pending"
    )
    for pause in seen.paused_channels:
        say(f"  {pause.waiting:,} wait for {pause.channel}, paused by {pause.by}: {pause.reason}")
    for row in seen.exclusions:
        say(f"  excluded on {row.channel}: {row.count:,} {row.reason}")
