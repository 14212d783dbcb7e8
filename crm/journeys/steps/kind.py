"""What makes a kind of step: what it does, where it leads, what can be wrong with it, and how it reads.

Each kind is one module beside this one, over a frozen class of `crm/outreach/spec.py`; `registry.py` lists them.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy.orm import Session

from crm.access.policy import Policy
from crm.journeys.phrases import Phrases
from crm.journeys.schedulers.stepwise.batch import Batch
from crm.outreach.models import Enrolment
from crm.outreach.spec import JourneySpec
from crm.segments.scope import SegmentScope
from crm.words import Text

Data = Mapping[str, Any]
"""A part of a journey in its JSON form, which may still make no sense."""
Step = TypeVar("Step")


@dataclass(frozen=True)
class Walk:
    """A journey whose due members are moved on."""

    batch: Batch
    spec: JourneySpec
    scope: SegmentScope
    policy: Policy


@dataclass(frozen=True)
class Exit:
    """One way out of a step."""

    path: str
    """Where in the journey it is named."""
    to: str | None
    """The key of what follows; None: the next step in the list."""


@dataclass(frozen=True)
class WayInWords:
    """One way out of a step."""

    label: str
    """When it is taken; empty where there is no other."""
    to: str | None
    """The key of what follows; None: the end."""


@dataclass(frozen=True)
class SpecError:
    path: str
    """Where, e.g. `steps[2].next`."""
    sentence: str


@dataclass(frozen=True)
class TimelineEntry:
    """One thing that happened on a member's way, or that is to come."""

    at: datetime
    kind: str
    """entered, step, message, answer, task, or ended."""
    what: str
    detail: str | None = None


def next_exit(step: Data, path: str) -> Iterator[Exit]:
    """Out of a step that has one way on."""
    yield Exit(f"{path}.next", step.get("next"))


def next_way(phrases: Phrases, step: Any) -> Iterator[WayInWords]:
    yield WayInWords("", phrases.spec.after(step))


def no_errors(_step: Data, _journey: Data, _path: str) -> Iterable[SpecError]:
    return ()


@dataclass(frozen=True, kw_only=True)
class StepKind(Generic[Step]):
    name: str
    take: Callable[[Walk, Step], None]
    """Moves everyone who is due at the step through it, in a few statements, whatever their number."""
    in_words: Callable[[Phrases, Step], str]
    new: Callable[[Sequence[str], int], dict[str, Any]]
    """What a new one holds beside kind and key; given the keys of the other steps, and its place among them."""
    exits: Callable[[Data, str], Iterator[Exit]] = next_exit
    """The ways out of a step that stands at a path."""
    ways_in_words: Callable[[Phrases, Step], Iterator[WayInWords]] = next_way
    """Where members go from it, each way once."""
    errors: Callable[[Data, Data, str], Iterable[SpecError]] = no_errors
    """What is wrong with a step of a journey that stands at a path, beside its shape and its ways."""
    acts_once: bool = False
    """Whether it acts once for each enrolment, however often the member comes by."""
    takes_time: Callable[[Data], bool] = lambda _step: False
    """Whether members always stay for some time: an event may have come, and a time of day may be now."""
    ends: bool = False
    """Whether nothing follows."""
    timeline: Callable[[Session, Enrolment], Iterable[TimelineEntry]] | None = None
    """What it left on the way of a member, beside messages."""
    timeline_words: Text | None = None
    """How such an entry is called."""
