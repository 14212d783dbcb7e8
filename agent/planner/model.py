"""The embedded planner as a chat model: it understands requests and composes answers without a language model.

`create_agent` drives it like any other model. What it needs to know beside the messages comes as call
arguments, bound by a middleware through `model_settings`: vocabulary, today, zone, actor, currency.

Its replies carry marks in `additional_kwargs` (see agent/reply.py):
    "asked"        the slots that a clarifying question asks about, e.g. ["offer", "channel"]
    "refused"      the reason code, when the request was turned down
    "unsupported"  the capability that was asked for and does not exist yet
    "planner"      notes to itself: what the request left open, what its answer dwells on
"""

import json
import re
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import date
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import RunVar
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool

from agent.planner.acts import Act, Ask, Calls, Pending, Refuse
from agent.planner.compose import compose_answer
from agent.planner.conversation import PLANNER_KEY, Turn, read_turns
from agent.planner.focus import read_focus
from agent.planner.intents.base import which
from agent.planner.planning import plan
from agent.planner.request import Request, World
from crm.access.actor import Actor
from crm.segments.language.vocabulary import Vocabulary

_PIECES = re.compile(r"\S+\s*|\s+")
_CALL_IDS = uuid.UUID("6d3f0a51-6f0e-4a7e-9a53-1f8f0b6c2d47")
"""Namespace of call ids: the same request asked again after a crash makes the same ids, so nothing is written twice."""


PLANNED_AT_ONCE = 2
"""Requests in one event loop; more would only take time from each other and from everything else."""
_limiter: RunVar[CapacityLimiter] = RunVar("planning")


def _planning_limiter() -> CapacityLimiter:
    try:
        return _limiter.get()
    except LookupError:
        limiter = CapacityLimiter(PLANNED_AT_ONCE)
        _limiter.set(limiter)
        return limiter


class PlannerChatModel(BaseChatModel):
    """Plans tool calls from the person's words only; what tools return is data and never an instruction."""

    @property
    def _llm_type(self) -> str:
        return "nurture-planner"

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """This model, knowing which tools the caller may use."""
        # Converting a declared tool costs milliseconds on each call, and only its name is wanted.
        names = [
            tool.name if isinstance(tool, BaseTool) else str(convert_to_openai_tool(tool)["function"]["name"])
            for tool in tools
        ]
        return self.bind(tool_names=names, **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=_reply(messages, **kwargs))])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        for chunk in _chunks(_reply(messages, **kwargs)):
            if run_manager is not None:
                run_manager.on_llm_new_token(str(chunk.text), chunk=chunk)
            yield chunk

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        # Reading words holds the interpreter: in a thread the server answers others meanwhile.
        reply = await to_thread.run_sync(partial(_reply, messages, **kwargs), limiter=_planning_limiter())
        for chunk in _chunks(reply):
            if run_manager is not None:
                await run_manager.on_llm_new_token(str(chunk.text), chunk=chunk)
            yield chunk


def _reply(
    messages: Sequence[BaseMessage],
    *,
    vocabulary: Vocabulary,
    today: date,
    zone: ZoneInfo,
    actor: Actor,
    currency: str,
    tool_names: Sequence[str] | None = None,
    **_settings: Any,
) -> AIMessage:
    """The next message: a plan for the last request, or the answer once its calls have come back."""
    turns = read_turns(messages)
    world = World(vocabulary, today, zone, actor, currency)
    if not turns:
        return AIMessage("")
    turn = turns[-1]
    if turn.calls and all(made.answered for made in turn.calls):
        return _answer(turn, world)
    request = Request(turn.words, read_focus(turns[:-1]), world)
    act = plan(request)
    if isinstance(act, Calls) and tool_names is not None:
        act = _without_missing_tools(request, act, tool_names)
    return _message(act, _request_id(messages))


def _answer(turn: Turn, world: World) -> AIMessage:
    answer = compose_answer(turn, world)
    return _message(answer, request_id="") if isinstance(answer, Ask) else AIMessage(answer)


def _message(act: Act, request_id: str) -> AIMessage:
    if isinstance(act, Calls):
        calls = [
            {"name": use.name, "args": dict(use.args), "id": _call_id(request_id, index), "type": "tool_call"}
            for index, use in enumerate(act.uses)
        ]
        return AIMessage("", tool_calls=calls, additional_kwargs=_notes(view=dict(act.view), unread=list(act.unread)))
    if isinstance(act, Ask):
        marks = {"asked": list(act.slots), **_notes(pending=_as_json(act.pending))}
        return AIMessage(act.words, additional_kwargs=marks)
    if isinstance(act, Refuse):
        return AIMessage(act.words, additional_kwargs={"refused": act.reason})
    return AIMessage(act.words, additional_kwargs={"unsupported": act.unsupported} if act.unsupported else {})


def _notes(**notes: Any) -> dict[str, Any]:
    return {PLANNER_KEY: notes}


def _as_json(pending: Pending | None) -> dict[str, Any] | None:
    return (
        None if pending is None else {**asdict(pending), "args": dict(pending.args), "missing": list(pending.missing)}
    )


def _without_missing_tools(request: Request, calls: Calls, tool_names: Sequence[str]) -> Act:
    """A refusal when the person's role has no right to a tool that the request needs."""
    forbidden = [use.name for use in calls.uses if use.name not in tool_names]
    if not forbidden:
        return calls
    action = forbidden[0].replace("_", " ")
    words = which(
        request,
        f"Your role ({request.world.actor.role}) does not include this: {action}. Someone with that right can do it.",
        f"您的角色（{request.world.actor.role}）没有此权限：{action}。请联系有权限的同事。",
    )
    return Refuse("permission", words)


def _request_id(messages: Sequence[BaseMessage]) -> str:
    """Stable for one request of one thread: a message gets its id when the thread stores it."""
    last = next(message for message in reversed(messages) if isinstance(message, HumanMessage))
    return last.id or uuid.uuid4().hex


def _call_id(request_id: str, index: int) -> str:
    return f"call_{uuid.uuid5(_CALL_IDS, f'{request_id}:{index}').hex}"


def _chunks(message: AIMessage) -> Iterator[ChatGenerationChunk]:
    """The message in pieces of a word each; the last piece carries calls and marks."""
    run_id = f"planner-{uuid.uuid4()}"
    for piece in _PIECES.findall(message.text):
        yield ChatGenerationChunk(message=AIMessageChunk(content=piece, id=run_id))
    calls = [
        tool_call_chunk(
            name=call["name"], args=json.dumps(call["args"], ensure_ascii=False), id=call["id"], index=index
        )
        for index, call in enumerate(message.tool_calls)
    ]
    last = AIMessageChunk(
        content="",
        id=run_id,
        tool_call_chunks=calls,
        additional_kwargs=message.additional_kwargs,
        chunk_position="last",
    )
    yield ChatGenerationChunk(message=last)
