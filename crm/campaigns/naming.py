"""A campaign's name while definitions say it: members "not in campaign A" are found by the name A."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.access.models import Approval, ApprovalState
from crm.campaigns.models import Campaign
from crm.errors import Conflict
from crm.outreach.models import Journey, JourneyKind, JourneyState
from crm.segments.models import Segment

_PLACES = ("campaign", "exclude_campaigns")
"""Keys that hold names of campaigns: of a condition on messages, of a brief."""
_SHOWN = 5


def refuse_while_named(session: Session, campaign: Campaign) -> None:
    """Raises Conflict while something that is not over names the campaign, or an approval in force does: under its
    old name it would find nobody, or later the members of another campaign."""
    users = [user for user, data in _definitions(session, campaign.id) if _names(data, campaign.name)]
    if users:
        shown = ", ".join(dict.fromkeys(users[:_SHOWN])) + (" and others" if len(users) > _SHOWN else "")
        raise Conflict(
            f"{campaign.name} cannot get another name while {shown} finds members by it; change that first, "
            "or make a new campaign"
        )


def _definitions(session: Session, campaign_id: int) -> Iterator[tuple[str, Any]]:
    """What may name the campaign, each with whose words it is. An approval may hold what a segment said before."""
    segments = select(Segment.name, Segment.definition).order_by(Segment.id)
    yield from ((f"the segment {name}", definition) for name, definition in session.execute(segments))
    lives = Journey.state != JourneyState.ENDED
    others = select(Campaign.id, Journey.name, Campaign.brief).join(Campaign.journey).where(lives)
    is_other = Journey.kind != JourneyKind.CAMPAIGN
    journeys = select(Journey.id, Journey.name, Journey.spec).where(lives, is_other)
    in_force = select(Approval.subject_kind, Approval.subject_id, Approval.bound).where(
        Approval.state.in_((ApprovalState.PENDING, ApprovalState.APPROVED))
    )
    living: dict[tuple[str, int], str] = {}
    for number, name, brief in session.execute(others.where(Campaign.id != campaign_id)):
        living["campaign", number] = f"the campaign {name}"
        yield living["campaign", number], brief
    for number, name, spec in session.execute(journeys):
        living["journey", number] = f"the journey {name}"
        yield living["journey", number], spec
    for kind, number, bound in session.execute(in_force):
        if (kind, number) in living:
            yield living[kind, number], bound


def _names(data: Any, name: str) -> bool:
    if isinstance(data, Mapping):
        if data.get("field") == "campaign" and name in _words(data.get("value")):
            return True
        return any((key in _PLACES and name in _words(part)) or _names(part, name) for key, part in data.items())
    return isinstance(data, list | tuple) and any(_names(part, name) for part in data)


def _words(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, list | tuple) else (value,)
