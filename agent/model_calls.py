"""What surrounds every call of the model: its limits, what it is told, and what of its words is kept."""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import structlog
from langchain.agents.middleware import AgentMiddleware, AgentState, ModelRequest, ModelResponse
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import (
    AIMessage,
    AnyMessage,
    BaseMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
    trim_messages,
)
from langchain_core.messages.utils import count_tokens_approximately
from langchain_core.tools import BaseTool

from agent.context import TurnContext
from agent.numbers import NumberGuard
from agent.prompts.system import system_prompt
from agent.tool_executor import ToolExecutor
from crm.errors import Forbidden, Unavailable
from tools.base import Language

log = structlog.get_logger()

MAX_FAILED_TRIES = 3
"""Calls with wrong arguments after which the person is asked instead of the model once more."""
MAX_MODEL_CALLS = 12
"""Model calls in one turn; a CRM request needs two or three."""
MAX_HISTORY_TOKENS = 24_000
"""About how much of a long conversation a language model reads again on each call."""

WRONG_ARGUMENTS = ("invalid_request", "unknown_tool")

_GAVE_UP: dict[Language, str] = {
    "en": "I tried {tries} times and could not put your request into a form that the tools accept. "
    "The last problem was: {problem} Please say it in another way.",
    "zh": "我试了{tries}次，仍无法把您的要求转换成工具能接受的形式。最后的问题是：{problem} 请换一种说法。",
}
_TOO_LONG: dict[Language, str] = {
    "en": "I stopped after {calls} steps without reaching an answer. What was done so far is shown above; "
    "please ask for one thing at a time.",
    "zh": "已经进行了{calls}步仍未得出答案，我先停下来。已完成的部分见上文；请一次只提一个要求。",
}


@dataclass(frozen=True)
class ChosenModel:
    """The model that drives the agent and how it fails."""

    chat: BaseChatModel
    is_planner: bool
    """The embedded planner composes from tool results by code; a language model's prose is checked."""
    name: str = "planner"
    """As the endpoint knows it."""
    transient_errors: tuple[type[Exception], ...] = ()
    """What the model's client raises when the endpoint does not answer."""


@dataclass(frozen=True)
class ModelCalled:
    """Told to the run before the model speaks: how its words are to be checked while they stream."""

    guard: NumberGuard | None


class CallModel(AgentMiddleware[AgentState[Any], TurnContext]):
    """Prepares every call of the model and checks what comes back."""

    def __init__(self, model: ChosenModel, executor: ToolExecutor) -> None:
        super().__init__()
        self.tools = []
        self._model = model
        self._executor = executor

    async def awrap_model_call(
        self,
        request: ModelRequest[TurnContext],
        handler: Callable[[ModelRequest[TurnContext]], Awaitable[ModelResponse[Any]]],
    ) -> ModelResponse[Any]:
        turn = request.runtime.context
        if not isinstance(turn, TurnContext):
            raise Forbidden("the assistant was called without a signed-in person")
        if words := _reason_to_stop(request.messages, turn.language):
            return ModelResponse(result=[AIMessage(words)])
        guard = None if self._model.is_planner else _number_guard(request.messages, turn)
        request.runtime.stream_writer(ModelCalled(guard))
        began = time.monotonic()
        try:
            response = await handler(self._prepared(request, turn))
        except self._model.transient_errors as error:
            self._log_answered(turn, began, outcome=type(error).__name__)
            raise Unavailable(f"the language model did not answer ({type(error).__name__}); try again") from error
        self._log_answered(turn, began, outcome="answered", **_tokens(response))
        if self._model.is_planner:
            return response
        return replace(response, result=[_checked(message, request.messages, turn) for message in response.result])

    def _log_answered(self, turn: TurnContext, began: float, **more: Any) -> None:
        seconds = round(time.monotonic() - began, 4)
        log.info("model.answered", thread_id=turn.thread_id, model=self._model.name, seconds=seconds, **more)

    def _prepared(self, request: ModelRequest[TurnContext], turn: TurnContext) -> ModelRequest[TurnContext]:
        allowed = {tool.name for tool in self._executor.tools if turn.actor.may(tool.permission)}
        tools = [tool for tool in request.tools if isinstance(tool, BaseTool) and tool.name in allowed]
        if self._model.is_planner:
            settings = {
                "vocabulary": turn.vocabulary,
                "today": turn.today,
                "zone": turn.zone,
                "actor": turn.actor,
                "currency": turn.currency,
            }
            return request.override(tools=[*tools], model_settings=settings)
        history = trim_messages(
            request.messages,
            max_tokens=MAX_HISTORY_TOKENS,
            token_counter=count_tokens_approximately,
            start_on="human",
        )
        return request.override(
            tools=[*tools],
            messages=cast("list[AnyMessage]", history) or request.messages,
            system_message=SystemMessage(system_prompt(turn)),
        )


def _tokens(response: ModelResponse[Any]) -> dict[str, int]:
    """What the endpoint says that the call took; empty when it says nothing."""
    usage = [message.usage_metadata for message in response.result if isinstance(message, AIMessage)]
    told = [each for each in usage if each is not None]
    return {name: sum(each[name] for each in told) for name in ("input_tokens", "output_tokens")} if told else {}


def _number_guard(messages: Sequence[BaseMessage], turn: TurnContext) -> NumberGuard:
    """A guard that lets figures through which stand in a tool result or in the person's own words."""
    sources = [message.text for message in messages if isinstance(message, ToolMessage | HumanMessage)]
    return NumberGuard([*sources, turn.today.isoformat()], turn.language)


def _checked(message: BaseMessage, history: Sequence[AnyMessage], turn: TurnContext) -> BaseMessage:
    if not isinstance(message, AIMessage) or not message.text:
        return message
    guard = _number_guard(history, turn)
    return message.model_copy(update={"content": guard.feed(message.text) + guard.finish()})


def _reason_to_stop(messages: Sequence[BaseMessage], language: Language) -> str | None:
    """What to tell the person when this turn should go no further, else None."""
    this_turn: list[BaseMessage] = []
    for message in reversed(messages):
        if isinstance(message, HumanMessage):
            break
        this_turn.append(message)
    problems = [problem for message in this_turn if (problem := _wrong_arguments(message))]
    if len(problems) >= MAX_FAILED_TRIES:
        return _GAVE_UP[language].format(tries=len(problems), problem=problems[0])
    calls = sum(isinstance(message, AIMessage) for message in this_turn)
    return _TOO_LONG[language].format(calls=calls) if calls >= MAX_MODEL_CALLS else None


def _wrong_arguments(message: BaseMessage) -> str | None:
    """What was wrong with a call's arguments; None for any other message."""
    if not isinstance(message, ToolMessage) or not isinstance(message.artifact, dict):
        return None
    return message.artifact["message"] if message.artifact["code"] in WRONG_ARGUMENTS else None
