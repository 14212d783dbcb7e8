"""A process that dies inside a tool has written nothing, and the next one goes on with the conversation."""

import subprocess
import sys
from pathlib import Path

from langchain_core.messages import AIMessage
from sqlalchemy import Engine

from agent.events import Answered, CallStatus
from agent.models import EntryKind
from crm.access.actor import Actor
from crm.database import Sessions, read_only
from tests.agent.conftest import MakeAssistant, hear
from tests.agent.probe_tools import times_noted

ROOT = Path(__file__).parents[2]
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
    SKETCH.run(ctx, args)
    ctx.session.flush()
    os._exit(9)


async def main():
    with read_only(sessions) as session:
        actor = actor_for(session.get(Account, 1))
    model = ChosenModel(ScriptedModel(lines=[calls(("sketch", {"subject": "tea"}))]), is_planner=True)
    assistant = Assistant(
        sessions=sessions, model=model, clock=FixedClock(now), home=home, tools=[replace(SKETCH, run=write_and_die)]
    )
    async for _ in assistant.say(actor, thread_id, "sketch tea"):
        pass


asyncio.run(main())
"""


async def test_a_kill_inside_a_tool_writes_nothing_and_the_thread_goes_on(
    make_assistant: MakeAssistant, operator: Actor, sessions: Sessions, engine: Engine, tmp_path: Path, now: object
) -> None:
    assistant = make_assistant(AIMessage("Hello."))
    thread = await assistant.open_thread(operator)
    url = engine.url.render_as_string(hide_password=False)
    arguments = [sys.executable, "-c", PROGRAM, str(tmp_path), thread, str(now), url]
    died = subprocess.run(arguments, cwd=ROOT, check=False, capture_output=True, text=True)
    assert died.returncode == 9, died.stderr
    assert (await hear(assistant.say(operator, thread, "hello")))[-1] == Answered("Hello.")
    with read_only(sessions) as session:
        assert times_noted(session, "tea") == 0
    tools = [entry for entry in await assistant.transcript(operator, thread) if entry.kind is EntryKind.TOOL]
    assert [entry.payload["status"] for entry in tools] == [CallStatus.FAILED]
