"""Decisions on the command line: on what the person was shown, by its fingerprint."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.console import say

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
