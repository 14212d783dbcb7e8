"""The way through a journey's steps as a graph, read from plain data so that mistakes elsewhere do not hide it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

END = -1
"""The place after the last step."""
LENGTHS = ("days", "hours", "minutes")


@dataclass(frozen=True)
class Exit:
    """One way out of a step."""

    path: str
    """Where in the journey it is named."""
    to: str | None
    """The key of what follows; None: the next step in the list."""


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
        exits.append(tuple(dict.fromkeys(ways)) if step.get("kind") != "end" else (END,))
    return Graph(keys, tuple(str(step.get("kind")) for step in steps), tuple(exits))


def ways_of(step: Mapping[str, Any], path: str) -> Iterator[Exit]:
    """The ways out of a step that stands at `path`."""
    kind = step.get("kind")
    if kind in ("send", "wait", "task"):
        yield Exit(f"{path}.next", step.get("next"))
    if kind == "wait" and step.get("on_timeout") is not None:
        yield Exit(f"{path}.on_timeout", step["on_timeout"])
    if kind == "branch":
        if step.get("then") is not None:
            yield Exit(f"{path}.then", step["then"])
        yield Exit(f"{path}.otherwise", step.get("otherwise"))
    if kind == "split":
        ways = step.get("ways")
        for index, way in enumerate(ways if isinstance(ways, list | tuple) else ()):
            if isinstance(way, Mapping) and way.get("to") is not None:
                yield Exit(f"{path}.ways[{index}].to", way["to"])


def takes_time(step: Mapping[str, Any]) -> bool:
    """Whether a wait always takes some time: an event may have come, and a time of day may be now."""
    return step.get("kind") == "wait" and any(step.get(length) for length in LENGTHS)
