"""A plan names who else reaches its members: other campaigns, and journeys under way or to come."""

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy.orm import Session

from crm.access.models import Role
from crm.campaigns.brief import parse_brief
from crm.campaigns.plan import CampaignPlan, compute_plan
from crm.catalog import CATALOG
from crm.outreach.models import Journey, JourneyState
from crm.segments.approved import author_scope
from tests.builders import make_account, make_member
from tests.journeys import journey_spec, launch, send_step

GOLD: dict[str, Any] = {"all": [{"field": "tier", "op": "in", "value": ["gold"]}]}


@pytest.fixture
def running(session: Session, now: datetime) -> Journey:
    """A journey with a message still to come for three gold members and one silver."""
    for tier in ("gold", "gold", "gold", "silver"):
        make_member(session, tier=tier)
    return launch(session, journey_spec(send_step("main", "email"), name="Welcome 欢迎"), now)


def plan_for_gold(session: Session, now: datetime) -> CampaignPlan:
    author = make_account(session, role=Role.OPERATIONS)
    brief = parse_brief({"name": "Spring", "audience": GOLD, "channels": ["email"], "holdout_pct": 0})
    return compute_plan(session, brief, author_scope(session, author.id, CATALOG, now), now)


@pytest.mark.parametrize("state", [JourneyState.RUNNING, JourneyState.PAUSED])
def test_a_journey_is_named_with_the_members_who_are_in_both(
    state: JourneyState, session: Session, running: Journey, now: datetime
) -> None:
    running.state = state
    (conflict,) = plan_for_gold(session, now).conflicts
    assert (conflict.kind, conflict.campaign, conflict.shared_members) == ("journey", "Welcome 欢迎", 3)


def test_a_journey_that_is_over_is_not(session: Session, running: Journey, now: datetime) -> None:
    running.state = JourneyState.ENDED
    assert plan_for_gold(session, now).conflicts == ()


def test_two_versions_of_a_journey_count_a_member_once(session: Session, running: Journey, now: datetime) -> None:
    launch(session, journey_spec(send_step("main", "sms"), name="Welcome 欢迎"), now)
    (conflict,) = plan_for_gold(session, now).conflicts
    assert conflict.shared_members == 3


def test_nobody_in_common_is_no_conflict(session: Session, now: datetime) -> None:
    make_member(session, tier="silver")
    launch(session, journey_spec(send_step("main", "email")), now)
    make_member(session, tier="gold")
    assert plan_for_gold(session, now).conflicts == ()
