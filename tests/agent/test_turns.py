"""A turn runs tools with the person's rights, tells the model what it can act on, and never leaves a thread broken."""

import asyncio
import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from agent.checkpoint_store import open_checkpoint_store
from agent.checkpoints import thread_config
from agent.context import TurnContext
from agent.events import Answered, ApprovalRequested, CallStatus, Failed, TextDelta, ToolFinished, ToolStarted
from agent.model_calls import MAX_MODEL_CALLS
from agent.models import EntryKind
from agent.tool_executor import ToolCall, ToolExecutor
from crm.access.actor import Actor
from crm.access.logins import find_login, open_login
from crm.access.models import Account, ApiToken, AuditEntry, LoginSession, Role
from crm.access.tokens import create_api_token, find_api_token
from crm.database import Sessions, read_only, unit_of_work
from crm.errors import Forbidden, InvalidRequest
from tests.agent.conftest import MakeAssistant, hear, only, person
from tests.agent.probe_tools import PROBES, times_noted
from tests.agent.scripted_model import ScriptedModel, calls


def noted(sessions: Sessions, subject: str = "tea") -> int:
    with read_only(sessions) as session:
        return times_noted(session, subject)


def last_error(messages: list[BaseMessage]) -> dict[str, Any]:
    message = messages[-1]
    assert isinstance(message, ToolMessage)
    assert message.status == "error"
    error: dict[str, Any] = json.loads(message.text)["error"]
    return error


async def test_a_read_runs_at_once_and_its_card_reaches_the_listener_not_the_model(
    make_assistant: MakeAssistant, operator: Actor
) -> None:
    def answer(messages: Any) -> AIMessage:
        assert json.loads(messages[-1].text) == {"seen": "tea", "count": 42, "share": 0.125}
        assert "card" not in repr(messages)
        return AIMessage("There are 42.")

    assistant = make_assistant(calls(("look", {"subject": "tea"})), answer)
    thread = await assistant.open_thread(operator)
    events = await hear(assistant.say(operator, thread, "look at tea"))
    assert only(events, ToolStarted).args == {"subject": "tea"}
    assert only(events, ToolFinished).artifact == {"card": "tea"}
    assert "".join(event.text for event in events if isinstance(event, TextDelta)) == "There are 42."
    assert events[-1] == Answered("There are 42.")


async def test_a_draft_runs_at_once_and_leaves_an_audit_row(
    make_assistant: MakeAssistant, operator: Actor, sessions: Sessions
) -> None:
    assistant = make_assistant(calls(("sketch", {"subject": "tea"})), AIMessage("Sketched."))
    thread = await assistant.open_thread(operator)
    await hear(assistant.say(operator, thread, "sketch tea"))
    assert noted(sessions) == 1
    with read_only(sessions) as session:
        row = session.scalars(select(AuditEntry).where(AuditEntry.action == "tool.called")).one()
    assert (row.account_id, row.subject) == (operator.account_id, f"thread:{thread}")
    assert row.detail["args"] == {"subject": "tea"}


async def test_reach_makes_an_approval_request_at_once(make_assistant: MakeAssistant, operator: Actor) -> None:
    assistant = make_assistant(calls(("publish", {"subject": "tea"})), AIMessage("A manager has to approve it."))
    thread = await assistant.open_thread(operator)
    events = await hear(assistant.say(operator, thread, "publish tea"))
    assert only(events, ToolFinished).status is CallStatus.PENDING_APPROVAL
    requested = only(events, ApprovalRequested)
    assert (requested.approval_id, requested.summary) == (7, "tea waits for approval")


async def test_a_replayed_call_does_not_write_twice(
    make_assistant: MakeAssistant, operator: Actor, sessions: Sessions
) -> None:
    again = calls(("sketch", {"subject": "tea"}))
    assistant = make_assistant(again, AIMessage("Sketched."), again, AIMessage("Sketched."))
    thread = await assistant.open_thread(operator)
    first = only(await hear(assistant.say(operator, thread, "sketch tea")), ToolFinished)
    second = only(await hear(assistant.say(operator, thread, "sketch tea")), ToolFinished)
    assert first.artifact == second.artifact == {"card": "tea"}
    assert noted(sessions) == 1


async def test_a_role_is_neither_offered_nor_allowed_a_tool_beyond_its_rights(
    make_assistant: MakeAssistant, sessions: Sessions
) -> None:
    analyst = person(sessions, Role.ANALYST, display_name="Ana")
    assistant = make_assistant(
        calls(("note", {"subject": "tea"})), lambda messages: AIMessage(last_error(messages)["message"])
    )
    thread = await assistant.open_thread(analyst)
    events = await hear(assistant.say(analyst, thread, "note tea"))
    assert only(events, ToolFinished).status is CallStatus.REFUSED
    assert "Ana (analyst) may not pause, resume and cancel campaigns" in events[-1].text
    model = assistant._model.chat
    assert isinstance(model, ScriptedModel)
    assert model.tools_offered[0] == ["look"]
    with read_only(sessions) as session:
        assert session.scalars(select(AuditEntry.action)).all() == ["tool.refused"]


