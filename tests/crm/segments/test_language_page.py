"""The page of fields says what the catalog says, and the SQL does what the page says of missing values."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from crm.catalog import CATALOG
from crm.fields import Field, Kind, Op, WhenMissing
from crm.segments.compile import select_member_ids
from crm.segments.definition import Condition, Definition, Not, Term
from crm.segments.plan import Shape
from crm.segments.scope import SegmentScope
from tests.builders import make_member
from tests.conftest import DATABASE_KINDS, OpenDatabase, examples
from tests.crm.segments.drawing import TODAY, ZONES
from tests.crm.segments.language_page import PAGE, page, without_a_value
from tests.crm.segments.strategies import terms, values

SCOPE = SegmentScope(CATALOG, TODAY, ZONES[0], me_id=1)
MISSING = [(field, op) for field in CATALOG.fields for op in field.ops if field.when_missing(op) is not None]


def test_the_page_of_fields_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: make docs"


@pytest.fixture(scope="module", params=DATABASE_KINDS)
def nobody_known(request: pytest.FixtureRequest, open_database: OpenDatabase) -> Iterator[Session]:
    """One member of whom nothing is known that can be unknown."""
    with open_database(request.param) as engine, Session(engine) as session:
        unknown = dict.fromkeys(("city", "gender", "birthday_on", "preferred_channel"))
        make_member(session, consents={}, reachable_on=(), **unknown)
        yield session
        session.rollback()


def verdict_on_the_member(session: Session, condition: Condition) -> WhenMissing:
    """What SQL says, in every shape: who meets the condition, and who meets its negation."""
    found = set()
    for shape in Shape:
        is_in, is_in_negation = (
            bool(session.scalars(select_member_ids(Definition(root), SCOPE, shape)).all())
            for root in (condition, Not(condition))
        )
        assert not (is_in and is_in_negation)
        opposite = WhenMissing.FAILS if is_in_negation else WhenMissing.UNKNOWN
        found.add(WhenMissing.HOLDS if is_in else opposite)
    (verdict,) = found
    return verdict


@pytest.mark.parametrize(("field", "op"), MISSING, ids=lambda part: getattr(part, "name", part))
@settings(max_examples=examples(5), deadline=None)
@given(data=st.data())
def test_a_comparison_says_of_a_missing_value_what_the_catalog_says(
    nobody_known: Session, field: Field, op: Op, data: st.DataObject
) -> None:
    condition = Condition(data.draw(terms(field)), op, data.draw(values(field, op)))
    assert verdict_on_the_member(nobody_known, condition) is field.when_missing(op)


@pytest.mark.parametrize("field", CATALOG.fields, ids=lambda field: field.name)
def test_where_there_always_is_a_value_nothing_stands_for_zero_false_or_no_words(
    nobody_known: Session, field: Field
) -> None:
    says = without_a_value(field)
    if says == "no rows are 0":
        condition = Condition(Term(field), Op.EQ, 0)
    elif says == "nothing on file is false":
        condition = Condition(Term(field), Op.EQ, False)
    elif says == "no rows are no words":
        op = Op.NONE if field.kind is Kind.MEMBERSHIP else Op.CONTAINS_NONE
        condition = Condition(Term(field), op, None if op is Op.NONE else ("anything",))
    elif field.missing is not None:
        condition = Condition(Term(field), Op.KNOWN, False)
    else:
        assert says == "there always is one"
        return
    assert verdict_on_the_member(nobody_known, condition) is WhenMissing.HOLDS
