"""The demo world: always the same, and with everything in it that scenarios and requests name."""

import shutil
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from crm.access.demo_passwords import people_with_demo_passwords
from crm.access.models import Account, Approval, ApprovalState, PolicySetting, Role
from crm.access.passwords import DEMO_PASSWORD, fits
from crm.activity.models import MemberActivity, Order, OrderLine, Product
from crm.campaigns.models import Campaign
from crm.campaigns.monitor import monitor
from crm.catalog import CATALOG
from crm.database import Sessions, open_engine, open_sessions, read_only, unit_of_work
from crm.datasets.demo import load_demo
from crm.datasets.demo.campaigns import PILOT_CITY, PLANNED
from crm.datasets.people import DEMO_PEOPLE
from crm.datasets.summary import LoadSummary
from crm.errors import Conflict
from crm.insights.models import Insight
from crm.lifecycle.models import MemberScore
from crm.loyalty.models import Coupon, CouponGrant, CouponRedemption, GrantState
from crm.members.contacts import read_anew
from crm.members.models import ContactPoint, Member, MemberTag, Suppression
from crm.outreach.models import Arm, EndReason, Enrolment, Journey, Message, MessageState
from crm.reports.models import Review
from crm.workspace import WorldClock, get_workspace
from tests.crm.datasets.worlds import MACHINE, MEMBERS, digest

CAMPAIGN_STATES = {
    "Spring Refresh": "completed",
    "May Member Day": "completed",
    "Mother's Day Gifting": "completed",
    "Double Points Week": "completed",
    "New Year Thank You": "completed",
    "Summer Skincare": "running",
    "Platinum Win-back": "awaiting_approval",
    "618 Warm-up": "scheduled",
    "Silver Upgrade Push": "draft",
    "Tea Club Reboot": "draft",
    "Weekend Flash": "paused",
}
CITIES = {
    "Beijing",
    "Shanghai",
    "Guangzhou",
    "Shenzhen",
    "Hangzhou",
    "Chengdu",
    "Chongqing",
    "Nanjing",
    "Suzhou",
    "Wuxi",
    "Wuhan",
    "Tianjin",
    "Xiamen",
    "Qingdao",
}
CATEGORIES = {
    "skincare",
    "makeup",
    "fragrance",
    "coffee",
    "tea",
    "snacks",
    "wine",
    "kitchen",
    "home",
    "apparel",
    "shoes",
    "baby",
    "pet",
    "electronics",
    "outdoor",
}
TAGS = {
    "coffee-lover",
    "tea-drinker",
    "new-mom",
    "price-sensitive",
    "gift-buyer",
    "runner",
    "pet-owner",
    "vegan",
    "student",
    "sensitive-skin",
    "KOL",
}
NAMED = {
    "Zhang Min": "张敏",
    "Li Lei": "李雷",
    "Li Na": "李娜",
    "Wang Fang": "王芳",
    "Wang Lei": "王磊",
    "Chen Jing": "陈静",
    "Liu Yang": "刘洋",
    "Zhou Ting": "周婷",
}


def test_the_same_seed_gives_the_same_world(demo: Sessions, empty_database: Path, tmp_path: Path) -> None:
    path = tmp_path / "again.sqlite"
    shutil.copy(empty_database, path)
    engine = open_engine(f"sqlite:///{path}")
    again = open_sessions(engine)
    load_demo(again, members=MEMBERS, machine=MACHINE, catalog=CATALOG)
    with read_only(demo) as first, read_only(again) as second:
        assert digest(first) == digest(second)
    engine.dispose()


def test_loading_again_changes_nothing_and_says_so(demo: Sessions) -> None:
    with read_only(demo) as session:
        before = digest(session)
    summary = load_demo(demo, members=MEMBERS, machine=MACHINE, catalog=CATALOG)
    assert summary.already_loaded
    with read_only(demo) as session:
        assert digest(session) == before


@pytest.mark.parametrize("change", [{"seed": 8}, {"members": MEMBERS + 1}, {"today": date(2026, 6, 2)}])
def test_another_world_does_not_overwrite_this_one(demo: Sessions, change: dict[str, object]) -> None:
    with pytest.raises(Conflict, match="NURTURE_HOME"):
        load_demo(demo, **({"members": MEMBERS, "machine": MACHINE} | change), catalog=CATALOG)  # type: ignore[arg-type]


def test_every_total_equals_what_was_generated(small_demo: tuple[Path, LoadSummary]) -> None:
    summary = small_demo[1]
    assert not summary.already_loaded
    assert all(line.source_total == line.loaded_total > 0 for line in summary.lines)