async def test_wrong_arguments_become_one_sentence_that_the_model_can_act_on(
    make_assistant: MakeAssistant, operator: Actor
) -> None:
    def corrected(messages: Any) -> AIMessage:
        error = last_error(messages)
        assert error["message"] == "look: there is no argument subjekt; did you mean subject?"
        assert error["candidates"] == ["subject"]
        return calls(("look", {"subject": "tea"}), ids=("second",))

    assistant = make_assistant(calls(("look", {"subjekt": "tea"})), corrected, AIMessage("Seen."))
    thread = await assistant.open_thread(operator)
    events = await hear(assistant.say(operator, thread, "look"))
    statuses = [event.status for event in events if isinstance(event, ToolFinished)]
    assert statuses == [CallStatus.ERROR, CallStatus.DONE]


async def test_an_unknown_tool_is_answered_with_the_nearest_ones(
    make_assistant: MakeAssistant, operator: Actor
) -> None:
    def answer(messages: Any) -> AIMessage:
        assert last_error(messages)["code"] == "unknown_tool"
        assert "look" in last_error(messages)["candidates"]
        return AIMessage("I cannot do that.")

    assistant = make_assistant(calls(("look_at", {})), answer)
    thread = await assistant.open_thread(operator)
    events = await hear(assistant.say(operator, thread, "look"))
    assert only(events, ToolFinished).effect is None


async def test_a_read_over_its_time_limit_is_stopped_and_the_model_is_told_what_to_do(
    make_assistant: MakeAssistant, operator: Actor
) -> None:
    def answer(messages: list[BaseMessage]) -> AIMessage:
        error = last_error(messages)
        assert error["code"] == "timed_out"
        assert error["message"].startswith("this took longer than 0.2 s and was stopped; narrow it")
        return AIMessage("That took too long; shall I look at fewer?")

    assistant = make_assistant(calls(("look", {"subject": "everything"})), answer, read_seconds=0.2)
    thread = await assistant.open_thread(operator)
    events = await hear(assistant.say(operator, thread, "look at everything"))
    assert only(events, ToolFinished).status is CallStatus.ERROR
    assert events[-1] == Answered("That took too long; shall I look at fewer?")


async def test_after_three_wrong_calls_the_person_is_told_and_the_turn_ends(
    make_assistant: MakeAssistant, operator: Actor
) -> None:
    wrong = [calls(("look", {"subject": ""}), ids=(f"try-{number}",)) for number in range(3)]
    assistant = make_assistant(*wrong)
    thread = await assistant.open_thread(operator)
    events = await hear(assistant.say(operator, thread, "look"))
    assert isinstance(events[-1], Answered)
    assert events[-1].text.startswith("I tried 3 times")
    assert 'subject = "" does not fit' in events[-1].text


async def test_a_model_that_never_ends_is_stopped(make_assistant: MakeAssistant, operator: Actor) -> None:
    endless = [calls(("look", {"subject": "tea"}), ids=(f"look-{number}",)) for number in range(MAX_MODEL_CALLS)]
    assistant = make_assistant(*endless)
    thread = await assistant.open_thread(operator)
    events = await hear(assistant.say(operator, thread, "look"))
    assert events[-1].text.startswith(f"I stopped after {MAX_MODEL_CALLS} steps")


@pytest.mark.parametrize("tool", ["look", "sketch"])
async def test_a_crash_in_a_tool_is_told_without_its_text_and_leaves_the_thread_usable(
    make_assistant: MakeAssistant, operator: Actor, tool: str, logged: list[Any]
) -> None:
    def afterwards(messages: Any) -> AIMessage:
        assert "secret" not in repr(messages)
        outcome = last_error([message for message in messages if not isinstance(message, HumanMessage)])
        assert outcome["message"].startswith("failed, outcome unknown")
        return AIMessage("Hello.")

    assistant = make_assistant(calls((tool, {"subject": "crash"})), afterwards)
    thread = await assistant.open_thread(operator)
    events = await hear(assistant.say(operator, thread, "crash"))
    assert only(events, ToolFinished).status is CallStatus.FAILED
    assert isinstance(events[-1], Failed)
    assert "secret" not in repr(events)
    (told,) = [entry for entry in logged if entry["event"] != "model.answered"]
    assert told["event"] == "turn.failed"
    assert told["fault"] in events[-1].message
    assert (await hear(assistant.say(operator, thread, "hello")))[-1] == Answered("Hello.")
    kinds = [entry.kind for entry in await assistant.transcript(operator, thread)]
    assert kinds == [EntryKind.REQUEST, EntryKind.TOOL, EntryKind.ANSWER, EntryKind.REQUEST, EntryKind.ANSWER]


