"""What is wrong with a journey is said all at once, each with its place and what would be right."""

from typing import Any

import pytest

from crm.catalog import CATALOG
from crm.errors import InvalidRequest
from crm.journeys.validation import parse_journey, spec_errors
from crm.outreach.spec import JourneySpec
from tests.walks import Json, journey, send, task, wait

END = {"kind": "end", "key": "done"}
ON_BIRTHDAY = {"kind": "key_date", "date": "birthday", "days_before": 7}
OPENED = {"events": ["opened"]}


def places(data: Json) -> list[str]:
    return [mistake.path for mistake in spec_errors(data, CATALOG)]


def said(data: Json) -> str:
    return " | ".join(mistake.sentence for mistake in spec_errors(data, CATALOG))


def branch(key: str, then: str, **changes: Any) -> Json:
    return {"kind": "branch", "key": key, "event": {"events": ["ordered"]}, "then": then} | changes


def test_a_journey_that_can_be_walked_has_no_mistakes() -> None:
    data = journey(
        wait("warm-up", until_key_date=-3, at="09:00"),
        send("soon"),
        wait("day", until_key_date=0, at="09:00"),
        send("today", "preferred", benefits={"words": "a gift", "coupon_codes": []}),
        wait("answer", until_event={"events": ["opened"], "step": "today"}, timeout={"days": 2}, on_timeout="call"),
        branch("bought", "done", otherwise="call"),
        task("call"),
        END,
        trigger=ON_BIRTHDAY,
        exits=[{"event": {"events": ["redeemed"], "coupon_code": "B50"}}],
    )
    assert spec_errors(data | {"experiment": "x"}, CATALOG) == []
    spec = parse_journey(data | {"experiment": "x"}, CATALOG)
    assert spec.is_walked
    assert spec_errors(spec, CATALOG) == []


@pytest.mark.parametrize(
    ("path", "words", "data"),
    [
        ("steps[1]", "nobody ever comes to step 'lost'", journey(send("a", next="z"), send("lost"), send("z"))),
        ("steps[0].next", "there is no step 'hallo'; the nearest are hello", journey(send("hello", next="hallo"))),
        ("steps[1].key", "there is a step 'a' already", journey(send("a"), send("a"))),
        (
            "steps[0]",
            "waits without end when the event never comes",
            journey(wait("w", until_event=OPENED), send("a")),
        ),
        ("holdout_share", "is 0.1% meant, or 10%", {**journey(send("a")), "holdout_share": 0.001}),
        ("holdout_share", "is 0.5% meant, or 50%", {**journey(send("a")), "holdout_share": 0.005}),
        ("holdout_share", "is 0.99% meant", {**journey(send("a")), "holdout_share": 0.0099}),
        ("holdout_share", "at most 0.5", {**journey(send("a")), "holdout_share": 10}),
        ("name", "name must not be empty", {**journey(send("a")), "name": ""}),
        ("steps", "steps must not be empty", journey()),
        ("holdout_share", "holdout share must be at most 0.5", {**journey(send("a")), "holdout_share": 3}),
        ("steps[0].days", "days must be a whole number", journey(wait("w", days="x"), send("a"))),
        ("steps[1]", "number 2 of steps is of a kind zz that there is not", journey(send("a"), {"kind": "zz"})),
        ("language", "language must be 'en' or 'zh'", {**journey(send("a")), "language": "fr"}),
        ("colour", "colour is not known here", {**journey(send("a")), "colour": "red"}),
        ("steps[0]", "waits for exactly one of", journey(wait("w"), send("a"))),
        ("steps[0]", "waits for exactly one of", journey(wait("w", days=1, until_time="09:00"), send("a"))),
        (
            "steps[0]",
            "a way leads in a circle without a wait (b, c)",
            journey(branch("b", "c", otherwise="done"), branch("c", "b"), END),
        ),
        (
            "steps[1]",
            "stands in a circle, but acts once",
            journey(wait("w", days=1), send("a"), branch("b", "w", otherwise="done"), END),
        ),
        ("steps[0]", "no way leads out of w, b", journey(wait("w", days=1), branch("b", "w", otherwise="w"), END)),
        ("steps[0]", "has no words for sms", journey(send("a", "sms", wordings=[{"channel": "email", "body": "x"}]))),
        (
            "steps[0].wordings[0].body",
            "names {{ code }}, but the step has no offer",
            journey(send("a", wordings=[{"channel": "email", "body": "take {{ code }}"}])),
        ),
        (
            "steps[0].wordings[0].subject",
            "there is no field 'nam'",
            journey(send("a", wordings=[{"channel": "email", "subject": "{{ nam }}", "body": "x"}])),
        ),
        (
            "steps[0].definition.all[0].field",
            "there is no field 'teir'; the nearest are tier",
            journey(
                {
                    "kind": "branch",
                    "key": "b",
                    "definition": {"all": [{"field": "teir", "op": "in", "value": ["gold"]}]},
                    "then": "a",
                    "otherwise": "done",
                },
                send("a"),
                END,
            ),
        ),
        (
            "trigger.entry",
            "it can have no limit",
            journey(send("a"), trigger={"kind": "by_hand", "entry": {"all": [], "limit": 5}}),
        ),
        (
            "steps[0].ways[1].weight",
            "weight must be at least 1",
            journey(
                {"kind": "split", "key": "s", "ways": [{"to": "a", "weight": 1}, {"to": "a", "weight": 0}]}, send("a")
            ),
        ),
        (
            "steps[1].until_key_date",
            "day -3 of the key date has passed when members come from step 'one' on day -1",
            journey(
                wait("one", until_key_date=-1, at="09:00"),
                wait("two", until_key_date=-3, at="09:00"),
                send("a"),
                trigger=ON_BIRTHDAY,
            ),
        ),
        (
            "steps[0].until_key_date",
            "members enter on day -7 of the key date, after day -9",
            journey(wait("one", until_key_date=-9, at="09:00"), send("a"), trigger=ON_BIRTHDAY),
        ),
        (
            "steps[0].until_key_date",
            "start the journey on a key date",
            journey(wait("one", until_key_date=0, at="09:00"), send("a")),
        ),
        (
            "steps[0].until_event.step",
            "there is no step 'b' that sends; those that send are a",
            journey(wait("w", until_event=OPENED | {"step": "b"}, timeout={"days": 1}), send("a")),
        ),
        (
            "exits[0].event.events",
            "joined can only start a journey",
            journey(send("a"), exits=[{"event": {"events": ["joined"]}}]),
        ),
        (
            "trigger.event.category",
            "only orders have a category",
            journey(send("a"), trigger={"kind": "event", "event": {"events": ["visit"], "category": "tea"}}),
        ),
        (
            "trigger",
            "is a campaign",
            journey(send("a"), trigger={"kind": "audience_at_launch", "definition": {"all": []}}),
        ),
        ("steps[0].offset_days", "put a wait before the step", journey(send("a", offset_days=2))),
        ("reentry", "after_days needs days", journey(send("a"), reentry={"rule": "after_days"})),
        ("steps[0].kind", "", journey({"kind": "leap", "key": "a"})),
    ],
)
def test_each_mistake_has_its_place_and_a_sentence(path: str, words: str, data: Json) -> None:
    found = spec_errors(data | {"experiment": "x"}, CATALOG)
    there = [mistake.sentence for mistake in found if mistake.path in (path, path.removesuffix(".kind"))]
    assert any(words in sentence for sentence in there), found


