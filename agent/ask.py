"""One conversation from first to last word, as one JSON object: what `nurture ask --json` prints."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar

from agent.events import (
    Answered,
    ApprovalRequested,
    CallStatus,
    ConfirmationAsked,
    Event,
    Failed,
    ToolFinished,
)
from agent.planner.language import language_of
from agent.runtime import Assistant
from crm.access.actor import Actor
from crm.errors import CrmError
from tools.base import Effect, Language

_SHALL_I: dict[Language, str] = {"en": "{summary} Shall I go ahead?", "zh": "{summary} 确认执行吗？"}


class TurnFailed(CrmError):
    """A turn broke off; the log tells why."""

    code: ClassVar[str] = "turn_failed"


async def ask(assistant: Assistant, actor: Actor, texts: Sequence[str], now: datetime | None = None) -> dict[str, Any]:
    """Run the turns in one new thread.

    `{"thread_id", "turns": [{"request", "answer", "asked", "refused", "tool_calls": [{"name", "effect",
    "args", "status", "artifact"}], "pending"}]}`; see `agent.events` for statuses. Raises TurnFailed
    when a turn breaks off.
    """
    thread_id = await assistant.open_thread(actor)
    turns = [await say_in(assistant, actor, thread_id, text, now) for text in texts]
    return {"thread_id": thread_id, "turns": turns}


async def say_in(
    assistant: Assistant, actor: Actor, thread_id: str, text: str, now: datetime | None = None
) -> dict[str, Any]:
    """Run one turn in a thread that exists; gives one of the `turns` above. Raises TurnFailed as `ask` does."""
    return _turn(text, [event async for event in assistant.say(actor, thread_id, text, now=now)])


def _turn(request: str, events: Sequence[Event]) -> dict[str, Any]:
    ending = events[-1]
    if isinstance(ending, Failed):
        raise TurnFailed(ending.message)
    if not isinstance(ending, Answered):
        raise RuntimeError(f"a turn ended with {type(ending).__name__}")
    calls = [_call(event) for event in events if isinstance(event, ToolFinished | ConfirmationAsked)]
    waiting = [event for event in events if isinstance(event, ConfirmationAsked | ApprovalRequested)]
    questions = [
        _SHALL_I[language_of(request)].format(summary=event.summary)
        for event in waiting
        if isinstance(event, ConfirmationAsked)
    ]
    was_refused = any(call["status"] == CallStatus.REFUSED for call in calls)
    return {
        "request": request,
        "answer": "\n\n".join([*([ending.text] if ending.text else []), *questions]),
        "asked": ending.asked,
        "refused": ending.refused or ("permission" if was_refused else None),
        "tool_calls": calls,
        "pending": _pending(waiting[0]) if waiting else None,
    }


def _call(event: ToolFinished | ConfirmationAsked) -> dict[str, Any]:
    if isinstance(event, ConfirmationAsked):
        event = ToolFinished(event.call_id, event.tool, Effect.WRITE, event.args, CallStatus.AWAITING_CONFIRMATION)
    return {
        "name": event.name,
        "effect": event.effect,
        "args": dict(event.args),
        "status": event.status,
        "artifact": event.artifact,
    }


def _pending(event: ConfirmationAsked | ApprovalRequested) -> dict[str, Any]:
    kind = "confirmation" if isinstance(event, ConfirmationAsked) else "approval"
    return {"kind": kind, "tool": event.tool, "args": dict(event.args), "summary": event.summary}
