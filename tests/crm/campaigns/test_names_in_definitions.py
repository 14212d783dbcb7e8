"""A campaign keeps its name while definitions find members by it; nobody else's members come under that name."""

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy.orm import Session

from crm.campaigns import service
from crm.campaigns.brief import parse_brief
from crm.campaigns.models import Campaign
from crm.catalog import CATALOG
from crm.errors import Conflict
from crm.journeys import service as journeys
from crm.journeys.templates import TemplateChoices, from_template
from tests.crm.campaigns.test_resolved_approvals import World, tier, within

Json = dict[str, Any]
NOT_IN_A = {"field": "campaign", "op": "not_in", "value": ["A"]}
OPENED_A = {"field": "messages.opened", "campaign": ["A"], "op": "=", "value": 0}


@pytest.fixture
def world(session: Session, now: datetime) -> World:
    return World(session, now)


def drafted(world: World, name: str, audience: Json | None = None, **changes: Any) -> Campaign:
    brief = parse_brief({"name": name, "audience": audience or tier("gold"), "channels": ["email"], **changes})
    return service.create_draft(
        world.session, brief=brief, actor=world.olive, request_id=name, now=world.now, catalog=CATALOG
    )


def renamed(world: World, campaign: Campaign, name: str = "B") -> None:
    service.change_draft(
        world.session, campaign.id, changes={"name": name}, actor=world.olive, now=world.now, catalog=CATALOG
    )


@pytest.mark.parametrize(
    "audience",
    [
        NOT_IN_A,
        {"all": [tier("platinum"), {"not": {"any": [{"field": "campaign", "op": "in", "value": ["B", "A"]}]}}]},
        {"all": [tier("platinum"), OPENED_A]},
        {**tier("platinum"), "order_by": {"field": "messages.clicked", "campaign": ["A"]}, "limit": 2},
    ],
)
def test_what_is_approved_keeps_the_campaigns_that_it_names(world: World, audience: Json) -> None:
    a = drafted(world, "A")
    drafted(world, "B")
    campaign = world.submitted(audience)
    with pytest.raises(Conflict, match="A cannot get another name while the campaign News finds members by it"):
        renamed(world, a, "C")
    world.approve(campaign)
    with pytest.raises(Conflict, match="the campaign News"):
        renamed(world, a, "C")
    service.cancel(world.session, campaign.id, actor=world.olive, now=world.now)
    renamed(world, a, "C")
    assert a.name == "C"


def test_campaigns_left_out_by_a_brief_keep_their_names(world: World) -> None:
    a = drafted(world, "A")
    world.submitted(tier("platinum"), exclude_campaigns=["A"])
    with pytest.raises(Conflict, match="the campaign News"):
        renamed(world, a)


def test_an_approval_keeps_the_name_that_its_segment_said_then(world: World) -> None:
    a = drafted(world, "A")
    segment = world.save("Fresh", NOT_IN_A)
    with pytest.raises(Conflict, match="the segment Fresh"):
        renamed(world, a)
    world.approve(world.submitted(within("Fresh")))
    world.change(segment, tier("platinum"))
    with pytest.raises(Conflict, match="the campaign News"):
        renamed(world, a)


def test_branches_and_exits_of_a_journey_keep_the_name(world: World) -> None:
    a = drafted(world, "A")
    spec = from_template("welcome", TemplateChoices(name="Walk")).model_dump(mode="json")
    spec["exits"] = [{"definition": {"field": "campaign", "op": "in", "value": ["A"]}}]
    journeys.save_draft(world.session, data=spec, actor=world.olive, request_id="walk", now=world.now, catalog=CATALOG)
    with pytest.raises(Conflict, match="the journey Walk"):
        renamed(world, a)


def test_a_name_that_nothing_says_is_free(world: World) -> None:
    a = drafted(world, "A", {"field": "tier", "op": "in", "value": ["gold"]}, goal="campaign A")
    drafted(world, "Goal alone", goal="not in A")
    renamed(world, a)
    assert a.name == "B"
