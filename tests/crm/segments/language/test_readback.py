"""What the product says about a segment can be said back to it."""

from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings

from crm.catalog import CATALOG
from crm.segments.definition import Definition, parse_definition
from crm.segments.describe import describe
from crm.segments.language.readback import read_back
from crm.segments.language.reader import read_segment
from crm.segments.language.vocabulary import Vocabulary
from crm.segments.phrases import Language
from crm.segments.scope import SegmentScope
from tests.conftest import examples
from tests.crm.segments.strategies import definitions

SCOPE = SegmentScope(CATALOG, date(2026, 6, 1), ZoneInfo("Asia/Shanghai"), me_id=1)
FIELDS = {field.name: field for field in CATALOG.fields}


@pytest.mark.parametrize("language", ["en", "zh"])
@settings(max_examples=examples(300), deadline=None)
@given(definition=definitions())
def test_every_definition_can_be_read_back_from_its_words(language: Language, definition: Definition) -> None:
    words = describe(definition, SCOPE, language=language)
    found = read_back(words, FIELDS)
    assert found is not None, words
    assert describe(parse_definition(found, CATALOG), SCOPE, language=language) == words


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("row_owner_id", [None, 1])
def test_arrangement_rights_and_the_past_day_are_read_back(language: Language, row_owner_id: int | None) -> None:
    best = {"field": "tier", "op": "in", "value": ["gold"], "order_by": {"field": "orders.spend"}}
    share = {"field": "clv", "op": "top_percent", "value": 2.5}
    past = replace(SCOPE, today=date(2026, 3, 1), row_owner_id=row_owner_id, as_of=True)
    for data in (best | {"limit": 20}, best | {"limit_percent": 12.5}, {"all": [share]}):
        definition = parse_definition(data, CATALOG)
        found = read_back(describe(definition, past, language=language), FIELDS)
        assert found is not None
        assert found.pop("as_of") == "2026-03-01"
        assert describe(parse_definition(found, CATALOG), past) == describe(definition, past)


def test_a_changed_read_back_is_the_changed_segment(vocabulary: Vocabulary) -> None:
    words = "members where tier is platinum; and number of orders in the last 45 days (2026-05-02 to 2026-06-01) is 0"
    request = read_segment(words, vocabulary, SCOPE.today).request
    assert request is not None
    assert request.definition == {
        "all": [
            {"field": "tier", "op": "in", "value": ["platinum"]},
            {"field": "orders.count", "op": "=", "value": 0, "window_days": 45},
        ]
    }


def test_other_words_are_no_read_back() -> None:
    assert read_back("gold members in Shanghai", FIELDS) is None
    assert read_back("members where the moon is full", FIELDS) is None
