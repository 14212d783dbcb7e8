"""Writes wait for a person, survive a restart while they wait, and happen once."""

import asyncio
from pathlib import Path

import pytest
from langchain_core.messages import AIMessage

from agent.events import Answered, CallStatus, ConfirmationAsked, ConfirmationDecided, ToolFinished
from agent.models import EntryKind
from crm.access.actor import Actor
from crm.access.models import Role
from crm.database import Sessions, read_only
from crm.errors import Conflict, InvalidRequest, NotFound
from tests.agent.conftest import MakeAssistant, hear, only, person
from tests.agent.probe_tools import SHAPE, settle, times_noted
from tests.agent.scripted_model import calls
from tools.base import Effect

NOTE_TEA = calls(("note", {"subject": "tea"}))


def noted(sessions: Sessions, subject: str = "tea") -> int:
    with read_only(sessions) as session:
        return times_noted(session, subject)


async def test_a_write_is_not_done_before_a_person_said_yes(
    make_assistant: MakeAssistant, operator: Actor, sessions: Sessions
) -> None:
    assistant = make_assistant(NOTE_TEA, AIMessage("Noted."))
    thread = await assistant.open_thread(operator)
    events = await hear(assistant.say(operator, thread, "note tea"))
    asked = only(events, ConfirmationAsked)
    assert asked.summary == "Note tea 1 times."
    assert asked.args_schema["additionalProperties"] is False
    assert isinstance(events[-1], Answered)
    assert noted(sessions) == 0

    events = await hear(assistant.decide(operator, thread, asked.interrupt_id, "approve"))
    assert only(events, ToolFinished).status is CallStatus.DONE
    assert events[-1] == Answered("Noted.")
    assert noted(sessions) == 1


@pytest.mark.parametrize(
    ("decision", "written", "status"), [("approve", 1, CallStatus.DONE), ("reject", 0, CallStatus.REJECTED)]
)
async def test_a_confirmation_can_be_answered_after_a_restart(
    make_assistant: MakeAssistant,
    operator: Actor,
    sessions: Sessions,
    decision: str,
    written: int,
    status: CallStatus,
) -> None:
    before = make_assistant(NOTE_TEA)
    thread = await before.open_thread(operator)
    asked = only(await hear(before.say(operator, thread, "note tea")), ConfirmationAsked)
    await before.aclose()

    after = make_assistant(AIMessage("All right."))
    entries = await after.transcript(operator, thread)
    assert [entry.payload["interrupt_id"] for entry in entries if entry.is_open] == [asked.interrupt_id]
    events = await hear(after.decide(operator, thread, asked.interrupt_id, decision))
    assert only(events, ToolFinished).status is status
    assert noted(sessions) == written
    assert not any(entry.is_open for entry in await after.transcript(operator, thread))


@pytest.mark.parametrize(("words", "written"), [("yes, go ahead", 1), ("好的", 1), ("no", 0), ("取消", 0)])
async def test_plain_words_answer_a_pending_confirmation(
    make_assistant: MakeAssistant, operator: Actor, sessions: Sessions, words: str, written: int
) -> None:
    assistant = make_assistant(NOTE_TEA, AIMessage("All right."))
    thread = await assistant.open_thread(operator)
    await hear(assistant.say(operator, thread, "note tea"))
    await hear(assistant.say(operator, thread, words))
    assert noted(sessions) == written


async def test_any_other_message_drops_the_pending_confirmation_and_says_so(
    make_assistant: MakeAssistant, operator: Actor, sessions: Sessions
) -> None:
    assistant = make_assistant(NOTE_TEA, AIMessage("It is Monday."))
    thread = await assistant.open_thread(operator)
    asked = only(await hear(assistant.say(operator, thread, "note tea")), ConfirmationAsked)
    events = await hear(assistant.say(operator, thread, "which day is it?"))
    assert only(events, ConfirmationDecided).decision == "reject"
    assert events[-1] == Answered(
        "You asked for something else, so this was not done: Note tea 1 times.\n\nIt is Monday."
    )
    with pytest.raises(Conflict):
        await hear(assistant.decide(operator, thread, asked.interrupt_id, "approve"))
    assert noted(sessions) == 0


async def test_two_answers_at_once_write_once(
    make_assistant: MakeAssistant, operator: Actor, sessions: Sessions
) -> None:
    assistant = make_assistant(NOTE_TEA)
    thread = await assistant.open_thread(operator)
    asked = only(await hear(assistant.say(operator, thread, "note tea")), ConfirmationAsked)
    workers = [make_assistant(AIMessage("Noted.")) for _ in range(2)]
    answers = await asyncio.gather(
        *(hear(worker.decide(operator, thread, asked.interrupt_id, "approve")) for worker in workers),
        return_exceptions=True,
    )
    assert sorted(type(answer).__name__ for answer in answers) == ["Conflict", "list"]
    assert noted(sessions) == 1


