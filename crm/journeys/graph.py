"""The way through a journey's steps as a graph, read from plain data so that mistakes elsewhere do not hide it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crm.journeys.steps.kind import Exit, StepKind
from crm.journeys.steps.registry import STEP_KINDS

END = -1
"""The place after the last step."""


@dataclass(frozen=True)
class Graph:
    """Steps by their place in the list."""

    keys: tuple[str, ...]
    kinds: tuple[str, ...]
    exits: tuple[tuple[int, ...], ...]
    """Of each step the places that follow; `END` stands for a key that there is not, too."""

    def reachable(self, start: int = 0, *, without: Collection[int] = ()) -> set[int]:
        """The places that can follow, at once or later, with the start itself; not past those in `without`."""
        seen: set[int] = set()
        waiting = [start]
        while waiting:
            place = waiting.pop()
            if place in seen or place in without:
                continue
            seen.add(place)
            waiting += self.exits[place] if place != END else ()
        return seen

    def circles(self, *, without: Collection[int] = ()) -> set[int]:
        """The places from which a way leads back to them, other than past those in `without`."""
        places = (place for place in range(len(self.keys)) if place not in without)
        return {
            place
            for place in places
            if any(place in self.reachable(after, without=without) for after in self.exits[place] if after != END)
        }


def read_graph(steps: Sequence[Mapping[str, Any]]) -> Graph:
    keys = tuple(str(step.get("key") or f"number {place}") for place, step in enumerate(steps, start=1))
    places = {key: place for place, key in reversed(list(enumerate(keys)))}
    exits = []
    for place, step in enumerate(steps):
        following = place + 1 if place + 1 < len(steps) else END
        ways = [following if way.to is None else places.get(way.to, END) for way in ways_of(step, "")]
        kind = kind_of(step)
        exits.append((END,) if kind is not None and kind.ends else tuple(dict.fromkeys(ways)))
    return Graph(keys, tuple(str(step.get("kind")) for step in steps), tuple(exits))


def kind_of(step: Mapping[str, Any]) -> StepKind[Any] | None:
    """None for a kind that there is not."""
    kind = step.get("kind")
    return STEP_KINDS.get(kind) if isinstance(kind, str) else None


def ways_of(step: Mapping[str, Any], path: str) -> Iterator[Exit]:
    """The ways out of a step that stands at `path`."""
    kind = kind_of(step)
    return iter(()) if kind is None else kind.exits(step, path)


def takes_time(step: Mapping[str, Any]) -> bool:
    """Whether members always stay at a step for some time."""
    kind = kind_of(step)
    return kind is not None and kind.takes_time(step)