def test_every_name_of_the_vocabulary_is_there(demo: Sessions) -> None:
    with read_only(demo) as session:
        campaigns = session.scalars(select(Campaign)).all()
        assert {campaign.name: campaign.journey.standing for campaign in campaigns} == CAMPAIGN_STATES
        assert set(session.scalars(select(Member.city).where(Member.city.is_not(None)))) == CITIES
        assert set(session.scalars(select(Product.category))) == CATEGORIES
        assert set(session.scalars(select(MemberTag.tag))) <= TAGS
        stages = set(session.scalars(select(MemberScore.lifecycle_stage)))
        assert stages == {"new", "active", "potential", "vip", "dormant"}
        csms = session.scalars(select(Account.display_name).where(Account.role == Role.CSM)).all()
        assert set(csms) == {"Kevin Zhao", "Helen Sun", "Amy Xu"}
        assert session.scalar(select(Account.role).where(Account.display_name == "Grace Lin")) is Role.MANAGER


def test_named_members_are_one_each_and_as_the_scenarios_tell(demo: Sessions) -> None:
    with read_only(demo) as session:
        named = session.execute(
            select(Member.name, Member.name_local, Member.birth_month_day, MemberActivity.declining_weeks)
            .join(MemberActivity, MemberActivity.member_id == Member.id)
            .where(Member.name.in_(NAMED))
        ).all()
    assert sorted(row[0] for row in named) == sorted(NAMED)
    assert {row[0]: row[1] for row in named} == NAMED
    birthdays = {row[0]: row[2] for row in named}
    assert (birthdays["Zhang Min"], birthdays["Chen Jing"]) == (601, 609)
    assert {row[0]: row[3] for row in named}["Li Lei"] == 3


def test_people_sign_in_with_the_demo_password_and_are_known_to(demo: Sessions) -> None:
    with read_only(demo) as session:
        people = people_with_demo_passwords(session)
    assert [person.username for person in people] == [person.username for person in DEMO_PEOPLE]
    assert fits(DEMO_PASSWORD, next(person.password_hash for person in people if person.username == "kevin"))


def test_the_clock_stands_at_nine_on_the_first_day(demo: Sessions) -> None:
    with read_only(demo) as session:
        zone = get_workspace(session).zone
    assert WorldClock(demo, MACHINE).now().astimezone(zone).isoformat() == "2026-06-01T09:00:00+08:00"


def test_no_purchase_lies_near_midnight(demo: Sessions) -> None:
    with read_only(demo) as session:
        zone = get_workspace(session).zone
        hours = {at.astimezone(zone).hour for at in session.scalars(select(Order.ordered_at))}
    assert hours <= set(range(9, 21))


def test_every_order_is_one_line_of_one_category_and_costs_what_the_line_costs(demo: Sessions) -> None:
    with read_only(demo) as session:
        wrong = select(func.count()).select_from(Order).outerjoin(OrderLine, OrderLine.order_id == Order.id)
        assert session.scalar(wrong.where(OrderLine.amount_cents.is_distinct_from(Order.amount_cents))) == 0
        assert session.scalar(select(func.count(Order.id))) == session.scalar(select(func.count(OrderLine.id)))


def test_its_addresses_are_written_as_they_would_be_read(demo: Sessions) -> None:
    with unit_of_work(demo) as session:
        read = read_anew(session, limit=100_000)
        assert (read.last_id, read.changed, read.unreadable) == (None, 0, 0)
        assert read.looked_at > 0


def test_the_untidy_parts_of_a_real_base_are_there(demo: Sessions) -> None:
    with read_only(demo) as session:
        shared = select(ContactPoint.normalised).group_by(ContactPoint.normalised).having(func.count() > 1)
        assert session.scalars(shared).first() is not None
        assert session.scalar(select(func.count()).select_from(Suppression))
        for column in (Member.city, Member.birthday_on, Member.gender, Member.preferred_channel, Member.owner_id):
            assert session.scalar(select(func.count()).where(column.is_(None))), column


def test_stock_adds_up_with_what_members_hold(demo: Sessions) -> None:
    with read_only(demo) as session:
        for state, column in ((GrantState.RESERVED, Coupon.reserved), (GrantState.ISSUED, Coupon.issued)):
            held = select(func.count()).where(CouponGrant.coupon_id == Coupon.id, CouponGrant.state == state)
            wrong = select(Coupon.code).where(column != held.scalar_subquery())
            assert session.scalars(wrong).all() == []


def test_every_ledger_adds_up_and_nobody_held_out_got_a_message(demo: Sessions) -> None:
    with read_only(demo) as session:
        now = WorldClock(demo, MACHINE).now()
        launched = session.scalars(
            select(Campaign.id).join(Campaign.journey).where(Journey.activated_at.is_not(None))
        ).all()
        assert len(launched) == 7
        assert all(monitor(session, campaign_id, now).adds_up for campaign_id in launched)
        reached = select(func.count()).select_from(Message).join(Enrolment, Enrolment.id == Message.enrolment_id)
        assert session.scalar(reached.where(Enrolment.arm == Arm.HOLDOUT, Message.sent_at.is_not(None))) == 0
        assert session.scalar(reached.where(Message.state == MessageState.DELIVERED))


