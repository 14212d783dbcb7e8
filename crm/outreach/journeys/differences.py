"""What one version of a journey does otherwise than another, part by part. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Change = Literal["added", "removed", "changed", "moved"]


@dataclass(frozen=True)
class Difference:
    path: str
    """Where, e.g. `steps.answer.timeout.days`; steps are named by their keys."""
    change: Change
    before: Any
    after: Any


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """Every difference between the JSON forms of two journeys, in reading order."""
    parts = list(dict.fromkeys((*before, *after)))
    found: list[Difference] = []
    for part in parts:
        if part == "steps":
            found += _steps(before.get(part) or (), after.get(part) or ())
        else:
            found += _values(part, before.get(part), after.get(part))
    return found


def _steps(before: Any, after: Any) -> Iterator[Difference]:
    old, new = ({step["key"]: step for step in steps} for steps in (before, after))
    for key in dict.fromkeys((*old, *new)):
        path = f"steps.{key}"
        if key not in new:
            yield Difference(path, "removed", old[key], None)
        elif key not in old:
            yield Difference(path, "added", None, new[key])
        else:
            yield from _values(path, old[key], new[key])
    kept_old, kept_new = [key for key in old if key in new], [key for key in new if key in old]
    if kept_old != kept_new:
        yield Difference("steps", "moved", kept_old, kept_new)


def _values(path: str, before: Any, after: Any) -> Iterator[Difference]:
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in dict.fromkeys((*before, *after)):
            yield from _values(f"{path}.{key}", before.get(key), after.get(key))
    elif before is None:
        yield Difference(path, "added", None, after)
    elif after is None:
        yield Difference(path, "removed", before, None)
    else:
        yield Difference(path, "changed", before, after)
