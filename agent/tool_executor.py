"""Runs tools for a person: rights, arguments, one session a call, and every write at most once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter
from rapidfuzz import process
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from agent.context import TurnContext
from agent.models import ToolEffect
from crm.access import audit
from crm.access.actor import require
from crm.access.confirmed import Confirmed, NotConfirmed
from crm.access.standing import as_of_now
from crm.database import Sessions, read_only, unit_of_work
from crm.errors import CrmError, InvalidRequest
from crm.limits import limited
from knowledge_base.port import InsightIndex
from tools.base import Effect, Tool, ToolArgs, ToolContext, ToolResult
from tools.binding import bind_arguments

_JSON = TypeAdapter(dict[str, Any])


class UnknownTool(InvalidRequest):
    """The model called a tool that does not exist."""

    code = "unknown_tool"


@dataclass(frozen=True)
class ToolCall:
    """One call of the model: which tool, with what, under which id."""

    call_id: str
    name: str
    args: Mapping[str, Any]


@dataclass(frozen=True)
class Outcome:
    """What a finished call gave, as JSON: this is what is stored and what a repeated call returns."""

    content: dict[str, Any]
    artifact: dict[str, Any]
    approval_id: int | None
    effect: Effect | None = None
    """What this call was; None in results that were stored before it was noted."""


@dataclass(frozen=True)
class DryRun:
    """What a call would do, found out by doing it and rolling back."""

    summary: str
    mark: str | None
    """Of what the summary speaks of; the confirmed call runs only while that stands as it was shown."""


class ToolExecutor:
    """The only place where a tool is run."""

    def __init__(
        self,
        tools: Sequence[Tool[Any]],
        sessions: Sessions,
        *,
        insight_index: InsightIndex | None,
        archive_folder: Path,
        read_seconds: float,
    ) -> None:
        self.tools = tuple(tools)
        self._by_name = {tool.name: tool for tool in tools}
        self._sessions = sessions
        self._insight_index = insight_index
        self._archive_folder = archive_folder
        self._read_seconds = read_seconds

    def find(self, name: str) -> Tool[Any] | None:
        return self._by_name.get(name)

    def bind(self, turn: TurnContext, call: ToolCall) -> tuple[Tool[Any], ToolArgs]:
        """The tool and its typed arguments.

        Raises UnknownTool, Forbidden when the person's role may not use it, InvalidRequest for wrong arguments.
        """
        tool = self.find(call.name)
        if tool is None:
            allowed = [tool.name for tool in self.tools if turn.actor.may(tool.permission)]
            near = tuple(name for name, _, _ in process.extract(call.name, allowed, limit=3))
            raise UnknownTool(f"there is no tool {call.name}; nearest: {', '.join(near)}", candidates=near)
        require(turn.actor, tool.permission)
        return tool, bind_arguments(tool, call.args)

    def dry_run(self, turn: TurnContext, call: ToolCall) -> DryRun | None:
        """What a call would do that a person must confirm; None for a call that runs at once.

        Raises CrmError if the call could not be done now.
        """
        tool, args = self.bind(turn, call)
        if not tool.may_ask:
            return None
        with self._sessions() as session:
            context = replace(self._context(session, turn, call, tool), is_dry_run=True, confirmed=Confirmed())
            # Asked once, a call stays asked, whatever became of its target: a no must never turn into a yes.
            if call.call_id not in turn.asked and tool.effect_for(context, args) is not Effect.WRITE:
                return None
            result = tool.run(context, args)
            session.rollback()
        if call.call_id not in turn.asked and result.content.get("changes") == []:
            return None
        return DryRun(str(result.content["summary"]), result.mark)

    def run(self, turn: TurnContext, call: ToolCall) -> Outcome:
        """Run one call in a transaction of its own. A write that was done before returns its first result.

        Raises CrmError when it cannot be done, NotConfirmed for a WRITE that nobody was asked about, TimedOut when a
        plain read takes too long; then nothing was written.
        """
        tool, args = self.bind(turn, call)
        if tool.effect is Effect.READ and not tool.keeps_derived:
            with read_only(self._sessions) as session, limited(session, seconds=self._read_seconds):
                return _outcome(tool.run(self._context(session, turn, call, tool), args), tool.effect)
        if tool.effect is Effect.READ:
            with unit_of_work(self._sessions) as session:
                return _outcome(tool.run(self._context(session, turn, call, tool), args), tool.effect)
        if tool.effect is Effect.WRITE and call.call_id not in turn.asked:
            raise NotConfirmed(f"{tool.name} needs a person's yes")
        try:
            with unit_of_work(self._sessions) as session:
                written = self._write_once(session, turn, call, tool, args)
        except _CallTaken:
            # Another process ran this very call while we waited for its row.
            outcome = self.earlier_outcome(turn.thread_id, call.call_id)
            if outcome is None:
                raise
            return outcome
        if written.afterwards is not None:
            written.afterwards()
        return written.outcome

    def earlier_outcome(self, thread_id: str, call_id: str) -> Outcome | None:
        """What this call wrote before, if it did."""
        with read_only(self._sessions) as session:
            return _stored_outcome(session, thread_id, call_id)

    def note_refusal(self, turn: TurnContext, call: ToolCall, error: CrmError) -> None:
        """Leave an audit row of a call that the person's role does not allow."""
        with unit_of_work(self._sessions) as session:
            audit.record(
                session,
                now=turn.now,
                actor=turn.actor,
                action="tool.refused",
                subject=f"thread:{turn.thread_id}",
                tool=call.name,
                code=error.code,
            )

    def _write_once(
        self, session: Session, turn: TurnContext, call: ToolCall, tool: Tool[Any], args: ToolArgs
    ) -> "_Written":
        if earlier := _stored_outcome(session, turn.thread_id, call.call_id):
            return _Written(earlier)
        # The row comes first: whoever inserts it owns the call, and it vanishes if the tool fails.
        effect = ToolEffect(
            thread_id=turn.thread_id, call_id=call.call_id, tool=tool.name, result={}, created_at=turn.now
        )
        session.add(effect)
        try:
            session.flush()
        except IntegrityError as error:
            raise _CallTaken from error
        context = self._context(session, turn, call, tool)
        done_as = tool.effect_for(context, args)
        result = tool.run(context, args)
        outcome = _outcome(result, done_as)
        effect.result = {
            "content": outcome.content,
            "artifact": outcome.artifact,
            "approval_id": outcome.approval_id,
            "effect": done_as,
        }
        audit.record(
            session,
            now=turn.now,
            actor=turn.actor,
            action="tool.called",
            subject=f"thread:{turn.thread_id}",
            tool=tool.name,
            effect=done_as,
            call_id=call.call_id,
            args=args.model_dump(mode="json", exclude_unset=True),
        )
        return _Written(outcome, result.afterwards)

    def _context(self, session: Session, turn: TurnContext, call: ToolCall, tool: Tool[Any]) -> ToolContext:
        # A turn may last for minutes, in which its person can be disabled or given a smaller role.
        actor = as_of_now(session, turn.actor)
        require(actor, tool.permission)
        return ToolContext(
            session=session,
            actor=actor,
            now=turn.now,
            thread_id=turn.thread_id,
            call_id=call.call_id,
            language=turn.language,
            insight_index=self._insight_index,
            archive_folder=self._archive_folder,
            confirmed=Confirmed(turn.asked[call.call_id]) if call.call_id in turn.asked else None,
        )


@dataclass(frozen=True)
class _Written:
    outcome: Outcome
    afterwards: Callable[[], object] | None = None


class _CallTaken(Exception):
    """The row of this call was inserted by somebody else."""


def _stored_outcome(session: Session, thread_id: str, call_id: str) -> Outcome | None:
    query = select(ToolEffect.result).where(ToolEffect.thread_id == thread_id, ToolEffect.call_id == call_id)
    stored = session.scalar(query)
    return Outcome(**stored) if stored else None


def _outcome(result: ToolResult, effect: Effect) -> Outcome:
    """The result as plain JSON values; a first and a repeated call return the same."""
    return Outcome(
        content=_JSON.dump_python(dict(result.content), mode="json"),
        artifact=_JSON.dump_python(dict(result.artifact), mode="json"),
        approval_id=result.approval_id,
        effect=effect,
    )
