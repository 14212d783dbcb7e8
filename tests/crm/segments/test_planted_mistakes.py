"""Each mistake that a compiler of segments can make is caught by the comparison that the property suite makes.

A suite that never failed proves little; here it fails, once for each planted mistake.
"""

from dataclasses import replace
from datetime import timedelta
from operator import gt, le
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, find, settings
from hypothesis.errors import NoSuchExample
from sqlalchemy import Integer, cast, extract
from sqlalchemy.orm import Session
from sqlalchemy.sql import operators

from crm.activity.facts import rebuild_facts
from crm.activity.models import Order, OrderLine
from crm.catalog import CATALOG
from crm.channels import Channel
from crm.fields import Presence, RowColumns, Value
from crm.members.models import Consent, Member
from crm.outreach.models import MessageEvent, MessageEventKind
from crm.segments.definition import Definition
from tests.crm.segments.agreement import disagreement
from tests.crm.segments.conftest import Crowd
from tests.crm.segments.drawing import TODAY
from tests.crm.segments.mistakes import (
    Mistake,
    any_as_all,
    any_for_all,
    asked_differently,
    cents_of_cents,
    compared_by,
    ends_left_out,
    every_row_counts,
    in_scope,
    lists,
    missing_words_fall_out,
    moved,
    negation_not_turned,
    null_among_the_words,
    on_fields,
    only_with_rows,
    ordered,
    top_share,
    top_shares,
    two_valued_not,
    unordered,
    with_changed_sql,
    with_wrong_field,
    without,
    words_by_like,
    year_without_its_end,
)
from tests.crm.segments.strategies import definitions
from tests.crm.segments.worlds import ME

EXAMPLES = 2_000
"""Definitions tried before a mistake counts as not caught; most are caught within twenty."""
DAY = timedelta(days=1)
HISTORIC = tuple(field for field in CATALOG.fields if field.keeps_history)


def source_of(name: str) -> Any:
    return CATALOG.field(name).source


ORDERS_WITH_LINES = Order.__table__.join(OrderLine.__table__, OrderLine.order_id == Order.id)
WRONG_FIELDS = [
    # An order with three lines is summed three times.
    with_wrong_field(
        "orders.spend",
        replace(
            source_of("orders.spend"),
            columns=lambda _: RowColumns(
                Order.member_id, at=Order.ordered_at, value=Order.amount_cents, source=ORDERS_WITH_LINES
            ),
        ),
    ),
    # What a mail scanner clicked.
    with_wrong_field(
        "messages.clicked",
        replace(
            source_of("messages.clicked"),
            columns=lambda _: RowColumns(
                MessageEvent.member_id,
                at=MessageEvent.occurred_at,
                distinct_key=MessageEvent.message_id,
                conditions=(MessageEvent.kind == MessageEventKind.CLICKED,),
            ),
        ),
    ),
    # A row that says no is taken for consent.
    with_wrong_field("consent.email", Presence(Consent.member_id, Consent.channel == Channel.EMAIL)),
    # The birthday of this year is still to come.
    with_wrong_field(
        "age",
        Value(
            lambda viewpoint: viewpoint.today.year - cast(extract("year", Member.birthday_on), Integer),
            read=source_of("age").read,
        ),
    ),
]

