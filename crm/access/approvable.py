"""What a kind of thing brings so that it can be approved; the flow itself is one for all (`approvals.py`)."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy.orm import Session

from crm.access.actor import Permission

Parts = Mapping[str, Any]
"""What an approval binds, part by part, in JSON."""


S = TypeVar("S")


@dataclass(frozen=True)
class Awaited(Generic[S]):
    """A thing that waits for a decision: its row, and how it is called."""

    row: S
    id: int
    name: str


@dataclass(frozen=True)
class Approvable(Generic[S]):
    """One kind of thing that needs an approval, e.g. campaigns."""

    kind: str
    permission: Permission
    """Who may decide."""
    awaited: Callable[[Session, int], Awaited[S]]
    """The thing, locked. Raises NotFound, and Conflict when it does not wait for a decision."""
    parts: Callable[[Session, S], Parts]
    """What the thing is now, as far as a change of it voids an approval."""
    accept: Callable[[Session, S, datetime], None]
    """Move it on. Raises Conflict when it is too late for that."""
    send_back: Callable[[Session, Collection[int], str, datetime], None]
    """Make those with the ids drafts again that still await approval, with the reason beside them."""
    name: Callable[[Session, int], str]
    """How the thing of an id is called."""
