"""A process that dies inside a tool has written nothing, and the next one goes on with the conversation."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage
from sqlalchemy import Engine

from agent.events import Answered, CallStatus
from agent.model_calls import ChosenModel
from agent.models import EntryKind
from crm.access.actor import Actor
from crm.database import Sessions, read_only
from tests.agent.conftest import MakeAssistant, hear
from tests.agent.probe_tools import times_noted
from tests.agent.scripted_model import ScriptedModel

ROOT = Path(__file__).parents[2]
DIES = "    SKETCH.run(ctx, args); ctx.session.flush(); os._exit(9)"
DIES_AFTER_THE_WRITE = """
    if args.subject == "milk":
        os._exit(9)
    return SKETCH.run(ctx, args)
"""
PROGRAM = """
import asyncio, os, sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from agent.model_calls import ChosenModel
from agent.runtime import Assistant
from crm.access.models import Account
from crm.access.service import actor_for
from crm.clock import FixedClock
from crm.database import open_engine, open_sessions, read_only
from tests.agent.probe_tools import SKETCH
from tests.agent.scripted_model import ScriptedModel, calls

home, thread_id, now, url = Path(sys.argv[1]), sys.argv[2], datetime.fromisoformat(sys.argv[3]), sys.argv[4]
sessions = open_sessions(open_engine(url))


def write_and_die(ctx, args):
DIES


async def main():
    with read_only(sessions) as session:
        actor = actor_for(session.get(Account, 1))
    lines = [calls(("sketch", {"subject": "tea"})), calls(("sketch", {"subject": "milk"}), ids=["call-second"])]
    model = ChosenModel(ScriptedModel(lines=lines), is_planner=True)
    assistant = Assistant(
        sessions=sessions, model=model, clock=FixedClock(now), home=home, tools=[replace(SKETCH, run=write_and_die)]
    )
    async for _ in assistant.say(actor, thread_id, sys.argv[5]):
        pass


asyncio.run(main())
"""


def die(engine: Engine, home: Path, thread: str, now: object, *, how: str, words: str = "sketch tea") -> None:
    """Say `words` in a process that is killed in the middle of the turn."""
    url = engine.url.render_as_string(hide_password=False)
    arguments = [sys.executable, "-c", PROGRAM.replace("DIES", how), str(home), thread, str(now), url, words]
    died = subprocess.run(arguments, cwd=ROOT, check=False, capture_output=True, text=True)
    assert died.returncode == 9, died.stderr


async def test_a_kill_inside_a_tool_writes_nothing_and_the_thread_goes_on(
    make_assistant: MakeAssistant, operator: Actor, sessions: Sessions, engine: Engine, tmp_path: Path, now: object
) -> None:
    assistant = make_assistant(AIMessage("Hello."))
    thread = await assistant.open_thread(operator)
    die(engine, tmp_path, thread, now, how=DIES)
    assert (await hear(assistant.say(operator, thread, "hello")))[-1] == Answered("Hello.")
    with read_only(sessions) as session:
        assert times_noted(session, "tea") == 0
    tools = [entry for entry in await assistant.transcript(operator, thread) if entry.kind is EntryKind.TOOL]
    assert [entry.payload["status"] for entry in tools] == [CallStatus.FAILED]


@pytest.mark.parametrize(
    ("how", "words", "told"),
    [
        (DIES, "sketch tea", "Nothing was changed."),
        (DIES, "画一个茶的草图", "没有做任何更改。"),
        (DIES_AFTER_THE_WRITE, "sketch tea, then milk", "This had been done by then: sketch."),
        (DIES_AFTER_THE_WRITE, "先画茶，再画牛奶", "在此之前已完成：sketch。"),
    ],
)
async def test_the_next_start_answers_what_a_killed_process_left(
    make_assistant: MakeAssistant,
    operator: Actor,
    engine: Engine,
    tmp_path: Path,
    now: object,
    how: str,
    words: str,
    told: str,
) -> None:
    assistant = make_assistant(AIMessage("Hello."))
    thread, quiet = await assistant.open_thread(operator), await assistant.open_thread(operator)
    await hear(assistant.say(operator, quiet, "hello"))
    die(engine, tmp_path, thread, now, how=how, words=words)
    restarted = make_assistant(AIMessage("Hello again."))
    assert await restarted.settle_interrupted() == 1
    last = (await restarted.transcript(operator, thread))[-1]
    assert (last.kind, last.payload["failed"]) == (EntryKind.ANSWER, "interrupted")
    assert told in last.text
    assert await restarted.settle_interrupted() == 0
    assert (await hear(restarted.say(operator, thread, "hello")))[-1] == Answered("Hello again.")
    assert len(await restarted.transcript(operator, quiet)) == 2


async def test_a_turn_under_way_elsewhere_is_left_to_it(
    make_assistant: MakeAssistant, operator: Actor, tmp_path: Path
) -> None:
    begun, goes_on = asyncio.Event(), asyncio.Event()

    class Waiting(ScriptedModel):
        async def _astream(self, *args: Any, **more: Any) -> AsyncIterator[Any]:
            begun.set()
            await goes_on.wait()
            async for chunk in super()._astream(*args, **more):
                yield chunk

    assistant = make_assistant(model=ChosenModel(Waiting(lines=[AIMessage("Late.")]), is_planner=True))
    thread = await assistant.open_thread(operator)
    turn = asyncio.create_task(hear(assistant.say(operator, thread, "hello")))
    await begun.wait()
    assert await make_assistant().settle_interrupted() == 0
    goes_on.set()
    assert (await turn)[-1] == Answered("Late.")