async def test_a_crash_keeps_what_a_sibling_call_did(
    make_assistant: MakeAssistant, operator: Actor, sessions: Sessions
) -> None:
    def afterwards(messages: Any) -> AIMessage:
        results = {message.tool_call_id: message for message in messages if isinstance(message, ToolMessage)}
        assert json.loads(results["call-sketch"].text)["noted"] == "tea"
        assert results["call-look"].status == "error"
        assert len(results) == 2
        return AIMessage("Hello.")

    both = calls(("sketch", {"subject": "tea"}), ("look", {"subject": "crash"}))
    assistant = make_assistant(both, afterwards)
    thread = await assistant.open_thread(operator)
    await hear(assistant.say(operator, thread, "both"))
    assert (await hear(assistant.say(operator, thread, "hello")))[-1] == Answered("Hello.")
    assert noted(sessions) == 1


async def test_a_crash_withdraws_a_confirmation_that_waits_beside_it(
    make_assistant: MakeAssistant, operator: Actor, sessions: Sessions
) -> None:
    both = calls(("note", {"subject": "tea"}), ("look", {"subject": "crash"}))
    assistant = make_assistant(both, AIMessage("Hello."))
    thread = await assistant.open_thread(operator)
    events = await hear(assistant.say(operator, thread, "both"))
    assert isinstance(events[-1], Failed)
    assert (await hear(assistant.say(operator, thread, "yes")))[-1] == Answered("Hello.")
    assert noted(sessions) == 0


async def test_a_write_that_was_committed_before_a_kill_is_reported_as_done(
    make_assistant: MakeAssistant, operator: Actor, sessions: Sessions, now: Any, zone: Any
) -> None:
    """The process dies after the tool's commit and before the graph notes it: the crash of a sibling stands for it."""
    assistant = make_assistant(
        calls(("sketch", {"subject": "tea"}), ("look", {"subject": "crash"})), AIMessage("Hello.")
    )
    thread = await assistant.open_thread(operator)
    executor: ToolExecutor = assistant._executor
    turn = TurnContext(operator, now, thread, "en", zone, "CNY", None)  # type: ignore[arg-type]
    executor.run(turn, ToolCall("call-sketch", "sketch", {"subject": "tea"}))
    events = await hear(assistant.say(operator, thread, "both"))
    finished = [event for event in events if isinstance(event, ToolFinished) and event.name == "sketch"]
    assert [event.status for event in finished] == [CallStatus.DONE]
    assert noted(sessions) == 1


async def test_only_the_newest_checkpoint_of_a_finished_turn_is_kept(
    make_assistant: MakeAssistant, operator: Actor, sessions: Sessions, tmp_path: Path
) -> None:
    lines = [line for number in range(3) for line in (calls(("look", {"subject": "tea"}), ids=(f"l{number}",)), "Ok.")]
    assistant = make_assistant(*(AIMessage(line) if isinstance(line, str) else line for line in lines))
    thread = await assistant.open_thread(operator)
    for _ in range(3):
        await hear(assistant.say(operator, thread, "look"))
    await assistant.aclose()
    async with open_checkpoint_store(sessions.kw["bind"], tmp_path) as store:
        assert len([state async for state in store.saver.alist(thread_config(thread))]) == 1


async def test_a_turn_ends_and_is_written_down_when_its_listener_goes_away(
    make_assistant: MakeAssistant, operator: Actor, sessions: Sessions
) -> None:
    assistant = make_assistant(calls(("sketch", {"subject": "tea"})), AIMessage("Sketched."))
    thread = await assistant.open_thread(operator)
    stream = assistant.say(operator, thread, "sketch tea")
    await anext(stream)
    await stream.aclose()
    await assistant.aclose()
    assert noted(sessions) == 1
    assert (await assistant.transcript(operator, thread))[-1].text == "Sketched."


async def test_two_messages_at_once_are_answered_one_after_the_other(
    make_assistant: MakeAssistant, operator: Actor
) -> None:
    look = [calls(("look", {"subject": "tea"}), ids=(f"look-{number}",)) for number in range(2)]
    assistant = make_assistant(look[0], AIMessage("One."), look[1], AIMessage("Two."))
    thread = await assistant.open_thread(operator)
    turns = [hear(assistant.say(operator, thread, "look")) for _ in range(2)]
    answers = [events[-1].text for events in await asyncio.gather(*turns)]
    assert sorted(answers) == ["One.", "Two."]
    kinds = [entry.kind for entry in await assistant.transcript(operator, thread)]
    assert kinds == [EntryKind.REQUEST, EntryKind.TOOL, EntryKind.ANSWER] * 2