async def test_edited_arguments_are_checked_and_can_be_corrected(
    make_assistant: MakeAssistant, operator: Actor, sessions: Sessions
) -> None:
    assistant = make_assistant(NOTE_TEA, AIMessage("Noted."))
    thread = await assistant.open_thread(operator)
    asked = only(await hear(assistant.say(operator, thread, "note tea")), ConfirmationAsked)
    with pytest.raises(InvalidRequest, match="amount = 0 does not fit"):
        await hear(assistant.decide(operator, thread, asked.interrupt_id, "edit", {"subject": "tea", "amount": 0}))
    with pytest.raises(InvalidRequest, match="there is no argument actor"):
        await hear(assistant.decide(operator, thread, asked.interrupt_id, "edit", {"subject": "tea", "actor": 1}))
    with pytest.raises(Conflict, match="impossible"):
        await hear(assistant.decide(operator, thread, asked.interrupt_id, "edit", {"subject": "impossible"}))
    assert noted(sessions) == 0
    events = await hear(assistant.decide(operator, thread, asked.interrupt_id, "edit", {"subject": "coffee"}))
    assert only(events, ToolFinished).args == {"subject": "coffee"}
    assert (noted(sessions), noted(sessions, "coffee")) == (0, 1)


async def test_nobody_is_asked_about_what_could_not_be_done(make_assistant: MakeAssistant, operator: Actor) -> None:
    assistant = make_assistant(calls(("note", {"subject": "impossible"})), AIMessage("That cannot be done."))
    thread = await assistant.open_thread(operator)
    events = await hear(assistant.say(operator, thread, "note the impossible"))
    finished = only(events, ToolFinished)
    assert (finished.status, finished.message) == (CallStatus.ERROR, "the probe cannot do the impossible")
    assert not any(isinstance(event, ConfirmationAsked) for event in events)


async def test_one_of_two_confirmations_can_be_answered_alone(
    make_assistant: MakeAssistant, operator: Actor, sessions: Sessions
) -> None:
    both = calls(("note", {"subject": "tea"}), ("note", {"subject": "coffee"}), ids=("one", "two"))
    assistant = make_assistant(both, AIMessage("Done."))
    thread = await assistant.open_thread(operator)
    asked = [
        each for each in await hear(assistant.say(operator, thread, "note both")) if isinstance(each, ConfirmationAsked)
    ]
    assert [each.args["subject"] for each in asked] == ["tea", "coffee"]
    events = await hear(assistant.decide(operator, thread, asked[1].interrupt_id, "approve"))
    assert (noted(sessions), noted(sessions, "coffee")) == (0, 1)
    assert isinstance(events[-1], Answered)
    open_now = [entry.payload["args"] for entry in await assistant.transcript(operator, thread) if entry.is_open]
    assert open_now == [{"subject": "tea"}]
    await hear(assistant.decide(operator, thread, asked[0].interrupt_id, "reject"))
    assert (noted(sessions), noted(sessions, "coffee")) == (0, 1)


async def test_a_read_beside_a_write_runs_at_once_and_only_once(
    make_assistant: MakeAssistant, operator: Actor, sessions: Sessions
) -> None:
    both = calls(("look", {"subject": "tea"}), ("note", {"subject": "tea"}))
    assistant = make_assistant(both, AIMessage("Done."))
    thread = await assistant.open_thread(operator)
    events = await hear(assistant.say(operator, thread, "look and note"))
    assert only(events, ToolFinished).name == "look"
    events = await hear(assistant.say(operator, thread, "yes"))
    assert only(events, ToolFinished).name == "note"
    assert noted(sessions) == 1


async def test_somebody_elses_confirmation_cannot_be_answered(
    make_assistant: MakeAssistant, operator: Actor, sessions: Sessions
) -> None:
    assistant = make_assistant(NOTE_TEA)
    thread = await assistant.open_thread(operator)
    asked = only(await hear(assistant.say(operator, thread, "note tea")), ConfirmationAsked)
    admin = person(sessions, Role.ADMIN)
    with pytest.raises(NotFound):
        await hear(assistant.decide(admin, thread, asked.interrupt_id, "approve"))
    with pytest.raises(NotFound):
        await hear(assistant.say(admin, thread, "yes"))
    with pytest.raises(NotFound):
        await assistant.transcript(admin, thread)
    assert await assistant.list_threads(admin) == ()
    assert noted(sessions) == 0


async def test_the_page_can_be_rebuilt_from_the_transcript(
    make_assistant: MakeAssistant, operator: Actor, tmp_path: Path
) -> None:
    assistant = make_assistant(calls(("look", {"subject": "tea"})), NOTE_TEA, AIMessage("Done."))
    thread = await assistant.open_thread(operator)
    await hear(assistant.say(operator, thread, "look, then note tea"))
    await hear(assistant.say(operator, thread, "ok"))
    entries = await assistant.transcript(operator, thread)
    assert [entry.kind for entry in entries] == [
        EntryKind.REQUEST,
        EntryKind.TOOL,
        EntryKind.CONFIRMATION,
        EntryKind.REQUEST,
        EntryKind.DECISION,
        EntryKind.TOOL,
        EntryKind.ANSWER,
    ]
    assert entries[1].payload["artifact"] == {"card": "tea"}
    assert [each.title for each in await assistant.list_threads(operator)] == ["look, then note tea"]


