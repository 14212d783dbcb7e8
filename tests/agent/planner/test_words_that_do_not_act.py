"""Remarks, questions, reports and words to others change nothing; orders change exactly what they ask for.

Judged by all rows of the database before and after. CI takes every ninth sentence with the name of a campaign in its
own language, `make test-deep` takes all of them with either name.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.agent.planner.acts_world import NAMES, ActsWorld
from tests.agent.planner.words_that_act import COPIES, verdict
from tests.conftest import DEEP_EXAMPLES

FILE = Path(__file__).with_name("words_that_do_not_act.jsonl")
CASES = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]
NOT_YET = {
    "w257": "the goal's words are read as a condition without a period, and asked about",
    **dict.fromkeys(("w311", "w312", "w313", "w334", "w335"), "no tool changes one wait of a journey"),
}
"""Orders that are answered without an act, and why; none of them changes anything."""


def chosen() -> Iterator[Any]:
    for index, case in enumerate(CASES):
        for language, name in NAMES.items():
            if DEEP_EXAMPLES or (index % 9 == 0 and language == case["language"]):
                yield pytest.param(case, name, id=f"{case['id']}-{language}")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, empty_database: Path) -> ActsWorld:
    return ActsWorld(tmp_path_factory.mktemp("acts"), empty_database)


@pytest.mark.deep
@pytest.mark.parametrize(("case", "name"), [*chosen()])
async def test_a_sentence_does_what_it_asks_for_and_nothing_else(
    world: ActsWorld, case: dict[str, Any], name: str
) -> None:
    told = await world.tell(case, name)
    if case["id"] in NOT_YET:
        assert told.changed_tables == [], NOT_YET[case["id"]]
        return
    assert verdict(case, told) is None, told.turn["answer"]


@pytest.mark.parametrize(
    ("answer", "channels"), [("both", {"email", "sms"}), ("the SMS", {"sms"}), ("邮件", {"email"})]
)
async def test_the_text_is_stored_for_the_message_that_is_meant(
    world: ActsWorld, answer: str, channels: set[str]
) -> None:
    case = next(case for case in CASES if case["id"] == "w271")
    told = await world.tell(case, NAMES["en"], answer)
    assert set(told.brief_changes) == {"copy_texts"}
    assert {text["channel"] for text in told.brief_changes["copy_texts"]} == channels
    assert {text["body"] for text in told.brief_changes["copy_texts"]} == {COPIES["w271"]}


OTHERS = [
    ("mia", "draft", "just show me {campaign}"),
    ("mia", "scheduled", "tell Grace that {campaign} is also good for bronze members"),
    ("mia", "draft", "send it only to members in Atlantis"),
    ("mia", "draft", "schedule it for sometime next week"),
    ("mia", "draft", "launch it before Friday"),
    ("mia", "draft", "let's discuss changing the budget to 5,000 yuan"),
    ("mia", "draft", "小王，把预算改成5000元"),
    ("mia", "draft", "你觉得改成推送好不好"),
    ("mia", "draft", "translate into Chinese: change the budget to 1,250 yuan"),
    ("mia", "draft", "Tom: add bronze members! Leo: no way. so they are still arguing"),
    ("mia", "draft", "Henry said: change the budget to 9,000 yuan"),
    ("mia", "draft", "会议记录：把渠道改成推送"),
    ("mia", "draft", "我还没决定把人群换成白金会员"),
    ("mia", "draft", "我没让你把预算改成5000"),
    ("grace", "awaiting_approval", "ok but the holdout is too small"),
    ("mia", "none", "set up a welcome journey for gold members in Atlantis"),
    ("mia", "none", "给亚特兰蒂斯的金卡会员建一个短信活动，9折，周五上午10点"),
]


@pytest.mark.parametrize(("person", "state", "text"), OTHERS)
async def test_further_words_that_change_nothing(world: ActsWorld, person: str, state: str, text: str) -> None:
    case = {"person": person, "state": state, "text": text}
    told = await world.tell(case, NAMES["en"])
    assert told.changed_tables == [], told.turn["answer"]


@pytest.mark.parametrize("name", ["夏日清凉", "618", "🎁🎁", "!!!", "X"])
async def test_no_name_of_a_campaign_breaks_a_turn(world: ActsWorld, name: str) -> None:
    case = {"person": "mia", "state": "draft", "text": "export the e-mail addresses of my members"}
    told = await world.tell(case, name, "how is the win-back doing?")
    assert told.changed_tables == []
