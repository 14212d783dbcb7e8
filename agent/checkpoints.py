"""What the stored state of a conversation's graph says, and how calls in it are closed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.runnables import RunnableConfig
from langgraph.types import StateSnapshot

from agent.graph import Graph
from agent.tool_executor import ToolCall


@dataclass(frozen=True)
class PendingConfirmation:
    """A call that waits for a person."""

    interrupt_id: str
    call: ToolCall


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


def last_ai_message(values: Mapping[str, Any]) -> AIMessage | None:
    """The model's newest message."""
    return next((message for message in reversed(values["messages"]) if isinstance(message, AIMessage)), None)
