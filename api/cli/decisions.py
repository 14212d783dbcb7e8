"""Decisions on the command line: on what the person was shown, by its fingerprint."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.console import say, say_json
from api.cli.opened import AsPerson, Json, opened, person

if TYPE_CHECKING:
    from crm.access.models import Approval

SHORT = 16
"""So many characters of a fingerprint are shown, and are enough."""
Fingerprint = Annotated[
    str | None,
    typer.Option("--fingerprint", help="Of what was shown; without it, it is shown here and you are asked."),
]
_SHOWN = ("read_back", "audience_count", "members_who_fit", "total_messages", "messages", "cost_cents", "starts_at")


def ask_for_decision(verb: str, name: str, asked: "Approval | None") -> str:
    """Show what a request is about and ask; its fingerprint after a yes. Raises Abort after a no."""
    from crm.errors import Conflict

    if asked is None:
        raise Conflict(f"nobody has asked for an approval of {name}; submit it first")
    facts: dict[str, Any] = asked.facts
    say(f"{name}, asked for on {asked.requested_at:%Y-%m-%d %H:%M} UTC, fingerprint {asked.fingerprint[:SHORT]}")
    for key in _SHOWN:
        if facts.get(key) is not None:
            say(f"  {key.replace('_', ' ')}: {facts[key]}")
    for base, frozen in asked.bound.get("segments", {}).items():
        say(f"  saved segment {base}: version {frozen['version']}")
    typer.confirm(f"{verb} {name}?", abort=True)
    return asked.fingerprint


def register(campaign: typer.Typer) -> None:
    """Put the decisions under the commands of campaigns."""
    campaign.command("approve")(approve)
    campaign.command("reject")(reject)


Name = Annotated[str, typer.Argument(metavar="CAMPAIGN", help="Name or id.")]
Note = Annotated[str | None, typer.Option("--note", help="What to say with it.")]


def approve(
    name: Name, as_: AsPerson = "admin", note: Note = None, fingerprint: Fingerprint = None, as_json: Json = False
) -> None:
    """Approve what was submitted; never what one had a hand in."""
    from crm.campaigns import service

    _decide(name, as_, "Approve", service.approve, fingerprint, note, as_json=as_json)


def reject(
    name: Name, as_: AsPerson = "admin", note: Note = None, fingerprint: Fingerprint = None, as_json: Json = False
) -> None:
    """Send it back to its author."""
    from crm.campaigns import service

    _decide(name, as_, "Reject", service.reject, fingerprint, note, as_json=as_json)


def _decide(
    name: str, as_: str, verb: str, run: Any, fingerprint: str | None, note: str | None, *, as_json: bool
) -> None:
    from crm.access.approvals import approval_for
    from crm.campaigns.audience import SUBJECT_KIND
    from crm.campaigns.lookup import find_campaign
    from crm.database import read_only, unit_of_work

    with opened() as nurture:
        actor, now = person(nurture, as_), nurture.clock.now()
        with read_only(nurture.sessions) as session:
            found = find_campaign(session, name)
            asked = approval_for(session, SUBJECT_KIND, found.id)
        shown = fingerprint or ask_for_decision(verb, found.name, asked)
        with unit_of_work(nurture.sessions) as session:
            decided = run(session, found.id, fingerprint=shown, actor=actor, now=now, note=note)
            row = {
                "id": decided.id,
                "name": decided.name,
                "state": decided.state.value,
                "end_reason": decided.end_reason,
            }
    if as_json:
        say_json(row)
    else:
        say(f"{decided.name} is {decided.journey.standing.replace('_', ' ')}")