def test_every_mistake_is_told_at_once() -> None:
    data = journey(
        wait("w", until_event=OPENED),
        send("a", "sms", wordings=[{"channel": "email", "body": "{{ offer }}"}]),
        send("a"),
        branch("b", "nowhere"),
        trigger={"kind": "by_hand", "entry": {"field": "age"}},
    )
    assert places(data | {"experiment": "x"}) == [
        "steps[0]",
        "steps[1]",
        "steps[2].key",
        "steps[3].then",
        "steps[1].wordings[0].body",
        "trigger.entry.op",
    ]
    with pytest.raises(InvalidRequest, match="there is no step 'nowhere'") as caught:
        parse_journey(data | {"experiment": "x"}, CATALOG)
    assert caught.value.path == "steps[0]"


@pytest.mark.parametrize("data", [{}, {"steps": 7}, {"steps": [3], "trigger": 4}, {"name": "x", "steps": [{}]}])
def test_nonsense_is_explained_and_does_not_crash(data: Json) -> None:
    assert spec_errors(data, CATALOG)


def test_a_specification_of_the_first_version_reads_as_it_did() -> None:
    stored = {
        "name": "Win-back",
        "experiment": "Win-back",
        "trigger": {"kind": "audience_at_launch", "definition": {"all": []}},
        "start": "2026-06-05T10:00:00",
        "holdout_share": 0.1,
        "steps": [
            {
                "kind": "send",
                "key": "main",
                "offset_days": 2,
                "at": "10:00",
                "channels": ["email"],
                "wordings": [{"channel": "email", "variant": "A", "subject": None, "body": "Hello"}],
            }
        ],
        "benefits": {"words": "", "coupon_codes": [], "unbacked": []},
        "language": "en",
    }
    spec = JourneySpec.model_validate(stored)
    assert not spec.is_walked
    assert spec.messages_per_member == 1
    assert spec.step("main").offset_days == 2
