"""What a tool is: typed arguments, a stated effect, a function over one session, and a bounded result.

Identity, rights, time and the call's id come from `ToolContext`; nothing of that is ever an argument.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict
from sqlalchemy.orm import Session

from crm.access.actor import Actor, Permission
from crm.access.confirmed import Confirmed
from crm.bounds import MOST_TEXT
from knowledge_base.port import InsightIndex

Language = Literal["en", "zh"]


class Effect(StrEnum):
    """What a call may change, and so what stands before it.

    It follows the state of what the call touches, not the tool's name: whatever waits for approval, is scheduled,
    runs, or is somebody else's draft changes by a WRITE (`Tool.effect_of`).
    """

    READ = "read"
    """Changes nothing; runs at once."""
    DRAFT = "draft"
    """Makes or changes a draft that can be undone; runs at once and says so."""
    WRITE = "write"
    """Changes something real; the person confirms it in the thread."""
    REACH = "reach"
    """Sends, spends or publishes; makes an approval request for somebody else."""


class ToolArgs(BaseModel):
    """Base of every tool's arguments. An argument that does not exist is an error, never dropped."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_max_length=MOST_TEXT)


@dataclass(frozen=True)
class ToolContext:
    """What one call runs with. The session belongs to this call alone and is committed by its caller."""

    session: Session
    actor: Actor
    now: datetime
    thread_id: str
    call_id: str
    """Stable over crash and resume; a write uses it as its request id."""
    language: Language = "en"
    """The language of the person's request, for words that the result carries."""
    insight_index: InsightIndex | None = None
    """None when another process holds the index; searching then says so."""
    archive_folder: Path | None = None
    """Where exported files go."""
    confirmed: Confirmed | None = None
    """Set when the person was asked about this very call and said yes, and in a dry run. Only the executor sets it."""
    is_dry_run: bool = False
    """The transaction will be rolled back: touch nothing outside the database."""


@dataclass(frozen=True)
class ToolResult:
    """Two views of one result."""

    content: Mapping[str, Any]
    """For the model: small JSON of counts, ids, names and words. Never an e-mail address or a phone number;
    text that members typed is fenced (tools/fence.py). Of a WRITE or REACH it holds `summary`: one sentence
    that says what is done, in the person's language. A change holds `changes`: what was before and what is now
    (tools/changes.py); an empty list says that nothing changed."""
    artifact: Mapping[str, Any]
    """For the interface: the full card as JSON. Never passes through a model."""
    approval_id: int | None = None
    """Set when the call made an approval request."""
    mark: str | None = None
    """Of a dry run: the mark of what the question shows (crm/access/confirmed.py)."""
    afterwards: Callable[[], object] | None = None
    """What takes long and touches no database, such as writing a file: done once the call is committed, so that
    nobody waits for it to write."""


ArgsT = TypeVar("ArgsT", bound=ToolArgs)


@dataclass(frozen=True)
class Tool(Generic[ArgsT]):
    """One thing the agent can do. `doc` is written for the model: when to use it, when not, one example.

    Before a person is asked to confirm a WRITE, it is rehearsed: run in a transaction that is rolled
    back. So nobody is asked about what could not be done, and the question states what would happen.
    """

    name: str
    args: type[ArgsT]
    effect: Effect
    permission: Permission
    run: Callable[[ToolContext, ArgsT], ToolResult]
    doc: str
    keeps_derived: bool = False
    """A READ that stores what it worked out (a version of a review), so that the same question gives the same."""
    effect_of: Callable[[ToolContext, ArgsT], Effect] | None = None
    """The effect of one call, where it follows the state of what the call touches; `effect` is the usual one."""

    def effect_for(self, ctx: ToolContext, args: ArgsT) -> Effect:
        return self.effect if self.effect_of is None else self.effect_of(ctx, args)

    @property
    def may_ask(self) -> bool:
        """Whether a call may have to be confirmed."""
        return self.effect is Effect.WRITE or self.effect_of is not None
