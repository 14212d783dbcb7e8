"""The planner, the graph and the real tools over a small world: a campaign from words to approval."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from agent.ask import say_in
from agent.model_calls import ChosenModel
from agent.planner.model import PlannerChatModel
from agent.runtime import Assistant
from crm.access.actor import Actor
from crm.access.models import Role
from crm.access.service import actor_for
from crm.clock import FixedClock
from crm.database import Sessions, unit_of_work
from crm.loyalty.models import OfferKind
from tests.builders import make_account, make_member, make_order
from tests.journeys import make_coupon

MONDAY_NOON = datetime(2026, 6, 1, 4, tzinfo=UTC)


@pytest.fixture
def people(sessions: Sessions) -> dict[str, Actor]:
    """Six platinum members, of whom two bought last week and one lives in Beijing, and the staff."""
    with unit_of_work(sessions) as session:
        for number in range(6):
            member = make_member(
                session,
                name=f"Platinum {number}",
                tier="platinum",
                city="Beijing" if number == 5 else "Shanghai",
            )
            if number < 2:
                make_order(session, member, ordered_at=MONDAY_NOON - timedelta(days=7))
        for percent in (10, 15, 20):
            make_coupon(session, f"P{percent}", kind=OfferKind.PERCENT_OFF, value=percent, stock_total=100)
        operations = make_account(session, display_name="Olivia", role=Role.OPERATIONS)
        manager = make_account(session, display_name="Grace", role=Role.MANAGER)
        return {"ops": actor_for(operations), "manager": actor_for(manager)}


@pytest_asyncio.fixture
async def assistant(sessions: Sessions, tmp_path: Path) -> AsyncIterator[Assistant]:
    made = Assistant(
        sessions=sessions,
        model=ChosenModel(PlannerChatModel(), is_planner=True),
        clock=FixedClock(MONDAY_NOON),
        home=tmp_path,
    )
    yield made
    await made.aclose()


async def talk(assistant: Assistant, actor: Actor, *turns: str) -> list[dict[str, Any]]:
    thread = await assistant.open_thread(actor)
    return [await say_in(assistant, actor, thread, words) for words in turns]


def last_call(turn: dict[str, Any]) -> dict[str, Any]:
    call: dict[str, Any] = turn["tool_calls"][-1]
    return call


async def test_a_count_is_answered_with_its_definition(assistant: Assistant, people: dict[str, Actor]) -> None:
    [turn] = await talk(
        assistant, people["ops"], "How many platinum members haven't bought anything in the last 30 days?"
    )
    assert last_call(turn)["artifact"]["count"] == 4
    assert "4 members" in turn["answer"]
    assert (turn["asked"], turn["refused"], turn["pending"]) == (None, None, None)


async def test_the_conversation_of_a_campaign(assistant: Assistant, people: dict[str, Actor]) -> None:
    count, groups, why, draft, change, submit, yes = await talk(
        assistant,
        people["ops"],
        "How many platinum members have not purchased in the last 30 days?",
        "break that down by city",
        "Why is Platinum 0 not in it?",
        "create a win-back campaign for them: email and sms, 20% off, this Friday 10am",
        "no, make that 15% and only those in Shanghai",
        "submit it for approval",
        "yes",
    )
    assert last_call(count)["artifact"]["count"] == 4
    assert {tuple(group["key"]): group["count"] for group in last_call(groups)["artifact"]["groups"]} == {
        ("Shanghai",): 3,
        ("Beijing",): 1,
    }
    assert "is not in this segment" in why["answer"]
    brief = last_call(draft)["artifact"]["brief"]
    assert (brief["channels"], brief["offers"][0]["value"], brief["start"]) == (
        ["email", "sms"],
        20,
        "2026-06-05T10:00:00",
    )
    changed = last_call(change)["artifact"]
    assert (changed["brief"]["offers"][0]["value"], changed["plan"]["audience_count"]) == (15, 3)
    assert submit["pending"]["tool"] == "submit_campaign"
    assert last_call(yes)["status"] in ("done", "pending_approval")
    assert "approval" in yes["answer"]


async def test_the_same_conversation_in_chinese(assistant: Assistant, people: dict[str, Actor]) -> None:
    count, draft, schedule = await talk(
        assistant,
        people["ops"],
        "近30天没有下单的铂金会员有多少？",
        "给他们做一个召回活动，邮件，85折，周五上午10点开始",
        "把它排期到下周二上午9点",
    )
    assert last_call(count)["artifact"]["count"] == 4
    assert "4 位会员" in count["answer"]
    assert last_call(draft)["artifact"]["plan"]["audience_count"] == 4
    assert last_call(schedule)["name"] == "schedule_campaign"
    assert schedule["pending"]["kind"] == "approval"


async def test_a_manager_finds_and_decides_what_waits(assistant: Assistant, people: dict[str, Actor]) -> None:
    await talk(
        assistant,
        people["ops"],
        "create campaign 'Platinum Spring' for platinum members, 10% off by email, Thursday 11:00",
        "submit it",
        "yes",
    )
    listed, approve, yes = await talk(
        assistant, people["manager"], "what is waiting for my approval?", "approve Platinum Spring", "yes"
    )
    assert "Platinum Spring" in listed["answer"]
    assert approve["pending"]["tool"] == "approve_campaign"
    assert last_call(yes)["artifact"]["state"] == "scheduled"
    assert "approved" in yes["answer"]


async def test_operations_cannot_approve(assistant: Assistant, people: dict[str, Actor]) -> None:
    [turn] = await talk(assistant, people["ops"], "approve Platinum Spring")
    assert turn["refused"] == "permission"
    assert turn["tool_calls"] == []


async def test_a_campaign_that_does_not_exist_is_asked_about(assistant: Assistant, people: dict[str, Actor]) -> None:
    [turn] = await talk(assistant, people["ops"], "pause 'Winter Sale'")
    assert "Winter Sale" in turn["answer"]
    assert turn["pending"] is None
