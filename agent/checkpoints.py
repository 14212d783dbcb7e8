"""The stored state of each conversation's graph: opened once a process, kept small, repaired after a crash."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiosqlite
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.types import StateSnapshot

from agent.desk import ToolCall
from agent.graph import Graph

CHECKPOINTS_FILE = "checkpoints.sqlite"


@dataclass(frozen=True)
class PendingConfirmation:
    """A call that waits for a person."""

    interrupt_id: str
    call: ToolCall


@asynccontextmanager
async def open_checkpoints(home: Path) -> AsyncIterator[AsyncSqliteSaver]:
    """The saver on the file in `home`. It belongs to the event loop that opened it."""
    home.mkdir(parents=True, exist_ok=True)
    async with aiosqlite.connect(home / CHECKPOINTS_FILE, timeout=30) as connection:
        saver = AsyncSqliteSaver(connection)
        await saver.setup()
        yield saver


def thread_config(thread_id: str) -> RunnableConfig:
    return {"configurable": {"thread_id": thread_id}}


def pending_confirmations(snapshot: StateSnapshot) -> tuple[PendingConfirmation, ...]:
    """What waits for a person, in the order of the calls."""
    return tuple(
        PendingConfirmation(
            interrupt.id,
            ToolCall(interrupt.value["tool_call_id"], interrupt.value["name"], interrupt.value["args"]),
        )
        for interrupt in snapshot.interrupts
    )


def unanswered_calls(snapshot: StateSnapshot) -> tuple[ToolCall, ...]:
    """Calls of the last model message that have no result, those waiting for a person included."""
    messages: list[BaseMessage] = snapshot.values.get("messages", [])
    answered = {message.tool_call_id for message in messages if isinstance(message, ToolMessage)}
    spoken = [message for message in messages if isinstance(message, AIMessage)]
    if not spoken:
        return ()
    return tuple(
        ToolCall(call["id"] or "", call["name"], call["args"])
        for call in spoken[-1].tool_calls
        if call["id"] not in answered
    )


async def close_calls(graph: Graph, thread_id: str, results: Sequence[ToolMessage]) -> None:
    """Give calls a result from outside; a model that sees a call without one refuses to answer at all."""
    if results:
        await graph.aupdate_state(thread_config(thread_id), {"messages": [*results]}, as_node="tools")


async def prune(saver: AsyncSqliteSaver, thread_id: str) -> None:
    """Forget all but the newest checkpoint of a conversation; each one holds every message again."""
    newest = "(SELECT max(checkpoint_id) FROM checkpoints WHERE thread_id = ? AND checkpoint_ns = '')"
    async with saver.lock, saver.conn.cursor() as cursor:
        for table in ("writes", "checkpoints"):
            await cursor.execute(
                f"DELETE FROM {table} WHERE thread_id = ? AND checkpoint_ns = '' AND checkpoint_id < {newest}",  # noqa: S608
                (thread_id, thread_id),
            )
        await saver.conn.commit()


def last_ai_message(values: Mapping[str, Any]) -> AIMessage | None:
    """The model's newest message."""
    return next((message for message in reversed(values["messages"]) if isinstance(message, AIMessage)), None)
