"""Facts of members stay equal to their orders and events, whatever happens."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from crm.activity.facts import check_facts, facts_stand_for, rebuild_facts, refresh_facts
from crm.activity.models import MEMBER_FACTS, ActivityEvent, EventKind
from crm.database import Sessions
from crm.members.models import Member
from tests.builders import make_member, make_order
from tests.conftest import examples

TODAY = date(2026, 6, 1)


def moment(days_ago: int, zone: ZoneInfo, at: time = time(12), today: date = TODAY) -> datetime:
    return datetime.combine(today - timedelta(days=days_ago), at, tzinfo=zone).astimezone(UTC)


def fact(session: Session, member: Member, column: str) -> object:
    return session.scalar(select(MEMBER_FACTS.c[column]).where(MEMBER_FACTS.c.member_id == member.id))


def test_a_window_counts_whole_local_days_with_both_ends_in(session: Session, zone: ZoneInfo) -> None:
    member = make_member(session)
    make_order(session, member, ordered_at=moment(30, zone, time(0, 0)))
    make_order(session, member, ordered_at=moment(31, zone, time(23, 59, 59)))
    refresh_facts(session, TODAY, zone)
    assert fact(session, member, "orders_30d") == 1
    assert fact(session, member, "order_count") == 2


def test_a_day_later_the_row_at_the_edge_has_fallen_out(session: Session, zone: ZoneInfo) -> None:
    member = make_member(session)
    make_order(session, member, ordered_at=moment(30, zone), amount_cents=5_000)
    refresh_facts(session, TODAY, zone)
    refresh_facts(session, TODAY + timedelta(days=1), zone)
    assert fact(session, member, "orders_30d") == fact(session, member, "spend_30d") == 0
    assert fact(session, member, "orders_60d") == 1


def test_facts_do_not_answer_before_everything_is_added_up(session: Session, zone: ZoneInfo) -> None:
    assert not facts_stand_for(session, TODAY, zone)
    member = make_member(session)
    refresh_facts(session, TODAY, zone)
    assert facts_stand_for(session, TODAY, zone)
    make_order(session, member, ordered_at=moment(3, zone))
    assert not facts_stand_for(session, TODAY, zone)
    refresh_facts(session, TODAY, zone)
    assert facts_stand_for(session, TODAY, zone)
    assert not facts_stand_for(session, TODAY + timedelta(days=1), zone)


def test_facts_do_not_answer_while_an_order_lies_in_the_future(session: Session, zone: ZoneInfo) -> None:
    make_order(session, make_member(session), ordered_at=moment(-1, zone))
    refresh_facts(session, TODAY, zone)
    assert not facts_stand_for(session, TODAY, zone)
    refresh_facts(session, TODAY + timedelta(days=1), zone)
    assert facts_stand_for(session, TODAY + timedelta(days=1), zone)


def test_the_database_carries_a_changed_tier_over_and_forgets_with_the_member(session: Session, zone: ZoneInfo) -> None:
    member = make_member(session, tier="gold", consents={}, reachable_on=())
    refresh_facts(session, TODAY, zone)
    session.execute(update(Member).where(Member.id == member.id).values(tier="platinum"))
    assert fact(session, member, "tier") == "platinum"
    session.execute(delete(Member).where(Member.id == member.id))
    assert session.scalars(select(MEMBER_FACTS.c.member_id)).all() == []


def test_a_drift_is_found_and_named(session: Session, zone: ZoneInfo) -> None:
    make_order(session, make_member(session), ordered_at=moment(3, zone))
    refresh_facts(session, TODAY, zone)
    session.execute(update(MEMBER_FACTS).values(spend_90d=1))
    assert [(drift.column, drift.members) for drift in check_facts(session)] == [("member_facts.spend_90d", 1)]
    rebuild_facts(session, TODAY, zone)
    assert check_facts(session) == []


# Days that pass, and what comes in on each: orders (how many days old, cents, categories) and events.
happenings = st.lists(
    st.tuples(
        st.sampled_from([0, 1, 1, 2, 30, 31, 200]),
        st.lists(
            st.tuples(
                st.integers(0, 3),
                st.sampled_from([0, 1, 6, 7, 29, 30, 31, 59, 89, 91, 150, 180, 365, 366, 500, 730]),
                st.sampled_from([0, 1, 9_999]),
                st.lists(st.sampled_from(["coffee", "tea"]), min_size=1, max_size=3),
            ),
            max_size=4,
        ),
        st.lists(st.tuples(st.integers(0, 3), st.sampled_from([0, 1, 7, 8, 34, 35, 36])), max_size=3),
    ),
    min_size=1,
    max_size=5,
)


@pytest.fixture(scope="module")
def zones() -> list[ZoneInfo]:
    return [ZoneInfo("Asia/Shanghai"), ZoneInfo("America/Sao_Paulo"), ZoneInfo("Europe/London")]


@settings(max_examples=examples(150), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=happenings, zone_index=st.integers(0, 2), start=st.dates(date(2024, 1, 1), date(2026, 12, 31)))
def test_facts_equal_the_rows_after_any_run_of_days_and_arrivals(
    sessions: Sessions, zones: list[ZoneInfo], story: list[tuple[int, list, list]], zone_index: int, start: date
) -> None:
    zone, today = zones[zone_index], start
    with sessions() as session:
        members = [make_member(session) for _ in range(2)]
        for passed, orders, events in story:
            today += timedelta(days=passed)
            members.append(make_member(session))
            for who, days_ago, cents, categories in orders:
                make_order(
                    session,
                    members[who % len(members)],
                    ordered_at=moment(days_ago, zone, time(0, 0), today),
                    amount_cents=cents,
                    category=categories[0],
                    more_lines=categories[1:],
                )
            for who, days_ago in events:
                member_id = members[who % len(members)].id
                occurred_at = moment(days_ago, zone, time(23, 59, 59), today)
                session.add(ActivityEvent(member_id=member_id, kind=EventKind.VISIT, occurred_at=occurred_at))
            session.flush()
            refresh_facts(session, today, zone)
            assert check_facts(session) == []
            assert facts_stand_for(session, today, zone)
        session.rollback()