async def test_an_empty_message_is_refused(make_assistant: MakeAssistant, operator: Actor) -> None:
    assistant = make_assistant()
    thread = await assistant.open_thread(operator)
    with pytest.raises(InvalidRequest):
        await hear(assistant.say(operator, thread, "  "))


async def test_without_a_person_no_tool_runs(make_assistant: MakeAssistant, operator: Actor) -> None:
    assistant = make_assistant(calls(("look", {"subject": "tea"})))
    thread = await assistant.open_thread(operator)
    opened = await assistant._open()
    with pytest.raises(Forbidden, match="without a signed-in person"):
        await opened.graph.ainvoke({"messages": [HumanMessage("look")]}, {"configurable": {"thread_id": thread}})


def test_every_probe_effect_is_covered() -> None:
    assert {tool.effect for tool in PROBES} == {"read", "draft", "write", "reach"}


def disabled(session: Session, actor: Actor) -> None:
    session.execute(update(Account).where(Account.id == actor.account_id).values(is_active=False))


def made_an_analyst(session: Session, actor: Actor) -> None:
    session.execute(update(Account).where(Account.id == actor.account_id).values(role=Role.ANALYST))


def signed_out(session: Session, actor: Actor) -> None:
    session.execute(delete(LoginSession).where(LoginSession.account_id == actor.account_id))


def token_revoked(session: Session, actor: Actor) -> None:
    session.execute(delete(ApiToken).where(ApiToken.account_id == actor.account_id))


def by_session(session: Session, actor: Actor, now: datetime) -> Actor:
    login = find_login(session, open_login(session, actor, now), now)
    assert login is not None
    return login.actor


def by_token(session: Session, actor: Actor, now: datetime) -> Actor:
    use = find_api_token(session, create_api_token(session, actor, name="script", now=now).secret, now)
    assert use is not None
    return use.actor


WAYS_IN = {"command line": None, "session": by_session, "token": by_token}
WAYS_OUT = [
    ("command line", disabled),
    ("session", disabled),
    ("session", signed_out),
    ("session", made_an_analyst),
    ("token", disabled),
    ("token", token_revoked),
    ("token", made_an_analyst),
]


@pytest.mark.parametrize(("way_in", "happens"), WAYS_OUT)
@pytest.mark.parametrize("tool", ["sketch", "publish"])
async def test_what_somebody_may_is_asked_anew_at_each_call_of_a_turn(
    make_assistant: MakeAssistant,
    sessions: Sessions,
    operator: Actor,
    now: datetime,
    way_in: str,
    happens: Callable[[Session, Actor], None],
    tool: str,
) -> None:
    """A turn takes as long as the model thinks; meanwhile an administrator shuts the person out."""
    comes_by = WAYS_IN[way_in]
    with unit_of_work(sessions) as session:
        actor = comes_by(session, operator, now) if comes_by else operator

    def meanwhile(_messages: Any) -> AIMessage:
        with unit_of_work(sessions) as session:
            happens(session, actor)
        return calls((tool, {"subject": "late"}), ids=("late",))

    assistant = make_assistant(
        calls((tool, {"subject": "early"}), ids=("early",)),
        meanwhile,
        lambda messages: AIMessage(last_error(messages)["code"]),
    )
    thread = await assistant.open_thread(actor)
    events = await hear(assistant.say(actor, thread, "do both"))
    finished = [event.status for event in events if isinstance(event, ToolFinished)]
    assert finished[0] is not CallStatus.REFUSED
    assert finished[1:] == [CallStatus.REFUSED]
    assert events[-1] == Answered("forbidden")
    assert (noted(sessions, "early"), noted(sessions, "late")) == (1, 0)
    with read_only(sessions) as session:
        assert session.scalar(select(func.count()).where(AuditEntry.action == "tool.refused")) == 1


async def test_another_session_that_ended_and_a_greater_role_change_nothing(
    make_assistant: MakeAssistant, sessions: Sessions, now: datetime
) -> None:
    ana = person(sessions, Role.ANALYST, display_name="Ana")
    with unit_of_work(sessions) as session:
        here, there = by_session(session, ana, now), by_session(session, ana, now)

    def meanwhile(_messages: Any) -> AIMessage:
        with unit_of_work(sessions) as session:
            session.execute(delete(LoginSession).where(LoginSession.id == there.session_id))
            session.execute(update(Account).where(Account.id == ana.account_id).values(role=Role.ADMIN))
        return calls(("look", {"subject": "tea"}), ("sketch", {"subject": "tea"}))

    assistant = make_assistant(meanwhile, AIMessage("Seen."))
    thread = await assistant.open_thread(here)
    events = await hear(assistant.say(here, thread, "look and sketch"))
    found = {event.name: event.status for event in events if isinstance(event, ToolFinished)}
    assert found == {"look": CallStatus.DONE, "sketch": CallStatus.REFUSED}
