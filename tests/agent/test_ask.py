"""`ask` runs whole conversations with the embedded planner over the product's own tools."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from agent.ask import TurnFailed, ask
from agent.chat_models import choose_model
from crm.access.actor import Actor
from crm.access.models import Role
from crm.database import Sessions, unit_of_work
from crm.settings import Settings
from tests.agent.conftest import MakeAssistant, person
from tests.agent.scripted_model import calls
from tests.builders import make_member, make_order
from tools.registry import TOOLS

TURN_KEYS = {"request", "answer", "asked", "refused", "tool_calls", "pending"}


@pytest.fixture
def world(sessions: Sessions, now: datetime) -> None:
    with unit_of_work(sessions) as session:
        for number in range(12):
            member = make_member(session, tier="platinum" if number % 2 else "gold", city="Shanghai")
            if number < 4:
                make_order(session, member, ordered_at=now - timedelta(days=5))


@pytest.fixture
def planner(make_assistant: MakeAssistant) -> Any:
    return make_assistant(model=choose_model(Settings()), tools=TOOLS)


async def test_a_count_is_answered_with_the_definition_behind_it(planner: Any, operator: Actor, world: None) -> None:
    asked = await ask(planner, operator, ["how many platinum members havent bought anything in the last 30 days?"])
    (turn,) = asked["turns"]
    assert turn.keys() == TURN_KEYS
    (made,) = turn["tool_calls"]
    assert (made["name"], made["effect"], made["status"]) == ("query_segment", "read", "done")
    assert made["artifact"]["count"] == 4
    assert made["artifact"]["as_of"] == "2026-06-01"
    assert "4 members" in turn["answer"]
    assert (turn["asked"], turn["refused"], turn["pending"]) == (None, None, None)


async def test_a_follow_up_that_says_yes_answers_the_confirmation(planner: Any, operator: Actor, world: None) -> None:
    texts = [
        "Create a win-back campaign 'Come Back' for gold members: 500 bonus points by email, start Friday 10am",
        "submit it for approval",
        "yes",
    ]
    drafted, submitted, confirmed = (await ask(planner, operator, texts))["turns"]
    assert drafted["tool_calls"][0]["artifact"]["brief"]["start"] == "2026-06-05T10:00:00"
    assert submitted["tool_calls"][0]["status"] == "awaiting_confirmation"
    assert submitted["pending"]["kind"] == "confirmation"
    assert submitted["answer"].endswith("Shall I go ahead?")
    assert confirmed["tool_calls"][0]["status"] == "pending_approval"
    assert confirmed["pending"]["kind"] == "approval"


async def test_scheduling_makes_an_approval_request_at_once(planner: Any, operator: Actor, world: None) -> None:
    texts = [
        "Create a campaign 'Come Back' for gold members: 500 bonus points by email, start Friday 10am",
        "schedule it for Thursday 10:30",
    ]
    scheduled = (await ask(planner, operator, texts))["turns"][1]
    assert scheduled["pending"]["kind"] == "approval"
    assert scheduled["tool_calls"][0]["artifact"]["starts_at"] == "2026-06-04T10:30"


async def test_a_csm_counts_his_own_members_only(planner: Any, sessions: Sessions, world: None) -> None:
    csm = person(sessions, Role.CSM)
    with unit_of_work(sessions) as session:
        make_member(session, tier="platinum", owner_id=csm.account_id)
    (turn,) = (await ask(planner, csm, ["how many platinum members are there?"]))["turns"]
    assert turn["tool_calls"][0]["artifact"]["count"] == 1


async def test_the_clock_of_the_run_can_be_set(planner: Any, operator: Actor, world: None, now: datetime) -> None:
    question = ["how many members bought nothing in the last 30 days?"]
    later = await ask(planner, operator, question, now + timedelta(days=40))
    assert later["turns"][0]["tool_calls"][0]["artifact"]["count"] == 12


async def test_a_turn_that_breaks_off_is_an_error(make_assistant: MakeAssistant, operator: Actor) -> None:
    with pytest.raises(TurnFailed):
        await ask(make_assistant(calls(("look", {"subject": "crash"}))), operator, ["look"])
