"""What one kind of thing that sends brings: how it is found, what it binds, what is shown of it, when it starts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import Select
from sqlalchemy.orm import Session

from crm.access.actor import Actor
from crm.access.approvable import Parts
from crm.journeys.prepare import Prepared, Stage
from crm.journeys.schedulers import Scheduler
from crm.outreach.models import Journey
from crm.segments.scope import SegmentScope

S = TypeVar("S")
"""The row by which people know it: a campaign, or a version of a journey."""


@dataclass(frozen=True)
class Subject(Generic[S]):
    """Something that sends. Approvals, audit and links name it by its kind and id."""

    kind: str
    id: int
    journey: Journey
    row: S

    @property
    def name(self) -> str:
        return self.journey.name

    @property
    def words(self) -> str:
        """As the audit names it, e.g. `campaign:12`."""
        return f"{self.kind}:{self.id}"


@dataclass(frozen=True)
class Shown:
    """What is laid before whoever decides."""

    facts: Parts
    bound: Parts
    """Bound besides the parts, e.g. how many are selected."""
    selected: Select[int] | None
    """Who is selected; None where members enter later."""


@dataclass(frozen=True)
class Kind(Generic[S]):
    """One entry of the catalog. The life itself is one for all (`lifecycle.py`)."""

    name: str
    scheduler: Scheduler
    find: Callable[[Session, int, bool], Subject[S]]
    """By id; the last argument locks it. Raises NotFound."""
    id_of: Callable[[Session, int], int]
    """The id of what stands on a journey."""
    parts: Callable[[Session, S], Parts]
    """Everything that it does, part by part: a change of any voids an approval."""
    definitions: Callable[[S], Any]
    """JSON in which its definitions stand."""
    start_of: Callable[[Session, S], datetime | None]
    """The start that its author named."""
    prepare: Callable[[Session, S, SegmentScope, Sequence[Actor], Stage, datetime], Prepared]
    """Checked in the name of these people. What is submitted may have filled in what follows from the rest."""
    shown: Callable[[Session, S, Prepared, SegmentScope, datetime], Shown]
    """Computed when approval is asked for."""
    ends_at: Callable[[Session, S, datetime], datetime | None]
    """When it is over, asked once it has started at a moment; None: when nobody is under way any more."""
