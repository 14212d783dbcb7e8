"""Saved segments as they were when something was submitted: what is approved keeps them, whatever becomes of them.

A definition names the saved segments that it builds on. `freeze` writes down the definitions behind these names,
and behind the names in them, down to the bottom; a scope that carries them (`SegmentScope.frozen`) reads every
such name there, works the members out at that moment, and looks at no saved segment.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.errors import Conflict, InvalidRequest
from crm.fields import Catalog, Op
from crm.segments.definition import Condition, Definition, parse_definition
from crm.segments.dependencies import asks_about_every_segment, segments_named
from crm.segments.fields import SEGMENT
from crm.segments.models import Segment

MAX_SEGMENTS = 100
MAX_LEVELS = 10
MAX_INLINED = 400
"""Saved segments, how deep they build on each other, and the conditions that they come to when each is written out
where it is named. Beyond these sizes databases refuse the statement."""

FrozenJson = dict[str, dict[str, Any]]
"""By name: `{"id": 5, "version": 3, "definition": {...}}`."""


@dataclass(frozen=True, eq=False)
class FrozenSegment:
    name: str
    version: int
    definition: Definition


@dataclass(frozen=True, eq=False)
class FrozenSegments:
    """The saved segments that something builds on, by name."""

    by_name: Mapping[str, FrozenSegment]

    def named_by(self, condition: Condition) -> tuple[FrozenSegment, ...]:
        """The segments that a condition on saved segments asks about.

        Raises Conflict for a name that was not written down: nobody knows whom it meant.
        """
        if condition.op in (Op.ANY, Op.NONE):
            return tuple(self.by_name.values())
        names: Any = condition.value
        return tuple(map(self.get, names))

    def get(self, name: str) -> FrozenSegment:
        found = self.by_name.get(name)
        if found is None:
            raise Conflict(
                f"it builds on the saved segment {name}, which there was not when it was approved; submit it again"
            )
        return found

    def inlined(self, definition: Definition) -> Iterator[Condition]:
        """The conditions that a definition comes to when those of the segments in it stand in their place."""
        for condition in definition.conditions():
            if condition.field.name != SEGMENT:
                yield condition
                continue
            for base in self.named_by(condition):
                if not base.definition.is_limited:
                    yield from self.inlined(base.definition)


def freeze(session: Session, *data: Any) -> FrozenJson:
    """The saved segments that definitions in their JSON form build on, down to the bottom, as they are now.

    `data` may be anything that holds definitions. Raises InvalidRequest for a name that there is not, for one that
    cannot be evaluated, and for more than a statement holds.
    """
    named = frozenset(name for each in data for name in segments_named(each))
    if any(asks_about_every_segment(each) for each in data):
        named |= frozenset(session.scalars(select(Segment.name)))
    found: FrozenJson = {}
    while missing := named - found.keys():
        found |= _read(session, missing)
        named = frozenset(name for name in missing for name in segments_named(found[name]["definition"]))
    _check_size(found, data)
    return dict(sorted(found.items()))


def thaw(data: Mapping[str, Mapping[str, Any]], catalog: Catalog) -> FrozenSegments:
    """Read what `freeze` wrote. Raises InvalidRequest when a definition makes no sense any more."""
    return FrozenSegments(
        {
            name: FrozenSegment(name, base["version"], parse_definition(base["definition"], catalog))
            for name, base in data.items()
        }
    )


def _read(session: Session, names: frozenset[str]) -> FrozenJson:
    query = select(Segment).where(Segment.name.in_(names))
    rows = {segment.name: segment for segment in session.scalars(query)}
    for name in sorted(names - rows.keys()):
        raise InvalidRequest(f"there is no segment called {name!r:.80}; choose another one")
    for name, segment in sorted(rows.items()):
        if segment.failure is not None:
            raise Conflict(f"it builds on the segment {name}, which could not be evaluated: {segment.failure}")
    return {
        name: {"id": segment.id, "version": segment.version, "definition": segment.definition}
        for name, segment in rows.items()
    }


@dataclass
class _Sizes:
    """What definitions come to, each saved segment counted once and remembered."""

    found: FrozenJson
    known: dict[str, tuple[int, int]]
    """By name: conditions, and how many levels of saved segments they stand on."""

    def of(self, data: Any) -> tuple[int, int]:
        if isinstance(data, list | tuple):
            return self._sum(map(self.of, data))
        if not isinstance(data, Mapping):
            return 0, 0
        if data.get("field") != SEGMENT:
            conditions, levels = self._sum(map(self.of, data.values()))
            return conditions + ("field" in data), levels
        names = self.found if asks_about_every_segment(data) else segments_named(data)
        conditions, levels = self._sum(map(self.of_segment, names))
        return conditions, levels + 1

    def of_segment(self, name: str) -> tuple[int, int]:
        if name not in self.known:
            self.known[name] = self.of(self.found[name]["definition"])
        return self.known[name]

    @staticmethod
    def _sum(parts: Iterable[tuple[int, int]]) -> tuple[int, int]:
        each = list(parts)
        return sum(size for size, _ in each), max((levels for _, levels in each), default=0)


def _check_size(found: FrozenJson, data: Sequence[Any]) -> None:
    if len(found) > MAX_SEGMENTS:
        raise InvalidRequest(
            f"it builds on {len(found)} saved segments, and at most {MAX_SEGMENTS} are possible; name fewer of them"
        )
    conditions, levels = _Sizes(found, {}).of(data)
    if found and levels > MAX_LEVELS:
        raise InvalidRequest(
            f"it builds on saved segments that build on each other {levels} levels deep, and at most {MAX_LEVELS} are "
            "possible; make them flatter"
        )
    if found and conditions > MAX_INLINED:
        raise InvalidRequest(
            f"with the saved segments that it builds on it comes to {conditions:,} conditions, and at most "
            f"{MAX_INLINED} are possible; make them simpler"
        )
