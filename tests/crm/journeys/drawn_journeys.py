"""Random journeys that can be walked: every step is reached, every way leads to the end."""

from typing import Any

from hypothesis import strategies as st

from tests.walks import Json, journey, send, task, wait

CHANNELS = st.lists(st.sampled_from(["email", "sms", "push"]), min_size=1, max_size=2, unique=True) | st.just(
    ["preferred"]
)
EVENTS = st.lists(st.sampled_from(["ordered", "clicked", "visit"]), min_size=1, max_size=2, unique=True)
LENGTHS = st.sampled_from([{"minutes": 10}, {"hours": 5}, {"days": 1}, {"days": 2, "hours": 3}])
TAGGED = {"all": [{"field": "tags", "op": "contains_any", "value": ["marked"]}]}
TIMED = ("send", "wait", "time", "split", "task")
"""Kinds of steps that look at nothing but the clock."""
COUPON = "C50"
TRIGGERS: tuple[Json, ...] = (
    {"kind": "by_hand"},
    {"kind": "event", "event": {"events": ["ordered", "visit"]}},
    {"kind": "stage_entered", "stages": ["dormant", "new"]},
    {"kind": "key_date", "date": "birthday", "days_before": 2, "at": "10:00"},
)


@st.composite
def steps(draw: st.DrawFn, kinds: tuple[str, ...], *, with_benefits: bool) -> list[Json]:
    drawn = draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=6))
    keys = [f"{kind}{number}" for number, kind in enumerate(drawn)]
    found = []
    for number, kind in enumerate(drawn):
        later = [*keys[number + 1 :], "end"]
        found.append(draw(_step(kind, keys[number], later, with_benefits=with_benefits)))
    return [*found, {"kind": "end", "key": "end"}]


@st.composite
def _step(draw: st.DrawFn, kind: str, key: str, later: list[str], *, with_benefits: bool) -> Json:
    jump = draw(st.sampled_from(later))
    if kind == "send":
        brings = with_benefits and draw(st.booleans())
        return send(key, *draw(CHANNELS), **({"benefits": {"coupon_codes": [COUPON]}} if brings else {}))
    if kind == "wait":
        return wait(key, **draw(LENGTHS))
    if kind == "time":
        return wait(key, until_time=draw(st.sampled_from(["09:00", "23:30", "02:30"])))
    if kind == "task":
        return task(key, due_in_days=draw(st.integers(0, 3)))
    if kind == "split":
        return {"kind": "split", "key": key, "ways": [{"to": later[0], "weight": 2}, {"to": jump, "weight": 1}]}
    if kind == "event":
        return wait(key, until_event={"events": draw(EVENTS)}, timeout=draw(LENGTHS), on_timeout=jump)
    asked: dict[str, Any] = draw(st.sampled_from([{"definition": TAGGED}, {"event": {"events": ["ordered"]}}]))
    return {"kind": "branch", "key": key, "then": jump} | asked


@st.composite
def journeys(draw: st.DrawFn) -> Json:
    """Of any steps, triggers, re-entry rules and exits."""
    kinds = (*TIMED, "send", "event", "branch")
    rules = [{"rule": "once"}, {"rule": "after_days", "days": 2}, {"rule": "each_occurrence"}]
    exits = [{"definition": TAGGED}, {"event": {"events": ["ordered"]}}]
    return journey(
        *draw(steps(kinds, with_benefits=True)),
        trigger=draw(st.sampled_from(TRIGGERS)),
        reentry=draw(st.sampled_from(rules)),
        exits=draw(st.lists(st.sampled_from(exits), max_size=1)),
        holdout_share=draw(st.sampled_from([0.0, 0.3])),
    )
