"""What one version of a thing in its JSON form does otherwise than another, part by part, and in words. Pure."""

from collections.abc import Iterator, Mapping, Sequence
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
    """Every difference between two JSON forms, in reading order; `steps` that have keys are compared by them."""
    parts = list(dict.fromkeys((*before, *after)))
    found: list[Difference] = []
    for part in parts:
        if part == "steps" and before.get(part) != after.get(part):
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


_PARTS: Mapping[str, str] = {
    "audience": "the audience",
    "audience_count": "the number of members",
    "attribution_window_days": "the attribution window",
    "benefits": "the offers",
    "budget_cents": "the budget in cents",
    "channels": "the channels",
    "copy": "the texts",
    "coupons": "what the coupons give",
    "end": "the last day of the offers",
    "exclude_campaigns": "the campaigns whose members it leaves out",
    "exits": "when members leave early",
    "experiment": "how the holdout is drawn",
    "holdout_pct": "the holdout in percent",
    "holdout_share": "the share held back",
    "language": "the language",
    "name": "the name",
    "offers": "the offers",
    "priority": "the priority",
    "reentry": "whether members may enter again",
    "scope": "whose members it is for",
    "segments": "the saved segments",
    "start": "the start",
    "steps": "the order of the steps",
    "trigger": "who enters and when",
}
_OF_ONE: Mapping[str, str] = {
    "copy": "the text of {}",
    "coupons": "what the coupon {} gives",
    "segments": "the saved segment {}",
    "steps": "step {}",
}
_LONGEST_VALUE = 60


def in_words(found: Sequence[Difference]) -> str:
    """The parts that differ, each once: `the start: 2026-06-05T10:00:00 instead of 2026-06-04T10:00:00`."""
    return "; ".join(dict.fromkeys(map(_words, found)))


def _words(difference: Difference) -> str:
    part, *inner = difference.path.split(".", maxsplit=2)
    if inner and part in _OF_ONE:
        return _OF_ONE[part].format(inner[0])
    words = _PARTS.get(part, part.replace("_", " "))
    values = (difference.after, difference.before)
    if inner or not all(isinstance(value, str | int | float | None) for value in values):
        return words
    after, before = ("none" if value is None else str(value) for value in values)
    is_short = len(after) <= _LONGEST_VALUE and len(before) <= _LONGEST_VALUE
    return f"{words}: {after} instead of {before}" if is_short else words
