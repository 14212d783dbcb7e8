"""What conditions mean, as tables: a small world, a condition, and who is in. Missing values in nearly each."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.orm import Session

from crm.activity.models import MemberActivity
from crm.catalog import CATALOG
from crm.channels import Channel
from crm.errors import InvalidRequest
from crm.lifecycle.models import MemberScore
from crm.loyalty.models import PointsAccount
from crm.members.models import Member, Suppression
from crm.segments.compile import select_member_ids
from crm.segments.definition import parse_definition
from crm.segments.plan import Shape
from crm.segments.records import member_records
from crm.segments.reference import evaluate
from crm.segments.scope import SegmentScope
from tests.builders import make_account, make_member, make_order

TODAY = date(2026, 6, 1)
SHANGHAI = ZoneInfo("Asia/Shanghai")


def local(day: str, at: str = "12:00:00") -> datetime:
    return datetime.combine(date.fromisoformat(day), time.fromisoformat(at), tzinfo=SHANGHAI).astimezone(UTC)


def names_in(session: Session, scope: SegmentScope, data: Mapping[str, Any]) -> str:
    """The names of the members in the segment, one letter each; SQL in both shapes and reference agree."""
    definition = parse_definition(data, CATALOG)
    records = list(member_records(session, scope))
    found = "".join(record["name"] for record in records if evaluate(definition, record, scope))
    names = {record["id"]: record["name"] for record in records}
    for shape in Shape:
        ids = session.scalars(select_member_ids(definition, scope, shape)).all()
        assert "".join(names[member_id] for member_id in ids) == found
    return found


@pytest.fixture
def scope() -> SegmentScope:
    return SegmentScope(CATALOG, TODAY, SHANGHAI)


Who = Callable[..., str]


@pytest.fixture
def who(session: Session, scope: SegmentScope) -> Who:
    def found(field: str, op: str, value: Any = None, **more: Any) -> str:
        leaf = {"field": field, "op": op, **({} if value is None else {"value": value}), **more}
        return names_in(session, scope, leaf) + " | " + names_in(session, scope, {"not": leaf})

    return found


def test_a_missing_city_is_none_of_the_cities(session: Session, who: Who) -> None:
    for name, city in {"A": "Beijing", "B": "Shanghai", "C": None}.items():
        make_member(session, name=name, city=city)
    assert who("city", "in", ["Beijing"]) == "A | BC"
    assert who("city", "not_in", ["Beijing"]) == "BC | A"
    assert who("city", "!=", "Beijing") == "BC | A"
    assert who("city", "known", True) == "AB | C"


def test_a_missing_stage_is_none_of_the_stages(session: Session, who: Who) -> None:
    for name, stage in {"A": "dormant", "B": "vip", "C": None}.items():
        member = make_member(session, name=name)
        session.add(MemberScore(member_id=member.id, lifecycle_stage=stage))
    make_member(session, name="D")
    assert who("lifecycle_stage", "in", ["dormant"]) == "A | BCD"
    assert who("lifecycle_stage", "not_in", ["dormant"]) == "BCD | A"


def test_a_missing_number_meets_no_comparison_and_no_opposite(session: Session, who: Who) -> None:
    for name, risk in {"A": 0.7, "B": 0.2, "C": None}.items():
        member = make_member(session, name=name)
        session.add(MemberScore(member_id=member.id, churn_risk=risk, clv_cents=risk and int(risk * 1000)))
        if risk:
            session.add(PointsAccount(member_id=member.id, balance=int(risk * 10)))
            session.add(MemberActivity(member_id=member.id, as_of_on=TODAY, score=risk * 100, declining_weeks=3))
    make_member(session, name="D")
    assert who("churn_risk", ">=", 0.7) == "A | B"
    assert who("churn_risk", "between", [0.2, 0.7]) == "AB | "
    assert who("clv", "<", 7) == "B | A"
    assert who("clv", "known", False) == "CD | AB"
    assert who("points_balance", "!=", 7) == "B | A"
    assert who("activity_trend", ">=", 3) == "AB | "


def test_no_consent_on_file_is_no_consent(session: Session, who: Who) -> None:
    make_member(session, name="A", consents={Channel.SMS: True})
    make_member(session, name="B", consents={Channel.SMS: False})
    make_member(session, name="C", consents={})
    assert who("consent.sms", "=", True) == "A | BC"
    assert who("consent.sms", "=", False) == "BC | A"
    assert who("consent.sms", "!=", False) == "A | BC"


def test_the_blacklist_is_never_unknown(session: Session, who: Who, now: datetime) -> None:
    listed = make_member(session, name="A")
    make_member(session, name="B")
    session.add(Suppression(member_id=listed.id, reason="asked", created_at=now))
    assert who("blacklisted", "=", False) == "B | A"


def test_zero_orders_includes_those_who_never_bought_and_last_order_leaves_them_out(session: Session, who: Who) -> None:
    recent, lapsed, _never = (make_member(session, name=name) for name in "ABC")
    make_order(session, recent, ordered_at=local("2026-05-20"), amount_cents=30_000)
    make_order(session, lapsed, ordered_at=local("2026-01-20"), amount_cents=10_000)
    assert who("orders.count", "=", 0, window_days=30) == "BC | A"
    assert who("orders.count", "=", 0) == "C | AB"
    assert who("orders.count", "between", [0, 1], window_days=30) == "ABC | "
    assert who("orders.spend", "<=", 100) == "BC | A"
    assert who("last_order_at", "<", "2026-05-01") == "B | A"
    assert who("last_order_at", "<=", {"months_ago": 1}) == "B | A"
    assert who("last_order_at", "known", False) == "C | AB"
    assert who("orders.average", ">=", 100) == "AB | "


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        ({"window_days": 30}, "BCDE"),
        ({"window_months": 1}, "ABCDE"),
        ({"window": {"from": "2026-05-02", "to": "2026-05-31"}}, "BCD"),
        ({"window": {"from": "2026-06-01"}}, "EF"),
        ({"window": {"to": "2026-05-01"}}, "A"),
        ({"window": {"from": None, "to": "2026-05-31"}}, "ABCD"),
        ({}, "ABCDEF"),
    ],
)
def test_windows_are_whole_local_days_with_both_ends(
    session: Session, scope: SegmentScope, window: dict[str, Any], expected: str
) -> None:
    moments = {
        "A": local("2026-05-01", "23:59:59"),
        "B": local("2026-05-02", "00:00:00"),
        "C": local("2026-05-31", "00:00:00"),
        "D": local("2026-05-31", "23:59:59"),
        "E": local("2026-06-01", "23:59:59"),
        "F": local("2026-06-02", "00:00:00"),
    }
    for name, moment in moments.items():
        make_order(session, make_member(session, name=name), ordered_at=moment)
    assert names_in(session, scope, {"field": "orders.count", "op": ">=", "value": 1, **window}) == expected


def test_days_end_at_local_midnight_when_the_clocks_change(session: Session) -> None:
    zone = ZoneInfo("America/New_York")
    scope = SegmentScope(CATALOG, date(2026, 3, 9), zone)
    member = make_member(session, name="A")
    last_minute = datetime(2026, 3, 8, 23, 59, tzinfo=zone)
    make_order(session, member, ordered_at=last_minute)
    leaf = {"field": "orders.count", "op": "=", "value": 1}
    assert names_in(session, scope, {**leaf, "window": {"from": "2026-03-08", "to": "2026-03-08"}}) == "A"
    assert names_in(session, scope, {**leaf, "window": {"from": "2026-03-09", "to": "2026-03-09"}}) == ""


def test_months_back_end_on_the_last_day_of_a_shorter_month(session: Session) -> None:
    scope = SegmentScope(CATALOG, date(2026, 5, 31), SHANGHAI)
    for name, day in {"A": "2026-02-27", "B": "2026-02-28"}.items():
        make_order(session, make_member(session, name=name), ordered_at=local(day))
    assert names_in(session, scope, {"field": "orders.count", "op": ">", "value": 0, "window_months": 3}) == "B"


def test_joining_days_are_compared_as_local_days(session: Session, who: Who) -> None:
    for name, day in {"A": "2026-02-28", "B": "2026-03-01", "C": "2026-03-02"}.items():
        make_member(session, name=name, joined_at=local(day, "23:30:00"))
    assert who("joined_at", ">", "2026-03-01") == "C | AB"
    assert who("joined_at", ">=", {"months_ago": 3}) == "BC | A"
    assert who("joined_at", "=", "2026-03-01") == "B | AC"
    assert who("joined_at", "between", ["2026-02-28", "2026-03-01"]) == "AB | C"


def test_birthdays_wrap_over_the_end_of_the_year(session: Session, who: Who) -> None:
    birthdays = {"A": date(1990, 12, 24), "B": date(1991, 1, 5), "C": date(1990, 6, 1), "D": None}
    for name, born in birthdays.items():
        make_member(session, name=name, birthday_on=born)
    assert who("birthday", "month_day_between", ["12-20", "01-05"]) == "AB | C"
    assert who("birthday", "month_day_between", ["06-01", "06-30"]) == "C | AB"


def test_a_birthday_on_29_february_lies_between_the_28th_and_the_first_of_march(session: Session, who: Who) -> None:
    make_member(session, name="A", birthday_on=date(1992, 2, 29))
    assert who("birthday", "month_day_between", ["02-28", "03-01"]) == "A | "
    assert who("birthday", "month_day_between", ["02-01", "02-28"]) == " | A"


def test_age_counts_whole_years_on_the_day(session: Session, who: Who) -> None:
    for name, born in {"A": date(1996, 6, 1), "B": date(1996, 6, 2), "C": None}.items():
        make_member(session, name=name, birthday_on=born)
    assert who("age", "<", 30) == "B | A"
    assert who("age", "=", 30) == "A | B"


def test_an_anniversary_needs_an_earlier_year(session: Session, who: Who) -> None:
    joined = {"A": "2025-06-03", "B": "2026-06-03", "C": "2024-12-31", "D": "2020-02-29"}
    for name, day in joined.items():
        make_member(session, name=name, joined_at=local(day, "00:00:00"))
    assert who("joined_at", "anniversary_between", ["06-01", "06-07"]) == "A | BCD"
    assert who("joined_at", "anniversary_between", ["12-20", "06-03"]) == "ACD | B"
    assert who("joined_at", "anniversary_between", ["02-29", "02-29"]) == "D | ABC"


def test_tags_and_categories_are_sets(session: Session, who: Who) -> None:
    both = make_member(session, name="A", tags=["coffee-lover", "runner"])
    one = make_member(session, name="B", tags=["runner"])
    make_member(session, name="C")
    for category in ("tea", "coffee"):
        make_order(session, both, ordered_at=local("2026-05-20"), category=category)
    make_order(session, one, ordered_at=local("2026-01-20"), category="tea")
    assert who("tags", "contains_any", ["coffee-lover", "runner"]) == "AB | C"
    assert who("tags", "contains_all", ["coffee-lover", "runner"]) == "A | BC"
    assert who("tags", "contains_none", ["coffee-lover"]) == "BC | A"
    assert who("orders.category", "contains_any", ["tea"], window_days=30) == "A | BC"
    assert who("orders.category", "contains_all", ["tea", "coffee"]) == "A | BC"
    assert who("orders.category", "contains_none", ["tea"], window_days=30) == "BC | A"


def test_a_category_narrows_orders_to_its_lines(session: Session, who: Who) -> None:
    member = make_member(session, name="A")
    make_order(session, member, ordered_at=local("2026-05-20"), amount_cents=10_000, category="tea")
    make_order(session, member, ordered_at=local("2026-05-21"), amount_cents=50_000, category="coffee")
    assert who("orders.spend", "=", 100, category="tea") == "A | "
    assert who("orders.spend", "=", 600, category=["tea", "coffee"]) == "A | "
    assert who("orders.count", "=", 0, category="snacks") == "A | "


def test_at_me_is_the_person_who_asks(session: Session) -> None:
    kevin, helen = (make_account(session, display_name=name) for name in ("Kevin Zhao", "Helen Sun"))
    for name, owner in {"A": kevin.id, "B": helen.id, "C": None}.items():
        make_member(session, name=name, owner_id=owner)
    asks = SegmentScope(CATALOG, TODAY, SHANGHAI, me_id=kevin.id)
    mine = {"field": "csm", "op": "=", "value": "@me"}
    assert names_in(session, asks, mine) == "A"
    assert names_in(session, asks, {"not": mine}) == "BC"
    assert names_in(session, asks, {"field": "csm", "op": "in", "value": ["Helen Sun", "@me"]}) == "AB"
    assert names_in(session, asks, {"field": "csm", "op": "=", "value": helen.username}) == "B"
    assert names_in(session, asks, {"field": "csm", "op": "known", "value": False}) == "C"
    nobody = SegmentScope(CATALOG, TODAY, SHANGHAI)
    with pytest.raises(InvalidRequest, match="person who is asking"):
        names_in(session, nobody, mine)


def test_a_csm_sees_his_own_members_whatever_the_definition_says(session: Session) -> None:
    kevin = make_account(session)
    for name, owner in {"A": kevin.id, "B": None}.items():
        make_member(session, name=name, owner_id=owner)
    own = SegmentScope(CATALOG, TODAY, SHANGHAI, row_owner_id=kevin.id, me_id=kevin.id)
    tier = {"field": "tier", "op": "in", "value": ["gold"]}
    assert names_in(session, own, {"any": [tier, {"not": tier}]}) == "A"


def test_words_are_data_never_sql(session: Session, who: Who) -> None:
    evil = "x' OR 1=1; DROP TABLE members;--"
    make_member(session, name="A", city=evil)
    make_member(session, name="B")
    assert who("city", "in", [evil]) == "A | B"
    assert session.query(Member).count() == 2


def test_an_empty_database_has_no_members(session: Session, scope: SegmentScope) -> None:
    assert names_in(session, scope, {"all": []}) == ""
    assert names_in(session, scope, {"field": "orders.count", "op": "=", "value": 0}) == ""


def test_ties_are_ordered_by_id_and_missing_values_come_last(session: Session, scope: SegmentScope) -> None:
    for name, clv in {"A": None, "B": 100, "C": 300, "D": 100}.items():
        member = make_member(session, name=name)
        session.add(MemberScore(member_id=member.id, clv_cents=clv))
    session.flush()
    by_clv = {"order_by": {"field": "clv", "dir": "desc"}}
    names = {record["id"]: record["name"] for record in member_records(session, scope)}
    for direction, expected in {"desc": "CBDA", "asc": "BDCA"}.items():
        definition = parse_definition({"order_by": {**by_clv["order_by"], "dir": direction}}, CATALOG)
        ids = session.scalars(select_member_ids(definition, scope)).all()
        assert "".join(names[member_id] for member_id in ids) == expected


DEV_SET_FORMS: list[dict[str, Any]] = [
    {"field": "csm", "op": "=", "value": "@me"},
    {"field": "birthday", "op": "month_day_between", "value": ["06-01", "06-30"]},
    {"field": "joined_at", "op": "anniversary_between", "value": ["06-01", "06-30"]},
    {"field": "joined_at", "op": "between", "value": ["2026-01-01", "2026-06-01"]},
    {"field": "orders.spend", "window_days": 90, "op": ">=", "value": 5000},
    {"field": "orders.category", "window_months": 3, "op": "contains_any", "value": ["skincare"]},
    {
        "field": "messages.opened",
        "window": {"from": "2026-05-01", "to": "2026-05-31"},
        "channel": "email",
        "op": ">=",
        "value": 1,
    },
    {"field": "messages.clicked", "window_days": 14, "channel": "push", "op": ">=", "value": 1},
    {"field": "messages.received", "window_days": 7, "op": ">", "value": 5},
    {"field": "coupon.redeemed", "op": "=", "value": 0},
    {"field": "campaign", "op": "in", "value": ["Spring Refresh"]},
    {"field": "campaign", "op": "not_in", "value": ["Double Points Week"]},
    {"field": "campaign", "op": "none", "window_days": 30},
    {"field": "campaign", "op": "any", "window_days": 30},
    {"field": "churn_risk", "op": ">", "value": 0.8},
    {"field": "activity_trend", "op": ">=", "value": 3},
    {"field": "activity_score", "op": "<", "value": 40},
    {"field": "preferred_channel", "op": "in", "value": ["push"]},
]


@pytest.mark.parametrize("leaf", DEV_SET_FORMS, ids=lambda leaf: f"{leaf['field']} {leaf['op']}")
def test_each_form_of_the_language_specification_is_understood(session: Session, leaf: dict[str, Any]) -> None:
    me = make_account(session)
    make_member(session, name="A", owner_id=me.id, joined_at=local("2026-01-01") - timedelta(days=1))
    names_in(session, SegmentScope(CATALOG, TODAY, SHANGHAI, me_id=me.id), leaf)
