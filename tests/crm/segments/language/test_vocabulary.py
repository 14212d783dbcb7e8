"""The vocabulary comes from the catalog and the database: other data, other words."""

from datetime import datetime

import pytest
from meaning import TODAY
from sqlalchemy.orm import Session

from crm.access.models import Role
from crm.catalog import CATALOG
from crm.segments.language.reader import read_segment
from crm.segments.language.vocabulary import Vocabulary, load_vocabulary
from tests.builders import make_account, make_member, make_order


@pytest.fixture
def grocery(session: Session, now: datetime) -> Vocabulary:
    """A shop with American grocery departments, one city and two managers of the same first name."""
    make_account(session, display_name="Helen Sun", role=Role.CSM)
    make_account(session, display_name="Amy Xu", role=Role.CSM)
    make_account(session, display_name="Amy Li", role=Role.CSM)
    member = make_member(session, name="Zhang Min", name_local="张敏", tier="gold", city="Cincinnati", tags=["vegan"])
    make_order(session, member, ordered_at=now, category="FROZEN PIZZA")
    return load_vocabulary(session, CATALOG)


def test_values_are_those_of_the_database(grocery: Vocabulary) -> None:
    assert grocery.values["tier"] == ("gold",)
    assert grocery.values["city"] == ("Cincinnati",)
    assert grocery.values["category"] == ("FROZEN PIZZA",)
    assert grocery.values["channel"] == ("email", "push", "sms")
    assert grocery.local_names == {"张敏": "Zhang Min"}


def test_a_category_is_read_in_the_spelling_of_the_database(grocery: Vocabulary) -> None:
    request = read_segment("gold members in cincinnati who bought frozen pizzas in May", grocery, TODAY).request
    assert request is not None
    assert request.definition == {
        "all": [
            {"field": "tier", "op": "in", "value": ["gold"]},
            {"field": "city", "op": "in", "value": ["Cincinnati"]},
            {
                "field": "orders.category",
                "op": "contains_any",
                "value": ["FROZEN PIZZA"],
                "window": {"from": "2026-05-01", "to": "2026-05-31"},
            },
        ]
    }


def test_a_name_that_is_not_in_the_database_is_left_unread(grocery: Vocabulary) -> None:
    assert read_segment("gold members in Shanghai", grocery, TODAY).unread == ("Shanghai",)


def test_a_first_name_stands_for_a_manager_only_when_one_bears_it(grocery: Vocabulary) -> None:
    helen = read_segment("Helen's members", grocery, TODAY).request
    assert helen is not None
    assert helen.definition == {"all": [{"field": "csm", "op": "=", "value": "Helen Sun"}]}
    assert read_segment("Amy's members", grocery, TODAY).unread == ("Amy",)
