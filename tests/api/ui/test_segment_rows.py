"""Definitions as rows on a page: nothing is lost on the way there and back, and mistakes are shown where they are."""

import json
from pathlib import Path
from typing import Any

import pytest

from api.ui.segments.comparisons import Shape, new_leaf, op_words, shape_of, with_field, with_op
from api.ui.segments.rows import ConditionRow, GroupRow, rows_of
from crm.catalog import CATALOG
from crm.errors import InvalidRequest
from crm.fields import Op
from crm.segments.definition import ARRANGEMENT, parse_definition

GOLD: dict[str, Any] = {"field": "tier", "op": "in", "value": ["gold"]}
QUIET: dict[str, Any] = {"field": "orders.count", "op": "=", "value": 0, "window_days": 60}
IN_CITY: dict[str, Any] = {"field": "city", "op": "in", "value": ["上海", "Xi'an"]}
TOP: dict[str, Any] = {"order_by": {"field": "clv", "dir": "desc"}, "limit": 20}


@pytest.mark.parametrize(
    "definition",
    [
        {"all": []},
        {"all": [GOLD, QUIET]},
        {"any": [GOLD, {"not": QUIET}]},
        {"all": [GOLD, {"not": {"any": [QUIET, IN_CITY]}}]},
        {"all": [GOLD, {"any": [QUIET, {"all": [IN_CITY, {"not": GOLD}]}]}]},
        {"all": [GOLD]} | TOP,
    ],
)
def test_rows_give_the_very_definition_that_they_were_made_from(definition: dict[str, Any]) -> None:
    assert rows_of(definition).to_json() == definition


@pytest.mark.parametrize(
    ("definition", "same_in_rows"),
    [
        (GOLD, {"all": [GOLD]}),
        ({"not": GOLD}, {"all": [{"not": GOLD}]}),
        ({"not": {"any": [GOLD, QUIET]}}, {"all": [{"not": {"any": [GOLD, QUIET]}}]}),
        ({"all": [{"not": {"not": GOLD}}]}, {"all": [{"not": {"all": [{"not": GOLD}]}}]}),
        (TOP, {"all": []} | TOP),
    ],
)
def test_what_rows_cannot_show_as_it_is_keeps_its_meaning(
    definition: dict[str, Any], same_in_rows: dict[str, Any]
) -> None:
    assert rows_of(definition).to_json() == same_in_rows
    parse_definition(same_in_rows, CATALOG)


def test_a_mistake_is_found_in_the_row_where_it_was_made() -> None:
    wrong = {"field": "age", "op": ">", "value": "old"}
    rows = rows_of({"all": [GOLD, {"not": {"any": [QUIET, wrong]}}]})
    with pytest.raises(InvalidRequest) as refused:
        parse_definition(rows.to_json(), CATALOG)
    found = rows.at(refused.value.path)
    assert isinstance(found, ConditionRow)
    assert found.leaf == wrong
    assert rows.at("order_by.field") is None


def test_a_group_goes_with_its_last_condition() -> None:
    rows = rows_of({"all": [GOLD, {"any": [{"all": [QUIET]}]}]})
    outer = rows.root.parts[1]
    assert isinstance(outer, GroupRow)
    inner = outer.parts[0]
    assert isinstance(inner, GroupRow)
    rows.without(inner.parts[0])
    assert rows.to_json() == {"all": [GOLD]}


@pytest.mark.parametrize("field", CATALOG.fields, ids=lambda field: field.name)
def test_every_field_has_words_and_inputs_for_each_of_its_operators(field: Any) -> None:
    words = op_words(field)
    assert len(set(words.values())) == len(words)
    for op in field.ops:
        assert isinstance(shape_of(field, op), Shape)
    assert new_leaf(field)["field"] == field.name


def test_another_operator_keeps_the_value_where_it_still_fits() -> None:
    several = {"field": "tier", "op": "in", "value": ["gold", "silver"]}
    assert with_op(GOLD, Op.NOT_IN)["value"] == ["gold"]
    assert with_op(GOLD, Op.EQ)["value"] == "gold"
    assert with_op(with_op(GOLD, Op.EQ), Op.IN) == GOLD
    assert "value" not in with_op(several, Op.EQ)
    assert with_op(QUIET, Op.GE) == QUIET | {"op": ">="}
    assert "value" not in with_op(QUIET, Op.BETWEEN)


def test_another_field_keeps_the_window_where_it_has_one() -> None:
    assert with_field(QUIET, CATALOG.field("orders.spend"))["window_days"] == 60
    assert "window_days" not in with_field(QUIET, CATALOG.field("city"))


def test_every_wording_of_the_language_can_be_shown_in_rows() -> None:
    wordings = Path(__file__).parents[2] / "crm" / "segments" / "language" / "wordings.jsonl"
    meant = [json.loads(line)["expect"].get("semantics") for line in wordings.read_text(encoding="utf-8").splitlines()]
    trees = [each for each in meant if each and set(each) <= {"all", "any", "not", *ARRANGEMENT}]
    assert len(trees) > 20
    for tree in trees:
        parsed = parse_definition(tree, CATALOG)
        again = parse_definition(rows_of(parsed.to_json()).to_json(), CATALOG)
        assert list(again.conditions()) == list(parsed.conditions())
        assert (again.order_by, again.limit) == (parsed.order_by, parsed.limit)
