"""Closes tool calls that have no result, after a crash or when a person moved on, so that the thread goes on."""

import asyncio
import json

from langchain_core.messages import ToolMessage

from agent.checkpoints import close_calls, pending_confirmations, thread_config, unanswered_calls
from agent.context import TurnContext
from agent.events import CallStatus, ToolFinished
from agent.graph import Graph
from agent.tool_executor import ToolCall, ToolExecutor
from agent.tool_middleware import result_message

NOT_CONFIRMED = "The person did not confirm this; it was not done. Do not call it again unless asked to."
OUTCOME_UNKNOWN = "failed, outcome unknown: look up what was done before calling it again"


async def close_open_calls(graph: Graph, executor: ToolExecutor, turn: TurnContext) -> list[ToolFinished]:
    """Give every call without a result the one it has earned; returns them as they stand now.

    A write that had been committed before the crash gets its stored result; a call that waited for
    the person counts as not confirmed.
    """
    snapshot = await graph.aget_state(thread_config(turn.thread_id))
    waiting = {each.call.call_id for each in pending_confirmations(snapshot)}
    results: list[ToolMessage] = []
    closed: list[ToolFinished] = []
    for call in unanswered_calls(snapshot):
        status, result, artifact = CallStatus.FAILED, _failure(call, "failed", OUTCOME_UNKNOWN), None
        if call.call_id in waiting:
            status, result = CallStatus.REJECTED, _failure(call, "rejected", NOT_CONFIRMED)
        elif outcome := await asyncio.to_thread(executor.earlier_outcome, turn.thread_id, call.call_id):
            status, result, artifact = CallStatus.DONE, result_message(call, outcome), outcome.artifact
        tool = executor.find(call.name)
        results.append(result)
        closed.append(ToolFinished(call.call_id, call.name, tool.effect if tool else None, call.args, status, artifact))
    await close_calls(graph, turn.thread_id, results)
    return closed


def _failure(call: ToolCall, code: str, message: str) -> ToolMessage:
    return ToolMessage(
        json.dumps({"error": {"code": code, "message": message}}),
        name=call.name,
        tool_call_id=call.call_id,
        status="error",
    )
