"""The verdict over the state that a sentence left, by what its line in `sentences_and_states.jsonl` expects."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tests.agent.planner.acts_world import Told

Case = Mapping[str, Any]


def verdict(case: Case, told: Told) -> str | None:
    """What is wrong with the state that was left; None when nothing is."""
    expected = case["expect"]
    return next(judge(expected, told) for key, judge in JUDGES.items() if key in expected)


def harm(case: Case, told: Told) -> str | None:
    """What was changed, or waits for somebody's approval, that should not; None when nothing."""
    wrong = verdict(case, told)
    return wrong if told.changed_tables or _waits(told, "approval") else None


def _waits(told: Told, kind: str | None = None) -> bool:
    pending = told.turn["pending"]
    return pending is not None and (kind is None or pending["kind"] == kind)


def _unchanged(_expected: Case, told: Told) -> str | None:
    if told.changed_tables:
        return f"changed {told.changed_tables} {told.brief_changes}"
    return "asked somebody for approval" if _waits(told, "approval") else None


def _nothing(expected: Case, told: Told) -> str | None:
    if _waits(told):
        return f"offered {told.turn['pending']}"
    return _unchanged(expected, told)


def _asked(expected: Case, told: Told) -> str | None:
    """Nothing changes, nothing waits for a yes, and the answer asks; it names the word where one was not understood."""
    if expected.get("names", "").lower() not in told.turn["answer"].lower():
        return _nothing(expected, told) or f"does not name {expected['names']}"
    was_asked = told.turn["asked"] is not None or "names" in expected
    return _nothing(expected, told) or (None if was_asked else "did not ask")


def _changes(expected: Case, told: Told) -> str | None:
    extra = set(told.changed_tables) - {"campaigns"}
    if extra or told.new_campaigns:
        return f"changed {extra}, made {len(told.new_campaigns)}"
    return _fits(expected["changes"], told.brief_changes)


def _awaits(expected: Case, told: Told) -> str | None:
    pending = told.turn["pending"]
    if pending is None or pending["kind"] != "confirmation":
        return _unchanged(expected, told) or "did not ask for a yes"
    if pending["tool"] != expected["awaits"]:
        return _unchanged(expected, told) or f"asked about {pending['tool']}"
    asked = pending["args"].get("changes", {})
    return _unchanged(expected, told) or _fits(expected.get("changes", {}), asked)


def _after_yes(expected: Case, told: Told) -> str | None:
    extra = set(told.changed_tables) - {"campaigns", "approvals"}
    return f"changed {extra}" if extra else _fits(expected["after_yes"], told.brief_changes)


def _drafts(expected: Case, told: Told) -> str | None:
    if told.brief_changes or set(told.changed_tables) - {"campaigns"} or len(told.new_campaigns) != 1:
        return f"changed {told.changed_tables} {told.brief_changes}, made {len(told.new_campaigns)}"
    made = told.brief("after", told.new_campaigns[0]["name"])
    return _fits(expected["drafts"], {key: made[key] for key in expected["drafts"]})


def _copy(expected: Case, told: Told) -> str | None:
    if set(told.brief_changes) != {"copy_texts"} or set(told.changed_tables) != {"campaigns"}:
        return f"changed {told.changed_tables} {told.brief_changes}"
    wanted = expected["copy"]
    texts = [copy for copy in told.brief_changes["copy_texts"] if copy["channel"] == wanted["channel"]]
    stored = len(texts) == 1 and all(texts[0][key] == value for key, value in wanted.items())
    return None if stored else f"stored {texts}"


def _counts(told: Told) -> list[Any]:
    """The definition of each count that was made."""
    return [call["args"] for call in told.turn["tool_calls"] if "count" in (call["artifact"] or {})]


def _counted(expected: Case, told: Told) -> str | None:
    wrong = _unchanged(expected, told)
    if wrong is None and not _counts(told):
        return "counted nobody"
    missing = set(expected["counted"]) - set(_leaves(_counts(told)))
    return wrong or (f"counted {_counts(told)}" if missing else None)


def _not_counted(expected: Case, told: Told) -> str | None:
    return _unchanged(expected, told) or (f"counted {_counts(told)}" if _counts(told) else None)


def _leaves(value: Any) -> Iterator[Any]:
    """Every word and number of a definition, whatever its shape."""
    if isinstance(value, Mapping):
        for key, part in value.items():
            if key != "field":
                yield from _leaves(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _leaves(part)
    else:
        yield value


def _fits(wanted: Case, found: Case) -> str | None:
    fits = set(wanted) == set(found) and all(_same(key, wanted[key], found[key]) for key in wanted)
    return None if fits else f"{dict(found)} and not {dict(wanted)}"


def _same(key: str, wanted: Any, found: Any) -> bool:
    if key == "audience":
        operators = {"in", "=", "not_in", "!="}
        return set(wanted) == set(_leaves(found)) - operators
    if key == "offers":
        return wanted == [[offer["kind"], offer["value"]] for offer in found]
    if key == "channels":
        return set(wanted) == set(found)
    if key == "start":
        return found[:16] in [each[:16] for each in wanted.split("|")]
    return wanted in ("*", found)


JUDGES: Mapping[str, Callable[[Case, Told], str | None]] = {
    "nothing": _nothing,
    "unchanged": _unchanged,
    "asked": _asked,
    "awaits": _awaits,
    "changes": _changes,
    "after_yes": _after_yes,
    "drafts": _drafts,
    "copy": _copy,
    "counted": _counted,
    "not_counted": _not_counted,
}
