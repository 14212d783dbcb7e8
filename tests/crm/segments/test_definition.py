"""Definitions make sense by construction, and errors say what would be right."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm.catalog import CATALOG
from crm.errors import InvalidRequest
from crm.fields import Op
from crm.segments.definition import EVERYONE, MAX_CONDITIONS, Condition, Definition, Term, parse_definition
from tests.conftest import examples
from tests.crm.segments.strategies import definitions

NEVER_BOUGHT = {"field": "orders.count", "op": "=", "value": 0}


@settings(max_examples=examples(300), deadline=None)
@given(definitions())
def test_every_definition_survives_json(definition: Definition) -> None:
    assert parse_definition(json.dumps(definition.to_json()), CATALOG) == definition


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KEYS = [
    "all",
    "any",
    "not",
    "field",
    "op",
    "value",
    "window",
    "window_days",
    "window_months",
    "channel",
    "limit",
    "dir",
]


@settings(max_examples=examples(300), deadline=None)
@given(
    st.dictionaries(st.sampled_from(KEYS), json_values | st.sampled_from([*CATALOG.names, "in", "="]), max_size=5),
    st.sampled_from(CATALOG.names),
)
def test_any_json_is_read_or_refused_never_a_crash(data: dict[str, Any], field: str) -> None:
    for candidate in (data, {**data, "field": field, "op": "="}, {"all": [data]}):
        with suppress(InvalidRequest):
            parse_definition(candidate, CATALOG)


@pytest.mark.parametrize("data", [{"all": []}, {"limit": 20}, {"order_by": {"field": "clv"}}])
def test_no_condition_means_everyone(data: dict[str, Any]) -> None:
    assert parse_definition(data, CATALOG).root == EVERYONE.root


def test_a_condition_may_stand_alone_with_order_and_limit() -> None:
    data = {**NEVER_BOUGHT, "window_days": 30, "order_by": {"field": "clv", "dir": "asc"}, "limit": 5}
    definition = parse_definition(data, CATALOG)
    assert isinstance(definition.root, Condition)
    assert definition.to_json() == data


def test_an_unknown_field_lists_the_three_nearest() -> None:
    with pytest.raises(InvalidRequest, match="the nearest are orders") as caught:
        parse_definition({"all": [{"field": "order.count", "op": "=", "value": 0}]}, CATALOG)
    assert caught.value.path == "all[0].field"
    assert len(caught.value.candidates) == 3
    assert caught.value.candidates[0] == "orders.count"


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({**NEVER_BOUGHT, "window_days": -5}, "window_days", "window_days needs a whole number from 1 to 36,500, not -5"),
    ({**NEVER_BOUGHT, "window_days": 0}, "window_days", "not 0"),
    ({**NEVER_BOUGHT, "window_days": True}, "window_days", "not True"),
    ({**NEVER_BOUGHT, "window_days": 30, "window_months": 1}, "window_months", "one window"),
    ({**NEVER_BOUGHT, "window": {"from": "2026-05-31", "to": "2026-05-01"}}, "window", "ends on or after"),
    ({**NEVER_BOUGHT, "window": {"from": None}}, "window", "needs from, to or both"),
    ({**NEVER_BOUGHT, "window": {"from": "yesterday"}}, "window.from", "a day such as"),
    ({**NEVER_BOUGHT, "window": {"since": "2026-01-01"}}, "window", "from and to, not since"),
    ({**NEVER_BOUGHT, "channel": "email"}, "channel", "takes category, not channel"),
    ({**NEVER_BOUGHT, "value": 1.5}, "value", "whole number"),
    ({**NEVER_BOUGHT, "value": "0"}, "value", "needs a number"),
    ({**NEVER_BOUGHT, "value": float("nan")}, "value", "needs a number"),
    ({**NEVER_BOUGHT, "value": 10**30}, "value", "at most"),
    ({**NEVER_BOUGHT, "op": "contains_any"}, "op", "can be compared by"),
    ({**NEVER_BOUGHT, "op": "DROP TABLE"}, "op", "can be compared by"),
    ({**NEVER_BOUGHT, "op": "between", "value": [3, 1]}, "value", "lower number first"),
    ({"field": "orders.count", "op": "="}, "value", "needs a value"),
    ({"field": "orders.spend", "op": ">", "value": 0.001}, "value", "two decimals"),
    ({"field": "tier", "op": "in", "value": []}, "value", "one or more words"),
    ({"field": "tier", "op": "in", "value": ["gold"], "window_days": 30}, "window_days", "has no windows"),
    ({"field": "tier", "op": "=", "value": ["gold", "silver"]}, "value", "takes one word"),
    ({"field": "tier", "op": "in", "value": ["gold\x00"]}, "value", "no database can store"),
    ({"field": "tier", "op": "in", "value": ["\ud800"]}, "value", "no database can store"),
    ({"field": "gender", "op": "in", "value": ["woman"]}, "value", "one of female, male"),
    ({"field": "consent.sms", "op": "=", "value": "yes"}, "value", "true or false"),
    ({"field": "birthday", "op": "month_day_between", "value": ["02-30", "03-01"]}, "value[0]", "month-day"),
    ({"field": "birthday", "op": "month_day_between", "value": ["06-01"]}, "value", "two days of the year"),
    ({"field": "joined_at", "op": ">", "value": {"days_ago": -1}}, "value.days_ago", "from 0"),
    (
        {"field": "joined_at", "op": "between", "value": ["2026-01-01", {"days_ago": "x"}]},
        "value[1].days_ago",
        "from 0",
    ),
    ({"field": "joined_at", "op": ">", "value": {"weeks_ago": 1}}, "value", "days_ago, months_ago, years_ago"),
    ({"field": "joined_at", "op": ">", "value": "2026-13-01"}, "value", "a day such as"),
    ({"field": "joined_at", "op": "between", "value": ["2026-06-01", "2026-01-01"]}, "value", "earlier day first"),
    ({"field": "messages.opened", "op": ">", "value": 0, "channel": "fax"}, "channel", "one of email, sms, push"),
    ({"field": "campaign", "op": "none", "value": ["Spring Refresh"]}, "value", "takes no value"),
    ({"field": "age", "op": "<", "value": 30, "colour": "red"}, "colour", "takes no colour"),
    ({"all": [], "any": []}, "definition", "exactly one of all, any and not"),
    ({"any": []}, "any", "nobody"),
    ({"all": NEVER_BOUGHT}, "all", "list of conditions"),
    ({"order_by": {"field": "tier"}}, "order_by", "cannot be ordered by tier"),
    ({"order_by": {"field": "clv", "dir": "up"}}, "order_by.dir", "asc or desc"),
    ({"all": [], "limit": 0}, "limit", "limit needs"),
    ({"all": [], "limit_percent": 5}, "limit_percent", "needs order_by"),
    ({"order_by": {"field": "clv"}, "limit": 1, "limit_percent": 5}, "limit_percent", "not both"),
    ({"order_by": {"field": "clv"}, "limit_percent": 0}, "limit_percent", "above 0 and up to 100"),
    ({"field": "clv", "op": "top_percent", "value": 100.5}, "value", "above 0 and up to 100"),
    ({}, "definition", "not empty"),
]


@pytest.mark.parametrize(("data", "path", "sentence"), REFUSED)
def test_what_makes_no_sense_is_refused_in_one_sentence(data: dict[str, Any], path: str, sentence: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse_definition(data, CATALOG)
    assert sentence in caught.value.message
    assert caught.value.path == path


def test_the_path_of_an_error_leads_to_the_condition() -> None:
    bad = {
        "all": [{"field": "tier", "op": "in", "value": ["gold"]}, {"not": {"any": [{**NEVER_BOUGHT, "value": -0.5}]}}]
    }
    with pytest.raises(InvalidRequest, match="whole number") as caught:
        parse_definition(bad, CATALOG)
    assert caught.value.path == "all[1].not.any[0].value"


def test_trees_that_are_too_deep_or_too_large_are_refused() -> None:
    deep: dict[str, Any] = NEVER_BOUGHT
    for _ in range(5000):
        deep = {"not": deep}
    with pytest.raises(InvalidRequest, match="12 levels"):
        parse_definition(deep, CATALOG)
    with pytest.raises(InvalidRequest, match="nests at most"):
        parse_definition('{"not":' * 100_000, CATALOG)
    with pytest.raises(InvalidRequest, match=f"at most {MAX_CONDITIONS} conditions"):
        parse_definition({"all": [NEVER_BOUGHT] * (MAX_CONDITIONS + 1)}, CATALOG)


def test_a_condition_built_in_code_is_checked_like_one_from_json() -> None:
    tier = Term(CATALOG.field("tier"))
    with pytest.raises(InvalidRequest, match="needs a list"):
        Condition(tier, Op.IN, 5)
    twice = Condition(tier, Op.IN, ("gold", "gold"))
    assert Definition(twice).to_json() == {"field": "tier", "op": "in", "value": ["gold"]}


@pytest.mark.parametrize("field", CATALOG.fields, ids=lambda field: field.name)
def test_each_field_is_described_in_both_languages(field: Any) -> None:
    assert field.label.en
    assert field.label.zh
    assert field.words_en
    assert field.words_zh
