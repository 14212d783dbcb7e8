"""How what sends gets its messages: planned whole at the start, or step by step as members walk (decision 12)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from sqlalchemy.orm import Session

from crm.database import Sessions
from crm.fields import Catalog
from crm.outreach.models import Journey
from crm.outreach.spec import JourneySpec
from crm.segments.definition import Definition
from crm.segments.scope import SegmentScope


@dataclass(frozen=True)
class Moved:
    """What walking came to."""

    entered: int = 0
    moved: int = 0
    """Members taken up, once for each time that they were due."""
    left: int = 0
    """Members for whom an exit condition held."""
    held: dict[str, str] = field(default_factory=dict)
    """Journeys that could not be walked, and why."""

    def __add__(self, other: "Moved") -> "Moved":
        held = self.held | other.held
        return Moved(self.entered + other.entered, self.moved + other.moved, self.left + other.left, held)


class Scheduler(Protocol):
    """What differs between the two; everything else of a life is in `lifecycle.py`."""

    starts_once_approved: bool
    """Whether it starts by itself when no start is named; otherwise a person starts it."""

    def start(
        self,
        session: Session,
        journey: Journey,
        spec: JourneySpec,
        entry: Definition,
        scope: SegmentScope,
        now: datetime,
    ) -> None:
        """Let in whoever takes part from the start, who fits `entry`, in the transaction in which it starts."""

    def advance(self, sessions: Sessions, now: datetime, catalog: Catalog) -> Moved:
        """Do what is due at a moment in everything that runs; sending is dispatch's part."""

    def next_moment(self, session: Session, after: datetime, catalog: Catalog) -> datetime | None:
        """When it has something to do next, strictly after a moment."""

    def over(self, session: Session, now: datetime, kind: str) -> Sequence[tuple[int, str | None]]:
        """What of a kind has come to its end, with the note beside it: nobody is under way and nothing waits."""

    def stop(self, session: Session, journey: Journey, reason: str, now: datetime) -> None:
        """A person ends it: whoever is under way leaves."""
