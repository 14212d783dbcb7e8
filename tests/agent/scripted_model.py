"""A chat model that says what a test wrote, through the real protocol: streamed text and tool calls in pieces."""

import json
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from pydantic import Field

Line = AIMessage | Callable[[Sequence[BaseMessage]], AIMessage]
"""What the model says next: a message, or a function of all that it was shown."""


def calls(*named: tuple[str, dict[str, Any]], ids: Sequence[str] | None = None, text: str = "") -> AIMessage:
    """A message that calls tools; ids default to call-<tool>."""
    ids = ids or [f"call-{name}" for name, _ in named]
    return AIMessage(
        text,
        tool_calls=[
            {"name": name, "args": args, "id": call_id, "type": "tool_call"}
            for (name, args), call_id in zip(named, ids, strict=True)
        ],
    )


class ScriptedModel(BaseChatModel):
    """Says its lines in order and fails the test when asked for more."""

    lines: list[Any]
    seen: list[list[BaseMessage]] = Field(default_factory=list)
    """What the model was shown, call by call."""
    tools_offered: list[list[str]] = Field(default_factory=list)

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Sequence[Any], **_settings: Any) -> Runnable[Any, AIMessage]:
        self.tools_offered.append([tool.name for tool in tools])
        return self

    def _next(self, messages: list[BaseMessage]) -> AIMessage:
        self.seen.append(messages)
        assert self.lines, f"the script is over, but the model was called with {messages[-1]!r}"
        line: Line = self.lines.pop(0)
        return line(messages) if callable(line) else line

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **_: Any,
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self._next(messages))])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **_: Any,
    ) -> Iterator[ChatGenerationChunk]:
        message = self._next(messages)
        for index in range(0, len(message.text), 7):
            yield ChatGenerationChunk(message=AIMessageChunk(message.text[index : index + 7]))
        for index, call in enumerate(message.tool_calls):
            words = json.dumps(call["args"])
            half = len(words) // 2
            for name, call_id, piece in ((call["name"], call["id"], words[:half]), (None, None, words[half:])):
                chunk = tool_call_chunk(name=name, args=piece, id=call_id, index=index)
                yield ChatGenerationChunk(message=AIMessageChunk("", tool_call_chunks=[chunk]))
        last = AIMessageChunk("", additional_kwargs=message.additional_kwargs, chunk_position="last")
        yield ChatGenerationChunk(message=last)

    async def _astream(self, messages: list[BaseMessage], *args: Any, **settings: Any) -> AsyncIterator[Any]:
        for chunk in self._stream(messages):
            yield chunk
