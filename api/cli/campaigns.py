"""`nurture campaign` and `nurture report`: where campaigns stand and what they did."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from api.cli import decisions
from api.cli.console import say, say_json
from api.cli.exclusions import exclusions
from api.cli.monitoring import monitor_campaign
from api.cli.opened import AsPerson, Json, Today, opened, person

Name = Annotated[str, typer.Argument(metavar="CAMPAIGN", help="Name or id.")]
campaign = typer.Typer(help="Campaigns.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(campaign, name="campaign")
    campaign.command("monitor")(monitor_campaign)
    campaign.command("exclusions")(exclusions)
    decisions.register(campaign)
    app.command("report")(report)


@campaign.command("list")
def list_all(as_json: Json = False) -> None:
    """Every campaign with its state, the newest first."""
    from crm.campaigns.lookup import needs_new_start
    from crm.campaigns.service import list_campaigns
    from crm.database import read_only
    from crm.workspace import get_workspace

    with opened() as nurture, read_only(nurture.sessions) as session:
        local_now = nurture.clock.now().astimezone(get_workspace(session).zone)
        rows = [
            {
                "id": c.id,
                "name": c.name,
                "state": c.state.value,
                "end_reason": c.end_reason,
                "starts_at": c.starts_at,
                "start_has_passed": needs_new_start(c, local_now),
            }
            for c in list_campaigns(session)
        ]
    if as_json:
        say_json(rows)
    else:
        for row in rows:
            starts = f"{row['starts_at']:%Y-%m-%d %H:%M} UTC" if row["starts_at"] else "no start"
            passed = " (start has passed: choose a new one)" if row["start_has_passed"] else ""
            say(f"{row['id']:>4}  {row['end_reason'] or row['state']:<18} {starts:<22} {row['name']}{passed}")


@campaign.command("audience")
def audience(name: Name, as_: AsPerson = "admin", as_json: Json = False) -> None:
    """Who came into the audience of a campaign, and who left it, since its approval was asked for."""
    from dataclasses import asdict

    from crm.campaigns.selection import who_changed
    from crm.campaigns.service import find_campaign
    from crm.catalog import CATALOG
    from crm.database import read_only

    with opened() as nurture:
        actor = person(nurture, as_)
        with read_only(nurture.sessions) as session:
            found = find_campaign(session, name)
            seen = who_changed(session, found, CATALOG, actor=actor, now=nurture.clock.now())
    if as_json:
        say_json(None if seen is None else asdict(seen))
        return
    if seen is None:
        say(f"{found.name}: nobody asked for its approval, so there is nothing to compare with")
        return
    say(f"{found.name}: {seen.changes.in_words}")
    for words, members in (("joined", seen.joined), ("left", seen.left)):
        for member in members:
            say(f"  {words:<7} {member.id:>8}  {member.name}")


@campaign.command("preview")
def preview(
    name: Name,
    member: Annotated[str, typer.Option(help="Name or number of the member.")],
    as_: AsPerson = "admin",
    step: Annotated[str | None, typer.Option(help="Key of the step; without it the first.")] = None,
    channel: Annotated[str | None, typer.Option(help="email, sms or push; without it the member's own.")] = None,
    variant: Annotated[str | None, typer.Option(help="Of an A/B test; without it the first.")] = None,
    as_json: Json = False,
) -> None:
    """What one member would read, and how long a text message is. Nothing is sent."""
    from crm.campaigns.preview import preview_message
    from crm.campaigns.service import brief_of, find_campaign
    from crm.channels import SENDABLE_CHANNELS, Channel
    from crm.database import read_only
    from crm.errors import InvalidRequest

    if channel is not None and channel not in SENDABLE_CHANNELS:
        raise InvalidRequest(f"--channel {channel!r} is none of {', '.join(SENDABLE_CHANNELS)}")
    with opened() as nurture:
        actor = person(nurture, as_)
        with read_only(nurture.sessions) as session:
            seen = preview_message(
                session,
                brief_of(find_campaign(session, name)),
                member=member,
                step=step,
                channel=Channel(channel) if channel else None,
                variant=variant,
                actor=actor,
                links=nurture.links,
                now=nurture.clock.now(),
            )
    if as_json:
        say_json(seen.model_dump(mode="json"))
        return
    agrees = "" if seen.agrees else ", who does not agree to hear from us there"
    say(f"{seen.channel} to {seen.member_name} at {seen.address or 'no address'}{agrees}")
    if seen.sms is not None:
        say(f"  {seen.sms.units} units of {seen.sms.encoding}, parts: {seen.sms.parts}")
    if seen.subject:
        say(f"\n{seen.subject}")
    say(f"\n{seen.body}")


def report(
    name: Name,
    as_: AsPerson = "admin",
    today: Today = None,
    pdf: Annotated[Path | None, typer.Option("--pdf", metavar="FILE", help="Write the review as a PDF.")] = None,
    language: Annotated[Literal["en", "zh"], typer.Option(help="Language of the words.")] = "en",
    as_json: Json = False,
) -> None:
    """Review a campaign: what it did, against its holdout or, for imported ones, as an observation."""
    from crm.campaigns.service import find_campaign
    from crm.database import unit_of_work
    from crm.reports.printing import print_review
    from crm.reports.review import review_campaign

    with opened(today) as nurture:
        actor = person(nurture, as_)
        with unit_of_work(nurture.sessions) as session:
            found = find_campaign(session, name)
            review = review_campaign(session, found.id, actor=actor, now=nurture.clock.now())
    if pdf is not None:
        pdf.write_bytes(print_review(review, language=language))
    if as_json:
        say_json(review.model_dump(mode="json"))
        return
    say(f"{review.campaign}, review version {review.version}")
    say(f"  {review.headline.words.in_language(language)}")
    for metric in review.metrics:
        say(f"  {metric.label.in_language(language)}: {metric.words.in_language(language)}")
    for note in review.notes:
        say(f"  note: {note.in_language(language)}")
