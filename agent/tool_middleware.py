"""What stands between the model's tool calls and the tools: checks before a person is asked, and again when run."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, NoReturn

import structlog
from langchain.agents.middleware import AgentMiddleware, AgentState, HumanInTheLoopMiddleware
from langchain.agents.middleware.human_in_the_loop import InterruptOnConfig
from langchain.agents.middleware.types import ToolCallRequest
from langchain_core.messages import ToolMessage
from langchain_core.tools import BaseTool
from langgraph.types import Command

from agent.context import TurnContext
from agent.events import ApprovalRequested, CallStatus, ToolFinished, ToolStarted
from agent.tool_executor import Outcome, ToolCall, ToolExecutor
from crm.errors import CrmError, Forbidden
from tools.base import Effect, Tool

log = structlog.get_logger()

Handler = Callable[[ToolCallRequest], Awaitable[ToolMessage | Command[Any]]]


@dataclass(frozen=True)
class DryRunDone:
    """Told to the run: what a call that waits for a person would do."""

    call_id: str
    summary: str
    mark: str | None


class DeclaredTool(BaseTool):
    """What the model sees of a tool. It never runs by itself: `RunCalls` runs the tool with the turn's rights."""

    def _run(self, **_arguments: Any) -> NoReturn:
        raise RuntimeError(f"{self.name} was called past the guard")


def declare(tool: Tool[Any]) -> DeclaredTool:
    return DeclaredTool(name=tool.name, description=tool.doc, args_schema=tool.args)


class ConfirmCalls(HumanInTheLoopMiddleware[AgentState[Any], TurnContext, Any]):
    """Turns away what could not run, and asks a person about each call that changes more than their own draft.

    Whether to ask follows the state of what the call touches, so it is found out by rehearsing the call.
    """

    def __init__(self, executor: ToolExecutor) -> None:
        asked: dict[str, bool | InterruptOnConfig] = {
            tool.name: InterruptOnConfig(allowed_decisions=["approve", "edit", "reject"])
            for tool in executor.tools
            if tool.may_ask
        }
        super().__init__(asked, interrupt_mode="per_call")
        self.tools = []
        self._executor = executor

    async def awrap_tool_call(self, request: ToolCallRequest, handler: Handler) -> ToolMessage | Command[Any]:
        turn, call = _turn_and_call(request)
        try:
            dry_run = await asyncio.to_thread(self._executor.dry_run, turn, call)
        except CrmError as error:
            return await _turn_away(self._executor, request, error)
        if dry_run is None:
            return await handler(request)
        request.runtime.stream_writer(DryRunDone(call.call_id, dry_run.summary, dry_run.mark))
        return await super().awrap_tool_call(request, handler)


class RunCalls(AgentMiddleware[AgentState[Any], TurnContext]):
    """Runs a call that is allowed and, where needed, confirmed; the arguments may be a person's edit."""

    def __init__(self, executor: ToolExecutor) -> None:
        super().__init__()
        self.tools = []
        self._executor = executor

    async def awrap_tool_call(self, request: ToolCallRequest, handler: Handler) -> ToolMessage | Command[Any]:
        turn, call = _turn_and_call(request)
        tool = self._executor.find(call.name)
        if tool is not None:
            request.runtime.stream_writer(ToolStarted(call.call_id, tool.name, tool.effect, call.args))
        began = time.monotonic()
        try:
            # A thread of its own, because the domain is synchronous; a session is opened and closed inside.
            outcome = await asyncio.to_thread(self._executor.run, turn, call)
        except CrmError as error:
            return await _turn_away(self._executor, request, error)
        return self._done(request, call, outcome, seconds=time.monotonic() - began)

    def _done(self, request: ToolCallRequest, call: ToolCall, outcome: Outcome, *, seconds: float) -> ToolMessage:
        tool = self._executor.find(call.name)
        if tool is None:
            raise RuntimeError(f"{call.name} ran without being known")
        reaches = tool.effect is Effect.REACH or outcome.approval_id is not None
        status = CallStatus.PENDING_APPROVAL if reaches else CallStatus.DONE
        turn, _ = _turn_and_call(request)
        effect = outcome.effect or tool.effect
        _log_finished(turn, tool.name, effect, status, seconds=round(seconds, 4))
        write = request.runtime.stream_writer
        write(ToolFinished(call.call_id, tool.name, effect, call.args, status, outcome.artifact))
        if outcome.approval_id is not None:
            summary = str(outcome.content.get("summary", ""))
            write(ApprovalRequested(call.call_id, tool.name, call.args, summary, outcome.approval_id))
        return result_message(call, outcome)


def result_message(call: ToolCall, outcome: Outcome) -> ToolMessage:
    """A finished call as the model reads it."""
    return ToolMessage(
        json.dumps(outcome.content, ensure_ascii=False), name=call.name, tool_call_id=call.call_id, status="success"
    )


def error_message(call: ToolCall, error: CrmError) -> ToolMessage:
    """A call that could not be done, as the model reads it: `{"error": {code, message, path?, candidates?}}`."""
    words: dict[str, Any] = {"code": error.code, "message": error.message}
    if error.path:
        words["path"] = error.path
    if error.candidates:
        words["candidates"] = list(error.candidates)
    return ToolMessage(
        json.dumps({"error": words}, ensure_ascii=False),
        name=call.name,
        tool_call_id=call.call_id,
        status="error",
        artifact={"code": error.code, "message": error.message},
    )


def _turn_and_call(request: ToolCallRequest) -> tuple[TurnContext, ToolCall]:
    """Raises Forbidden when the call comes without a person, as a resume without context would."""
    turn = request.runtime.context
    if not isinstance(turn, TurnContext):
        raise Forbidden("a tool was called without a signed-in person")
    call = request.tool_call
    return turn, ToolCall(call["id"] or "", call["name"], call["args"])


async def _turn_away(executor: ToolExecutor, request: ToolCallRequest, error: CrmError) -> ToolMessage:
    turn, call = _turn_and_call(request)
    tool = executor.find(call.name)
    status = CallStatus.ERROR
    if isinstance(error, Forbidden):
        status = CallStatus.REFUSED
        await asyncio.to_thread(executor.note_refusal, turn, call, error)
    # A name that the model made up is no series of its own.
    _log_finished(turn, tool.name if tool else "unknown", tool.effect if tool else None, status, code=error.code)
    request.runtime.stream_writer(
        ToolFinished(call.call_id, call.name, tool.effect if tool else None, call.args, status, None, error.message)
    )
    return error_message(call, error)


def _log_finished(turn: TurnContext, tool: str, effect: Effect | None, status: CallStatus, **more: Any) -> None:
    log.info("tool.finished", thread_id=turn.thread_id, tool=tool, effect=effect or "", status=status.value, **more)
