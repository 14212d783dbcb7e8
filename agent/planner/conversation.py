"""The messages of a thread as turns: what the person said, what was called, what came back.

Everything the planner remembers is read from here, so a restart loses nothing.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage

from agent.planner.acts import Pending

PLANNER_KEY = "planner"
"""Under this key of `additional_kwargs` the planner keeps its own notes on a message."""


@dataclass(frozen=True)
class CallMade:
    """One tool call of a turn and its result, once it has one."""

    id: str
    name: str
    args: Mapping[str, Any]
    content: Any = None
    """The tool's answer: parsed JSON, or text where it was none. None while it has not answered."""
    failed: bool = False

    @property
    def answered(self) -> bool:
        return self.content is not None

    @property
    def result(self) -> Mapping[str, Any]:
        """The result as an object; empty when it failed or was plain text."""
        return self.content if isinstance(self.content, Mapping) and not self.failed else {}


@dataclass(frozen=True)
class Turn:
    """One request with everything that followed it."""

    words: str
    calls: tuple[CallMade, ...] = ()
    view: Mapping[str, Any] = field(default_factory=dict)
    """The hints that the planner left for its answer."""
    unread: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    pending: Pending | None = None


def read_turns(messages: Sequence[BaseMessage]) -> tuple[Turn, ...]:
    """The turns in order; the last one is the request at hand. Messages before the first request are skipped."""
    turns: list[Turn] = []
    start: int | None = None
    for index, message in enumerate(messages):
        if isinstance(message, HumanMessage):
            if start is not None:
                turns.append(_read_turn(messages[start:index]))
            start = index
    if start is not None:
        turns.append(_read_turn(messages[start:]))
    return tuple(turns)


def _read_turn(messages: Sequence[BaseMessage]) -> Turn:
    answers = {message.tool_call_id: message for message in messages if isinstance(message, ToolMessage)}
    spoken = [message for message in messages if isinstance(message, AIMessage)]
    calls = tuple(
        _with_answer(CallMade(str(call["id"]), call["name"], call["args"]), answers.get(str(call["id"])))
        for message in spoken
        for call in message.tool_calls
    )
    notes: dict[str, Any] = {}
    for message in spoken:
        notes.update(message.additional_kwargs.get(PLANNER_KEY) or {})
    asked = tuple(slot for message in spoken[-1:] for slot in message.additional_kwargs.get("asked") or ())
    pending = notes.get("pending") if asked else None
    return Turn(
        words=str(messages[0].text),
        calls=calls,
        view=notes.get("view") or {},
        unread=tuple(notes.get("unread") or ()),
        asked=asked,
        pending=Pending(pending["intent"], pending["args"], tuple(pending["missing"])) if pending else None,
    )


def _with_answer(call: CallMade, message: ToolMessage | None) -> CallMade:
    if message is None:
        return call
    text = str(message.text)
    try:
        content = json.loads(text)
    except ValueError:
        content = text
    return CallMade(call.id, call.name, call.args, content, failed=message.status == "error")