def test_nobody_takes_part_in_a_campaign_before_joining(demo: Sessions) -> None:
    with read_only(demo) as session:
        early = select(func.count()).select_from(Enrolment).join(Member, Member.id == Enrolment.member_id)
        assert session.scalar(early.where(Member.joined_at > Enrolment.enrolled_at)) == 0


def test_coupons_are_redeemed_only_by_members_who_hold_them(demo: Sessions) -> None:
    with read_only(demo) as session:
        holds = (
            select(CouponGrant.id)
            .join(Enrolment, Enrolment.id == CouponGrant.enrolment_id)
            .where(
                CouponGrant.member_id == CouponRedemption.member_id,
                CouponGrant.coupon_id == CouponRedemption.coupon_id,
                Enrolment.journey_id == CouponRedemption.journey_id,
            )
        )
        assert session.scalar(select(func.count(CouponRedemption.id)))
        assert session.scalar(select(func.count(CouponRedemption.id)).where(~holds.exists())) == 0


def test_approvals_are_real_and_by_somebody_else(demo: Sessions) -> None:
    with read_only(demo) as session:
        pending = session.scalars(select(Approval).where(Approval.state == ApprovalState.PENDING)).all()
        names = [session.get_one(Campaign, approval.subject_id).name for approval in pending]
        assert names == ["Platinum Win-back"]
        decided = select(Approval).where(Approval.state == ApprovalState.APPROVED)
        assert all(approval.decided_by != approval.requested_by for approval in session.scalars(decided))


def test_finished_campaigns_are_reviewed_and_the_past_policy_is_gone(demo: Sessions) -> None:
    with read_only(demo) as session:
        completed = select(func.count()).where(Journey.end_reason == EndReason.COMPLETED)
        assert session.scalar(select(func.count(Review.id))) == session.scalar(completed)
        assert session.scalar(select(func.count()).select_from(PolicySetting)) == 0
        assert all(insight.evidence for insight in session.scalars(select(Insight)))


def test_another_seed_keeps_the_named_members_as_they_are(empty_database: Path, tmp_path: Path) -> None:
    path = tmp_path / "seed.sqlite"
    shutil.copy(empty_database, path)
    engine = open_engine(f"sqlite:///{path}")
    sessions = open_sessions(engine)
    load_demo(sessions, members=MEMBERS, seed=11, machine=MACHINE, catalog=CATALOG)
    with read_only(sessions) as session:
        weeks = session.scalar(
            select(MemberActivity.declining_weeks)
            .join(Member, Member.id == MemberActivity.member_id)
            .where(Member.name == "Li Lei")
        )
        assert weeks == 3
    engine.dispose()


def test_a_failed_load_leaves_nothing_behind(empty_database: Path, tmp_path: Path) -> None:
    path = tmp_path / "failed.sqlite"
    shutil.copy(empty_database, path)
    engine = open_engine(f"sqlite:///{path}")
    sessions = open_sessions(engine)

    def stop_at_campaigns(what: str, _done: int, _total: int) -> None:
        if what == "campaigns":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load_demo(sessions, members=MEMBERS, machine=MACHINE, progress=stop_at_campaigns, catalog=CATALOG)
    with read_only(sessions) as session:
        assert session.scalar(select(func.count(Member.id))) == 0
        assert session.scalar(select(func.count(Campaign.id))) == 0
    engine.dispose()


def test_only_a_large_demo_tried_its_past_campaigns_in_one_city() -> None:
    today = date(2026, 6, 1)
    past = next(item for item in PLANNED if item.name == "Spring Refresh")
    ahead = next(item for item in PLANNED if item.name == "618 Warm-up")
    assert past.brief(today, members=6_000).audience == past.audience
    assert past.brief(today, members=1_000_000).audience == {"all": [*past.audience["all"], PILOT_CITY]}
    assert ahead.brief(today, members=1_000_000).audience == ahead.audience


def test_a_load_leaves_its_connection_as_it_found_it(empty_database: Path, tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{shutil.copy(empty_database, tmp_path / 'nurture.sqlite')}")
    sessions = open_sessions(engine)
    load_demo(sessions, members=100, machine=MACHINE, catalog=CATALOG)
    with read_only(sessions) as session:
        pragmas = [session.execute(text(f"PRAGMA {name}")).scalar_one() for name in ("temp_store", "cache_size")]
    engine.dispose()
    with read_only(sessions) as session:
        assert pragmas == [
            session.execute(text(f"PRAGMA {name}")).scalar_one() for name in ("temp_store", "cache_size")
        ]
    engine.dispose()