async def test_one_yes_answers_one_question(make_assistant: MakeAssistant, operator: Actor, sessions: Sessions) -> None:
    both = calls(("note", {"subject": "tea"}), ("note", {"subject": "coffee"}), ids=("one", "two"))
    assistant = make_assistant(both, AIMessage("Done."))
    thread = await assistant.open_thread(operator)
    await hear(assistant.say(operator, thread, "note both"))
    answered = (await hear(assistant.say(operator, thread, "yes")))[-1]
    assert isinstance(answered, Answered)
    assert answered.asked is not None
    assert "1. Note tea 1 times." in answered.text
    assert (noted(sessions), noted(sessions, "coffee")) == (0, 0)
    await hear(assistant.say(operator, thread, "the second one, please"))
    assert (noted(sessions), noted(sessions, "coffee")) == (0, 1)
    await hear(assistant.say(operator, thread, "yes"))
    assert (noted(sessions), noted(sessions, "coffee")) == (1, 1)


@pytest.mark.parametrize(
    ("words", "tea", "coffee"),
    [("both", 1, 1), ("yes to all of them", 1, 1), ("全部", 1, 1), ("no", 0, 0), ("第2个", 0, 1), ("yes to 1", 1, 0)],
)
async def test_several_questions_are_answered_by_number_or_together(
    make_assistant: MakeAssistant, operator: Actor, sessions: Sessions, words: str, tea: int, coffee: int
) -> None:
    both = calls(("note", {"subject": "tea"}), ("note", {"subject": "coffee"}), ids=("one", "two"))
    assistant = make_assistant(both, AIMessage("Done."))
    thread = await assistant.open_thread(operator)
    await hear(assistant.say(operator, thread, "note both"))
    await hear(assistant.say(operator, thread, words))
    assert (noted(sessions), noted(sessions, "coffee")) == (tea, coffee)


SHAPE_TEA = calls(("shape", {"subject": "tea"}))


async def test_a_draft_tool_asks_where_it_touches_more_than_a_draft(
    make_assistant: MakeAssistant, operator: Actor, sessions: Sessions
) -> None:
    assistant = make_assistant(SHAPE_TEA, AIMessage("Done."), tools=[SHAPE])
    thread = await assistant.open_thread(operator)
    settle(sessions, "tea", is_settled=True)
    asked = only(await hear(assistant.say(operator, thread, "shape tea")), ConfirmationAsked)
    assert noted(sessions) == 0
    events = await hear(assistant.decide(operator, thread, asked.interrupt_id, "approve"))
    assert only(events, ToolFinished).effect is Effect.WRITE
    assert noted(sessions) == 1


async def test_the_same_tool_runs_at_once_on_a_draft(
    make_assistant: MakeAssistant, operator: Actor, sessions: Sessions
) -> None:
    assistant = make_assistant(SHAPE_TEA, AIMessage("Done."), tools=[SHAPE])
    thread = await assistant.open_thread(operator)
    assert only(await hear(assistant.say(operator, thread, "shape tea")), ToolFinished).effect is Effect.DRAFT
    assert noted(sessions) == 1


@pytest.mark.parametrize("how", ["reject", "no", "不用了", "which day is it?"])
async def test_a_no_stays_a_no_when_its_target_became_a_draft_meanwhile(
    make_assistant: MakeAssistant, operator: Actor, sessions: Sessions, how: str
) -> None:
    assistant = make_assistant(SHAPE_TEA, AIMessage("All right."), tools=[SHAPE])
    thread = await assistant.open_thread(operator)
    settle(sessions, "tea", is_settled=True)
    asked = only(await hear(assistant.say(operator, thread, "shape tea")), ConfirmationAsked)
    settle(sessions, "tea", is_settled=False)
    if how == "reject":
        await hear(assistant.decide(operator, thread, asked.interrupt_id, "reject"))
    else:
        await hear(assistant.say(operator, thread, how))
    assert noted(sessions) == 0


@pytest.mark.parametrize("restarts", [False, True])
async def test_a_yes_does_not_hold_for_what_was_changed_since(
    make_assistant: MakeAssistant, operator: Actor, sessions: Sessions, restarts: bool
) -> None:
    assistant = make_assistant(SHAPE_TEA, AIMessage("It was changed."), tools=[SHAPE])
    thread = await assistant.open_thread(operator)
    settle(sessions, "tea", is_settled=True)
    await hear(assistant.say(operator, thread, "shape tea"))
    settle(sessions, "tea", is_settled=True)
    if restarts:
        await assistant.aclose()
        assistant = make_assistant(AIMessage("It was changed."), tools=[SHAPE])
    finished = only(await hear(assistant.say(operator, thread, "yes")), ToolFinished)
    assert finished.status is CallStatus.ERROR
    assert "since you were asked" in (finished.message or "")
    assert noted(sessions) == 0
