"""A journey while it is written: plain data that may still make no sense, and what can be done to it."""

import copy
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crm.journeys.steps.kind import SpecError
from crm.journeys.steps.registry import STEP_KINDS
from crm.outreach.spec import JourneySpec

Json = dict[str, Any]
_PLACE = re.compile(r"^steps\[(\d+)\]")
_LINKS = ("next", "on_timeout", "then", "otherwise")
"""Where a step names another one, beside the ways of a split."""
_TRIGGERS: Mapping[str, Json] = {
    "stage_entered": {"stages": ["dormant"]},
    "event": {"event": {"events": ["joined"]}},
    "key_date": {"date": "birthday", "days_before": 7, "at": "09:00"},
    "by_hand": {},
    "audience_at_launch": {"definition": {"all": []}},
}


@dataclass(frozen=True)
class Placed:
    """Mistakes by where they are shown."""

    of_steps: Mapping[int, Sequence[SpecError]]
    elsewhere: Sequence[SpecError]


class Draft:
    """The JSON form of a journey, changed in place by the forms."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.data: Json = {}
        self.replace(data)

    @classmethod
    def of(cls, spec: JourneySpec) -> "Draft":
        return cls(spec.model_dump(mode="json", exclude_none=True))

    @property
    def steps(self) -> list[Json]:
        steps: list[Json] = self.data["steps"]
        return steps

    @property
    def keys(self) -> list[str]:
        return [str(step.get("key", "")) for step in self.steps]

    def replace(self, data: Mapping[str, Any]) -> None:
        """Take another journey in the place of this one."""
        empty = {"steps": [], "trigger": {"kind": "by_hand"}}
        self.data = {**empty, **copy.deepcopy(dict(data))}

    def add(self, kind: str, place: int) -> Json:
        """Put a new step of a kind at a place in the list; the others move down."""
        step = {"kind": kind, "key": self._free_key(kind), **STEP_KINDS[kind].new(self.keys, place)}
        self.steps.insert(place, step)
        return step

    def move(self, place: int, by: int) -> bool:
        """Swap a step with its neighbour; False at the end of the list."""
        to = place + by
        if not 0 <= to < len(self.steps):
            return False
        self.steps[place], self.steps[to] = self.steps[to], self.steps[place]
        return True

    def remove(self, place: int) -> None:
        """Take a step away; those that named it go on to the next one."""
        gone = self.keys[place]
        del self.steps[place]
        for holder, name in self._links():
            if holder.get(name) == gone:
                del holder[name]
        for step in self.steps:
            if isinstance(step.get("ways"), list):
                step["ways"] = [way for way in step["ways"] if way.get("to")]

    def rename(self, place: int, key: str) -> None:
        """Give a step another key, also where others name it."""
        old = self.keys[place]
        self.steps[place]["key"] = key
        if old and old not in self.keys:
            for holder, name in self._links():
                if holder.get(name) == old:
                    holder[name] = key

    def start_on(self, kind: str) -> None:
        """Start on something else; the condition on who may enter stays."""
        entry = self.data["trigger"].get("entry")
        keeps_entry = entry is not None and kind != "audience_at_launch"
        self.data["trigger"] = {"kind": kind, **copy.deepcopy(_TRIGGERS[kind])} | (
            {"entry": entry} if keeps_entry else {}
        )

    def _free_key(self, kind: str) -> str:
        if kind not in self.keys:
            return kind
        return next(f"{kind}-{n}" for n in range(2, len(self.keys) + 3) if f"{kind}-{n}" not in self.keys)

    def _links(self) -> Iterator[tuple[Json, str]]:
        """Each place that may name a step: who holds it, and under which name."""
        for step in self.steps:
            yield from ((step, name) for name in _LINKS)
            yield from ((way, "to") for way in step.get("ways") or ())
            yield from ((event, "step") for event in (step.get("event"), step.get("until_event")) if event)
        for rule in self.data.get("exits") or ():
            if rule.get("event"):
                yield rule["event"], "step"


def placed(mistakes: Sequence[SpecError]) -> Placed:
    """Those of each step by its place in the list, and the others."""
    of_steps: dict[int, list[SpecError]] = {}
    elsewhere = []
    for mistake in mistakes:
        found = _PLACE.match(mistake.path)
        if found:
            of_steps.setdefault(int(found[1]), []).append(mistake)
        else:
            elsewhere.append(mistake)
    return Placed(of_steps, elsewhere)