MISTAKES = [
    Mistake("not is two-valued", two_valued_not, unordered()),
    Mistake("not of a group is not turned", negation_not_turned, unordered()),
    Mistake("any is all", any_as_all, unordered()),
    Mistake("NULL among the words of NOT IN", with_changed_sql(null_among_the_words), on_fields()),
    Mistake("members without a word fall out of NOT IN", with_changed_sql(missing_words_fall_out), on_fields()),
    Mistake("words are patterns of LIKE", with_changed_sql(words_by_like), on_fields("tags", "city")),
    Mistake("windows lose their first moment", with_changed_sql(compared_by(operators.ge, gt))),
    Mistake("windows take the next day's first moment", with_changed_sql(compared_by(operators.lt, le))),
    Mistake("windows begin a day late", with_changed_sql(moved(operators.ge, DAY))),
    Mistake("windows begin a day early", with_changed_sql(moved(operators.ge, -DAY))),
    Mistake("windows end a day early", with_changed_sql(moved(operators.lt, -DAY))),
    Mistake("windows end a day late", with_changed_sql(moved(operators.lt, DAY))),
    Mistake("windows are forgotten", asked_differently(without("window", None))),
    Mistake("qualifiers are forgotten", asked_differently(without("qualifiers", ()))),
    Mistake("days end at midnight in Greenwich", in_scope(zone=ZoneInfo("UTC"))),
    Mistake("each row counts, not each order or message", with_changed_sql(every_row_counts), on_fields()),
    Mistake("nobody without rows has zero of them", asked_differently(only_with_rows), on_fields()),
    Mistake("cents are made cents again", asked_differently(cents_of_cents), on_fields()),
    Mistake("between leaves its ends out", asked_differently(ends_left_out), on_fields()),
    Mistake("all words are any words", asked_differently(any_for_all), on_fields("tags", "orders.category")),
    Mistake("a year does not wrap", asked_differently(year_without_its_end), on_fields("birthday", "joined_at")),
    Mistake("other people's members are seen", in_scope(row_owner_id=None), scope={"row_owner_id": ME}),
    Mistake("ties in the opposite order", ordered(ties=lambda key: key.desc()), lists()),
    Mistake("ties are not broken", ordered(ties=lambda key: key.op("*")(0)), lists()),
    Mistake("members without a value first", ordered(nulls_last=False), lists()),
    Mistake("ascending is descending", ordered(turned=True), lists()),
    Mistake("cut before it is ordered", ordered(cut_first=True), lists()),
    Mistake("cut one place late", ordered(more=1), lists()),
    Mistake("a top share is rounded down", top_share(rounded_up=False), top_shares()),
    Mistake("a top share leaves ties out", top_share(with_ties=False), top_shares()),
    Mistake(
        "a top share among members who are not seen",
        top_share(of_everybody=True),
        top_shares(),
        scope={"row_owner_id": ME},
    ),
    Mistake(
        "what came after a past day counts",
        in_scope(as_of=False),
        definitions(HISTORIC),
        scope={"as_of": True, "today": TODAY - 40 * DAY},
    ),
    *WRONG_FIELDS,
]


NO_MISTAKES = [
    Mistake("nothing replaced", with_changed_sql(lambda _: None)),
    Mistake("the same asked", asked_differently(lambda condition: condition)),
    Mistake("ordered rightly", ordered(), lists()),
    Mistake("top shares counted rightly", top_share(), top_shares()),
]
"""The tools that make the mistakes, without one: what they are caught for is the mistake itself."""


def catch(session: Session, mistake: Mistake, crowd: Crowd, examples: int = EXAMPLES) -> Definition:
    """A definition that shows the mistake. Raises NoSuchExample when the suite would miss it."""
    scope = replace(crowd.scope, has_facts=False, **mistake.scope)

    def is_caught(definition: Definition) -> bool:
        wrong = disagreement(session, definition, crowd.records, scope, lambda *asked: [mistake.compiled(*asked)])
        return wrong is not None

    tries = settings(
        max_examples=examples,
        phases=(Phase.generate,),
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    return find(mistake.asked, is_caught, settings=tries, random=Random(1))


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_a_planted_mistake_is_caught(crowd: Crowd, mistake: Mistake) -> None:
    assert catch(crowd.session, mistake, crowd)


@pytest.mark.parametrize("tool", NO_MISTAKES, ids=lambda tool: tool.name)
def test_the_tools_that_make_mistakes_make_no_others(crowd: Crowd, tool: Mistake) -> None:
    with pytest.raises(NoSuchExample):
        catch(crowd.session, tool, crowd, examples=150)


def test_facts_of_the_day_before_are_caught(crowd: Crowd) -> None:
    """Facts that did not follow the day give other members; `facts_stand_for` refuses them."""
    with crowd.session.begin_nested() as savepoint:
        rebuild_facts(crowd.session, TODAY - DAY, crowd.scope.zone)
        stale = Mistake("facts of yesterday", in_scope(has_facts=True), on_fields("orders.count", "orders.spend"))
        assert catch(crowd.session, stale, crowd)
        savepoint.rollback()
