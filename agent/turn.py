"""One run of the graph, turned into events and transcript entries as it happens."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import AIMessage
from langgraph.types import Command, StreamMode

from agent import transcript
from agent.checkpoints import PendingConfirmation, last_ai_message, pending_confirmations, thread_config
from agent.context import TurnContext
from agent.events import (
    Answered,
    ApprovalRequested,
    ConfirmationAsked,
    Event,
    TextDelta,
    ToolFinished,
    ToolStarted,
)
from agent.graph import Graph
from agent.model_calls import ModelCalled
from agent.numbers import NumberGuard
from agent.reply import read_reply
from agent.tool_executor import ToolExecutor
from agent.tool_middleware import DryRunDone
from crm.database import Sessions, read_only, unit_of_work
from tools.fence import unfence

Emit = Callable[[Event], None]
STREAMS: list[StreamMode] = ["messages", "updates", "custom"]


@dataclass
class TurnRun:
    """Feeds the graph once and reports what happens. One object a run."""

    graph: Graph
    executor: ToolExecutor
    sessions: Sessions
    turn: TurnContext
    emit: Emit
    _guard: NumberGuard | None = None
    _said: list[str] = field(default_factory=list)
    _has_called_tools: bool = False
    _rehearsed: dict[str, DryRunDone] = field(default_factory=dict)
    """What waiting calls would do, by call id."""

    async def run(self, given: Mapping[str, Any] | Command[Any], *, preface: str = "") -> None:
        """Run until the model has answered or a person must decide. Ends with `Answered`.

        `preface` is what we say ourselves before the model's words.
        """
        self._say(preface)
        parts = self.graph.astream(
            given,
            thread_config(self.turn.thread_id),
            context=self.turn,
            stream_mode=STREAMS,
            version="v2",
            # Otherwise a killed process forgets which calls it made, and makes them again under new ids.
            durability="sync",
        )
        async for part in parts:
            await self._take(part["type"], part["data"])
        self._flush_text()
        await self._finish()

    async def _take(self, kind: str, data: Any) -> None:
        if kind == "messages":
            message, origin = data
            if isinstance(message, AIMessage) and origin.get("langgraph_node") == "model":
                self._say(message.text if self._guard is None else self._guard.feed(message.text))
        elif kind == "custom":
            await self._take_event(data)
        elif "model" in data:
            self._flush_text()

    async def _take_event(
        self, event: ModelCalled | DryRunDone | ToolStarted | ToolFinished | ApprovalRequested
    ) -> None:
        if isinstance(event, ModelCalled):
            self._guard = event.guard
            if self._said and not self._said[-1].endswith("\n\n"):
                self._say("\n\n")
            return
        if isinstance(event, DryRunDone):
            self._rehearsed[event.call_id] = event
            return
        self._has_called_tools = True
        self.emit(event)
        if isinstance(event, ToolFinished):
            await self._write(transcript.write_tool, event)

    def _say(self, text: str) -> None:
        if text := unfence(text):
            self._said.append(text)
            self.emit(TextDelta(text))

    def _flush_text(self) -> None:
        if self._guard is not None:
            self._say(self._guard.finish())

    async def _finish(self) -> None:
        snapshot = await self.graph.aget_state(thread_config(self.turn.thread_id))
        last = last_ai_message(snapshot.values)
        if last is None:
            raise RuntimeError("a run ended without a word of the model")
        reply = read_reply(last, called_tools=self._has_called_tools)
        text = "".join(self._said).strip()
        pending = pending_confirmations(snapshot)
        asked, refused = (None, None) if pending else (reply.asked, reply.refused)
        if text:
            await self._write(transcript.write_answer, text, asked=asked, refused=refused)
        for confirmation in pending:
            if not await self._was_asked(confirmation):
                await self._ask(confirmation)
        self.emit(Answered(text, asked, refused))

    async def _was_asked(self, pending: PendingConfirmation) -> bool:
        """Whether this one waits from an earlier run, beside the one that was just answered."""

        def look() -> bool:
            with read_only(self.sessions) as session:
                return transcript.question_of(session, self.turn.thread_id, pending.interrupt_id) is not None

        return await asyncio.to_thread(look)

    async def _ask(self, pending: PendingConfirmation) -> None:
        call = pending.call
        tool = self.executor.find(call.name)
        if tool is None:
            raise RuntimeError(f"{call.name} waits for a person without being known")
        rehearsed = self._rehearsed[call.call_id]
        asked = ConfirmationAsked(
            pending.interrupt_id,
            call.call_id,
            call.name,
            call.args,
            rehearsed.summary,
            tool.args.model_json_schema(),
            rehearsed.mark,
        )
        await self._write(transcript.write_confirmation, asked)
        self.emit(asked)

    async def _write(self, write: Callable[..., None], *what: Any, **more: Any) -> None:
        def in_one_transaction() -> None:
            with unit_of_work(self.sessions) as session:
                write(session, self.turn.thread_id, *what, self.turn.now, **more)

        await asyncio.to_thread(in_one_transaction)
