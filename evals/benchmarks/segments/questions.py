"""What is asked: the six questions of the targets, and sixty more drawn from the golds of the language."""

import json
from collections.abc import Iterator
from datetime import timedelta
from itertools import cycle
from random import Random
from typing import Any

from crm.datasets.demo.words import CATEGORIES, CITY_WEIGHTS
from evals.benchmarks.segments.draws import SEED
from evals.benchmarks.segments.world import TAG_SHARES, TIER_SHARES, TODAY
from evals.language.cases import DEV_FILE, read_cases

TITLES = {
    "a": "platinum, no order in 30 days",
    "b": "gold/platinum, > 500 in 90 days, coffee twice, SMS, not tagged",
    "c": "birthday within 7 days",
    "d": "events this week under half of usual",
    "e": "top 5% by 12-month spend, lapsed 60 days",
    "f": "joined in 14 days, no order",
}
MORE_QUESTIONS = 60
WINDOW_DAYS = (7, 14, 30, 45, 60, 90, 120, 180, 365)
WINDOW_MONTHS = (1, 2, 3, 6, 9, 12)
WORDS: dict[str, tuple[str, ...]] = {
    "tier": tuple(TIER_SHARES),
    "city": tuple(CITY_WEIGHTS),
    "tags": tuple(TAG_SHARES),
    "orders.category": tuple(CATEGORIES),
}


def six_questions() -> dict[str, dict[str, Any]]:
    """By letter, in our language."""
    last = TODAY + timedelta(days=7)
    return {
        "a": _all(_leaf("tier", "in", ["platinum"]), _leaf("orders.count", "=", 0, window_days=30)),
        "b": _all(
            _leaf("tier", "in", ["gold", "platinum"]),
            _leaf("orders.spend", ">", 500, window_days=90),
            _leaf("orders.count", ">=", 2, category="coffee"),
            _leaf("consent.sms", "=", True),
            _leaf("tags", "contains_none", ["price-sensitive"]),
        ),
        "c": _all(_leaf("birthday", "month_day_between", [f"{TODAY:%m-%d}", f"{last:%m-%d}"])),
        "d": _all(_leaf("weekly_activity_ratio", "<", 0.5)),
        "e": _all(
            _leaf("orders.spend", "top_percent", 5, window_months=12), _leaf("orders.count", "=", 0, window_days=60)
        ),
        "f": _all(_leaf("joined_at", ">=", {"days_ago": 14}), _leaf("orders.count", "=", 0)),
    }


def more_questions() -> list[dict[str, Any]]:
    """Definitions of the golds in turn, each with other words, windows and numbers than before; always the same."""
    random = Random(SEED)
    golds = [tree for tree in _gold_trees() if tree["all"]]
    asked: dict[str, dict[str, Any]] = {}
    for gold in cycle(golds):
        if len(asked) == MORE_QUESTIONS:
            break
        varied = _all(*(_varied(leaf, random) for leaf in gold["all"]))
        asked.setdefault(json.dumps(varied, sort_keys=True), varied)
    return list(asked.values())


def _gold_trees() -> Iterator[dict[str, Any]]:
    for case in read_cases(DEV_FILE):
        for key in ("semantics", "audience"):
            if isinstance(case.expect.get(key), dict):
                yield case.expect[key]


def _varied(leaf: dict[str, Any], random: Random) -> dict[str, Any]:
    """The same condition with another window, other words or another number."""
    changed = dict(leaf)
    if "window_days" in leaf:
        changed["window_days"] = random.choice(WINDOW_DAYS)
    if "window_months" in leaf:
        changed["window_months"] = random.choice(WINDOW_MONTHS)
    words, value = WORDS.get(leaf["field"]), leaf["value"]
    if words is not None:
        changed["value"] = random.sample(words, min(len(value), len(words)))
    elif isinstance(value, int) and value > 1:
        changed["value"] = max(1, int(value * random.choice((0.5, 1, 2))))
    return changed


def _all(*leaves: dict[str, Any]) -> dict[str, Any]:
    return {"all": list(leaves)}


def _leaf(field: str, op: str, value: Any, **more: Any) -> dict[str, Any]:
    return {"field": field, "op": op, "value": value, **more}
