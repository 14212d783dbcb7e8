"""A language model behind an OpenAI-compatible endpoint drives the same graph under the same guards."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from agent.chat_models import choose_model
from agent.events import Answered, CallStatus, ConfirmationAsked, Failed, TextDelta, ToolFinished
from agent.model_calls import ChosenModel
from agent.numbers import WITHHELD
from crm.access.actor import Actor
from crm.database import Sessions, read_only
from crm.settings import Settings
from tests.agent.conftest import MakeAssistant, hear, only
from tests.agent.openai_server import Endpoint, openai_endpoint
from tests.agent.probe_tools import times_noted


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_PROXY", "http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)


def model_of(endpoint: Endpoint) -> ChosenModel:
    return choose_model(Settings(openai_base_url=endpoint.url, openai_api_key=SecretStr("test"), openai_model="m"))


async def test_streamed_tool_calls_and_text_go_through_the_graph(
    make_assistant: MakeAssistant, operator: Actor
) -> None:
    with openai_endpoint([("look", {"subject": "tea"})], "I looked at tea. There are 42, or 12.5%.") as endpoint:
        assistant = make_assistant(model=model_of(endpoint))
        thread = await assistant.open_thread(operator)
        events = await hear(assistant.say(operator, thread, "look at tea"))
    assert only(events, ToolFinished).status is CallStatus.DONE
    assert events[-1] == Answered("I looked at tea. There are 42, or 12.5%.")
    assert [event.text for event in events if isinstance(event, TextDelta)] == [
        "I looked at tea.",
        " There are 42, or 12.5%.",
    ]
    system, request = endpoint.asked[0]["messages"][:2]
    assert "Today is Monday, 2026-06-01" in system["content"]
    assert "P7 Figures" in system["content"]
    assert request == {"role": "user", "content": "look at tea"}
    offered = {tool["function"]["name"]: tool["function"] for tool in endpoint.asked[0]["tools"]}
    assert set(offered) == {"look", "sketch", "note", "publish"}
    assert offered["look"]["parameters"]["required"] == ["subject"]
    assert json.loads(endpoint.asked[1]["messages"][-1]["content"])["count"] == 42


async def test_a_figure_that_no_tool_gave_is_neither_shown_nor_kept(
    make_assistant: MakeAssistant, operator: Actor
) -> None:
    lines = ("There are 42 of them. Sales rose by 17%. Bye.", "Hello.")
    with openai_endpoint([("look", {"subject": "tea"})], *lines) as endpoint:
        assistant = make_assistant(model=model_of(endpoint))
        thread = await assistant.open_thread(operator)
        events = await hear(assistant.say(operator, thread, "look at tea"))
        answer = events[-1]
        await hear(assistant.say(operator, thread, "hello"))
    assert answer.text == f"There are 42 of them. {WITHHELD['en']} Bye."
    assert "17" not in "".join(event.text for event in events if isinstance(event, TextDelta))
    assert "17" not in json.dumps(endpoint.asked[-1]["messages"][1:])
    assert (await assistant.transcript(operator, thread))[2].text == answer.text


async def test_a_write_waits_for_the_person_here_too(
    make_assistant: MakeAssistant, operator: Actor, sessions: Sessions
) -> None:
    with openai_endpoint([("note", {"subject": "tea"})], "Noted.") as endpoint:
        assistant = make_assistant(model=model_of(endpoint))
        thread = await assistant.open_thread(operator)
        only(await hear(assistant.say(operator, thread, "note tea")), ConfirmationAsked)
        assert len(endpoint.asked) == 1
        events = await hear(assistant.say(operator, thread, "yes"))
    assert events[-1] == Answered("Noted.")
    with read_only(sessions) as session:
        assert times_noted(session, "tea") == 1


async def test_a_dropped_confirmation_leaves_no_call_without_a_result(
    make_assistant: MakeAssistant, operator: Actor
) -> None:
    with openai_endpoint([("note", {"subject": "tea"})], "Hello.") as endpoint:
        assistant = make_assistant(model=model_of(endpoint))
        thread = await assistant.open_thread(operator)
        await hear(assistant.say(operator, thread, "note tea"))
        await hear(assistant.say(operator, thread, "hello there"))
    roles = [message["role"] for message in endpoint.asked[-1]["messages"]]
    assert roles == ["system", "user", "assistant", "tool", "user"]
    assert json.loads(endpoint.asked[-1]["messages"][3]["content"])["error"]["code"] == "rejected"


async def test_an_endpoint_that_fails_ends_the_turn_and_not_the_conversation(
    make_assistant: MakeAssistant, operator: Actor
) -> None:
    with openai_endpoint(400, "Hello.") as endpoint:
        assistant = make_assistant(model=model_of(endpoint))
        thread = await assistant.open_thread(operator)
        failed = (await hear(assistant.say(operator, thread, "hello")))[-1]
        assert isinstance(failed, Failed)
        assert failed.code == "unavailable"
        assert (await hear(assistant.say(operator, thread, "hello")))[-1] == Answered("Hello.")


async def test_an_answer_that_only_asks_is_told_as_a_question(make_assistant: MakeAssistant, operator: Actor) -> None:
    with openai_endpoint("Which campaign do you mean?") as endpoint:
        assistant = make_assistant(model=model_of(endpoint))
        thread = await assistant.open_thread(operator)
        events = await hear(assistant.say(operator, thread, "show me the report"))
    assert only(events, Answered).asked == "Which campaign do you mean?"


def test_without_a_key_the_planner_drives(tmp_path: Path) -> None:
    planner: Any = pytest.importorskip("agent.planner.model")
    chosen = choose_model(Settings(home=tmp_path))
    assert chosen.is_planner
    assert isinstance(chosen.chat, planner.PlannerChatModel)
