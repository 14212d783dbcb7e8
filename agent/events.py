"""What a turn tells its listener, in the order in which it happens.

A turn ends with exactly one of `Answered` and `Failed`; after `ConfirmationAsked` the thread waits
for `Assistant.decide` (or for a plain yes or no).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

from tools.base import Effect

Decision = Literal["approve", "edit", "reject"]


class CallStatus(StrEnum):
    DONE = "done"
    ERROR = "error"
    """The call could not be done; nothing was written. The model was told why."""
    REFUSED = "refused"
    """The person has no right to this; nothing was written."""
    AWAITING_CONFIRMATION = "awaiting_confirmation"
    PENDING_APPROVAL = "pending_approval"
    """Done, and what was done is a request that somebody else must approve."""
    REJECTED = "rejected"
    """The person said no; nothing was written."""
    FAILED = "failed"
    """A fault of ours; the outcome is unknown."""


@dataclass(frozen=True)
class TextDelta:
    """A piece of the answer, ready to be shown: whole sentences when a language model writes."""

    text: str


@dataclass(frozen=True)
class ToolStarted:
    call_id: str
    name: str
    effect: Effect
    args: Mapping[str, Any]


@dataclass(frozen=True)
class ToolFinished:
    """A call that ran or was turned away. `effect` is None for a tool that does not exist."""

    call_id: str
    name: str
    effect: Effect | None
    args: Mapping[str, Any]
    status: CallStatus
    artifact: Mapping[str, Any] | None = None
    """The card to draw, when the call was done."""
    message: str | None = None
    """Why not, when it was not done; safe to show."""


@dataclass(frozen=True)
class ConfirmationAsked:
    """A write waits for a yes. `args` may be edited before it is approved."""

    interrupt_id: str
    call_id: str
    tool: str
    args: Mapping[str, Any]
    summary: str
    """One sentence that says what will happen."""
    args_schema: Mapping[str, Any]
    """JSON schema of the arguments, to render a form from."""
    mark: str | None = None
    """Of what the summary speaks of; the yes holds only while that stands as it was shown."""


@dataclass(frozen=True)
class ConfirmationDecided:
    """A pending confirmation was answered: by a decision, or because the person asked for something else."""

    interrupt_id: str
    decision: Decision
    edited_args: Mapping[str, Any] | None = None
    note: str | None = None
    """Why, when it was not the person who decided."""


@dataclass(frozen=True)
class ApprovalRequested:
    """A request for approval by somebody else now exists."""

    call_id: str
    tool: str
    args: Mapping[str, Any]
    summary: str
    approval_id: int


@dataclass(frozen=True)
class Answered:
    """The turn is over."""

    text: str
    asked: str | None = None
    """The clarifying question, when the answer is one."""
    refused: str | None = None
    """A reason code (`consent`, `permission`, `out_of_scope`, ...) when the request was turned down."""


@dataclass(frozen=True)
class Failed:
    """The turn broke off. The thread stays usable."""

    code: str
    message: str


Event = (
    TextDelta
    | ToolStarted
    | ToolFinished
    | ConfirmationAsked
    | ConfirmationDecided
    | ApprovalRequested
    | Answered
    | Failed
)
