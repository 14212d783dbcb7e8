"""An order that was read in part changes nothing, and one without a condition never turns the audience round."""

import json
from pathlib import Path
from typing import Any

import pytest

from agent.planner.acts import Act, Ask, Calls
from agent.planner.focus import CampaignFocus, Focus
from agent.planner.planning import plan
from agent.planner.request import Request, World
from tests.agent.planner.conversation_driver import ACTORS, SHANGHAI, TODAY, make_vocabulary

CASES = Path(__file__).with_name("half_read_orders.jsonl").read_text(encoding="utf-8").splitlines()
BRIEF: dict[str, Any] = {
    "name": "Harbor Light",
    "channels": ["sms", "email"],
    "offers": [{"kind": "percent_off", "value": 15}],
    "audience": {"field": "tier", "op": "in", "value": ["gold"]},
    "start": "2026-06-05T10:00",
    "budget_cents": 900_000,
}


@pytest.fixture(scope="module")
def world() -> World:
    return World(make_vocabulary(), TODAY, SHANGHAI, ACTORS["ops"], "CNY")


def planned(words: str, world: World) -> Act:
    campaign = CampaignFocus("Harbor Light", 1, "draft", BRIEF)
    focus = Focus(campaign=campaign, campaigns_seen=("Harbor Light",), topic="campaign")
    return plan(Request(words, focus, world))


@pytest.mark.parametrize("line", CASES, ids=lambda line: str(json.loads(line)["turns"][0]))
def test_an_order_is_read_whole_or_asked_back(line: str, world: World) -> None:
    case = json.loads(line)
    act = planned(case["turns"][0], world)
    if "nothing" in case:
        assert not isinstance(act, Calls), act
    elif "asks" in case:
        assert isinstance(act, Ask), act
        assert case["asks"] in act.words
        assert "Nothing was changed" in act.words or "nothing was changed" in act.words
    else:
        assert isinstance(act, Calls), act
        assert [use.name for use in act.uses] == ["change_campaign"]
        assert act.uses[0].args["changes"] == case["changes"]
