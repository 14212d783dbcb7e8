"""What the planner can do with a request: call tools, ask, say something, or refuse."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

RefusalReason = Literal["consent", "pii_export", "approval", "policy", "permission", "out_of_scope"]


@dataclass(frozen=True)
class ToolUse:
    name: str
    args: Mapping[str, Any]


@dataclass(frozen=True)
class Calls:
    """Tools to call, and what the answer should dwell on once they have answered."""

    uses: tuple[ToolUse, ...]
    unread: tuple[str, ...] = ()
    """Content words of the request that found no place in the arguments; the answer says so."""
    view: Mapping[str, Any] = field(default_factory=dict)
    """JSON-able hints for the composer, e.g. {"metrics": ["roi"], "group_by": ["channel"]}."""


@dataclass(frozen=True)
class Pending:
    """A request that waits for the person's answer: everything read so far, as JSON."""

    intent: str
    args: Mapping[str, Any]
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Ask:
    """A question back. `slots` names what is asked about, e.g. ("offer", "channel")."""

    slots: tuple[str, ...]
    words: str
    pending: Pending | None = None


@dataclass(frozen=True)
class Say:
    words: str
    unsupported: str | None = None
    """The capability that was asked for and does not exist yet."""


@dataclass(frozen=True)
class Refuse:
    reason: RefusalReason
    words: str


Act = Calls | Ask | Say | Refuse


def call(name: str, args: Mapping[str, Any] | None = None, /, **more: Any) -> Calls:
    """One tool call without any hints."""
    return Calls((ToolUse(name, {**(args or {}), **more}),))
