"""Rules on both sides of each line that they draw: what `make mutants` found that other tests do not see."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from crm.activity.rules import HISTORY_WEEKS, falling_weeks, week_scores
from crm.campaigns.brief import CampaignBrief
from crm.campaigns.rules import automatic_name, check_percents
from crm.errors import Conflict, InvalidRequest
from crm.journeys.house_rules import Finding, Outgoing, Promise, findings
from crm.journeys.rules import of_start
from crm.loyalty.models import Coupon, OfferKind
from crm.loyalty.rules import CouponStock, best_match
from crm.members.yearly_days import anniversary_days
from crm.outreach.rules import QuietHours, check_drift, moment_of

SHANGHAI = ZoneInfo("Asia/Shanghai")
TODAY = date(2026, 6, 1)
wall = datetime.fromisoformat


def brief(**changes: Any) -> CampaignBrief:
    return CampaignBrief(**{"audience": {"any": []}, "channels": ("email",)} | changes)


# Members: how active they are, and how many an approval still covers.


@pytest.mark.parametrize(("points", "score"), [(0, 0.0), (1, 18.1), (5, 63.2), (7, 75.3), (20, 98.2), (1_000, 100.0)])
def test_a_score_has_one_decimal_and_never_passes_a_hundred(points: float, score: float) -> None:
    assert week_scores(np.full((1, HISTORY_WEEKS), points))[0, -1] == score


@pytest.mark.parametrize(("scores", "weeks"), [([51.0, 50.0], 1), ([51.0, 50.1], 0), ([52.0, 51.0, 50.0], 2)])
def test_a_fall_by_one_point_counts_and_a_smaller_one_does_not(scores: list[float], weeks: int) -> None:
    assert falling_weeks(np.array([scores]))[0] == weeks


@pytest.mark.parametrize(
    ("approved", "count", "holds"),
    [
        (1_000, 1_100, True),
        (1_000, 900, True),
        (1_000, 1_101, False),
        (1_000, 899, False),
        (100, 110, True),
        (100, 111, False),
        (0, 0, True),
        (0, 1, False),
    ],
)
def test_an_audience_may_vary_up_to_its_limit(approved: int, count: int, holds: bool) -> None:
    if holds:
        check_drift(count, approved, 0.1)
    else:
        with pytest.raises(Conflict, match=f"from {approved} to {count} members"):
            check_drift(count, approved, 0.1)


# Money: coupons and discounts.


@pytest.mark.parametrize(("valid_until", "available"), [(None, 6), (TODAY, 6), (TODAY - timedelta(days=1), 0)])
def test_a_coupon_is_valid_on_its_last_day(valid_until: date | None, available: int) -> None:
    coupon = Coupon(code="C", name="C", kind=OfferKind.AMOUNT_OFF, value=5_000, min_spend_cents=20_000)
    coupon.unit_cost_cents, coupon.stock_total, coupon.reserved, coupon.issued = 7, 10, 3, 1
    coupon.valid_until = valid_until
    assert CouponStock.of(coupon, TODAY) == CouponStock("C", "C", 5_000, 20_000, 7, available)


def stock(code: str, min_spend: int | None, available: int = 1) -> CouponStock:
    return CouponStock(code, code, 5_000, min_spend, 0, available)


def test_an_offer_without_a_threshold_is_kept_by_no_coupon_that_has_one() -> None:
    assert best_match([stock("CENT", 1)], value=5_000, min_spend_cents=None, item=None) is None


def test_of_two_coupons_the_one_with_the_closest_threshold_is_taken_however_close_they_are() -> None:
    both = [stock("NONE", None, available=9), stock("CENT", 1)]
    found = best_match(both, value=5_000, min_spend_cents=100, item=None)
    assert found is not None
    assert found.code == "CENT"


def of_discounts(*offers: Promise) -> list[Finding]:
    found = findings(Outgoing(texts=(), offers=offers, coupons=(), currency="CNY"), 20)
    return [finding for finding in found if "ceiling" in finding.sentence]


@pytest.mark.parametrize(
    "offer",
    [
        Promise(OfferKind.PERCENT_OFF, Decimal(20)),
        Promise(OfferKind.AMOUNT_OFF, Decimal(20), min_spend=Decimal(100)),
        Promise(OfferKind.AMOUNT_OFF, Decimal(500)),
        Promise(OfferKind.POINTS_BONUS, Decimal(500)),
        Promise(OfferKind.FREE_SHIPPING),
    ],
)
def test_a_discount_up_to_the_ceiling_is_allowed(offer: Promise) -> None:
    assert of_discounts(offer) == []


@pytest.mark.parametrize(
    "offer",
    [
        Promise(OfferKind.PERCENT_OFF, Decimal(21)),
        Promise(OfferKind.AMOUNT_OFF, Decimal(21), min_spend=Decimal(100)),
    ],
)
def test_a_discount_above_the_ceiling_says_what_to_do(offer: Promise) -> None:
    wrong = "a discount of 21% is above the ceiling of 20%"
    said = f"{wrong}; lower it, or ask an administrator to change the policy"
    assert of_discounts(Promise(OfferKind.FREE_SHIPPING), offer) == [Finding("offers", said)]


@pytest.mark.parametrize("percent", [0, 1, 1.5, 10])
def test_percentages_of_nothing_and_from_one_on_are_clear(percent: float) -> None:
    check_percents(brief(holdout_pct=percent, holdout_waiver="small"))
    check_percents(brief(offers=[{"kind": "percent_off", "value": max(percent, 1)}, {"kind": "free_shipping"}]))
    check_percents(brief(offers=[{"kind": "amount_off", "value": "0.5"}]))


@pytest.mark.parametrize(
    ("changes", "said", "path"),
    [
        ({"holdout_pct": 0.1}, "a holdout of 0.1: is 0.1% meant or 10%?", "holdout_pct"),
        ({"holdout_pct": 0.99}, "a holdout of 0.99: is 0.99% meant or 99%?", "holdout_pct"),
        (
            {"offers": [{"kind": "free_shipping"}, {"kind": "percent_off", "value": "0.2"}]},
            "a discount of 0.2: is 0.2% meant or 20%?",
            "offers",
        ),
    ],
)
def test_a_percentage_below_one_is_asked_about(changes: dict[str, Any], said: str, path: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        check_percents(brief(**changes))
    meant = said.rsplit(maxsplit=1)[-1].rstrip("?")
    assert refused.value.message == f"{said} Percentages are numbers from 1 on, so {meant} is {meant.rstrip('%')}"
    assert refused.value.path == path


# Time: starts, quiet hours, changes of the clock, anniversaries.


@pytest.mark.parametrize("now", ["2026-06-01T10:00:00", "2026-06-01T10:00:30", "2026-06-01T10:00:00.5"])
@pytest.mark.parametrize(
    "start", [None, "2026-06-01T10:00", "2026-06-01T00:00", "2026-06-01T10:01", "2026-06-02T00:00"]
)
def test_the_minute_under_way_and_today_are_not_past(now: str, start: str | None) -> None:
    assert list(of_start(brief(start=start).start, wall(now).replace(tzinfo=SHANGHAI))) == []


@pytest.mark.parametrize("start", ["2026-06-01T09:59", "2026-06-01T00:01", "2026-05-31T00:00", "2026-05-31T23:59"])
def test_a_start_before_this_minute_is_past(start: str) -> None:
    (found,) = of_start(brief(start=start).start, wall("2026-06-01T10:00:30").replace(tzinfo=SHANGHAI))
    assert "lies in the past; it is 2026-06-01 10:00 now" in found.sentence
    assert found.path == "start"


@pytest.mark.parametrize(("at", "holds"), [("12:00", True), ("13:59", True), ("14:00", False), ("11:59", False)])
def test_quiet_hours_within_a_day_hold_from_their_first_minute(at: str, holds: bool) -> None:
    assert QuietHours(time(12), time(14)).hold(time.fromisoformat(at)) is holds


def test_a_moment_is_in_utc_and_the_first_of_two_whatever_the_wall_time_says() -> None:
    twice = wall("2026-11-01T01:30").replace(fold=1)
    moment = moment_of(twice, ZoneInfo("America/New_York"))
    assert moment == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
    assert moment.tzinfo is UTC


@pytest.mark.parametrize("minute", [0, 1, 17, 30, 43, 59])
@pytest.mark.parametrize("second", [0, 1, 13, 58])
@pytest.mark.parametrize(
    ("hour", "zone", "change"),
    [
        ("2026-03-29T02", "Europe/Berlin", datetime(2026, 3, 29, 1, tzinfo=UTC)),
        ("2026-03-29T01", "Europe/London", datetime(2026, 3, 29, 1, tzinfo=UTC)),
        ("2026-03-08T02", "America/New_York", datetime(2026, 3, 8, 7, tzinfo=UTC)),
    ],
)
def test_a_time_that_the_clocks_skip_is_the_second_of_the_change(
    hour: str, zone: str, change: datetime, minute: int, second: int
) -> None:
    assert moment_of(wall(f"{hour}:{minute:02}:{second:02}"), ZoneInfo(zone)) == change


@pytest.mark.parametrize(
    ("first", "found"), [("2026-08-31", 1), ("2026-08-30", 2), ("2026-08-28", 4), ("2026-09-01", 0)]
)
def test_the_end_of_a_month_is_kept_on_the_last_day_of_a_shorter_one(first: str, found: int) -> None:
    """28 to 31 August, six months later."""
    days = anniversary_days(date(2027, 2, 28), 6, date.fromisoformat(first), "feb_28")
    assert days == [date(2026, 8, 31 - number) for number in range(found)]


# Names.


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"goal": "Win back."}, "Win back 1 Jun"),
        ({"goal": " ...and again "}, "...and again 1 Jun"),
        ({"goal": "visits to XX."}, "Visits to XX 1 Jun"),
        ({"goal": "x"}, "X 1 Jun"),
        ({"goal": ""}, "Campaign 1 Jun"),
        ({"goal": "a" * 40}, f"A{'a' * 39} 1 Jun"),
        ({"goal": "a" * 41}, "Campaign 1 Jun"),
        ({"goal": "", "language": "zh"}, "活动 6月1日"),
        ({"goal": "唤醒", "language": "zh", "start": "2026-07-09T10:00"}, "唤醒 7月9日"),
        ({"goal": "Hello", "start": "2026-07-09T10:00"}, "Hello 9 Jul"),
        ({"audience": {"field": "tier", "op": "=", "value": "gold"}}, "Campaign gold 1 Jun"),
        ({"audience": {"all": [{"field": "tier", "op": "in", "value": ["gold"]}]}}, "Campaign gold 1 Jun"),
        ({"audience": {"all": [{"field": "city", "op": "in", "value": ["Wuxi"]}]}}, "Campaign 1 Jun"),
        ({"audience": {"field": "tier", "op": "not_in", "value": ["gold"]}}, "Campaign 1 Jun"),
        ({"audience": {"field": "tier", "op": "in", "value": ["t" * 80]}}, f"Campaign {'t' * 61}"),
    ],
)
def test_a_name_is_made_of_goal_tiers_and_day(changes: dict[str, Any], name: str) -> None:
    assert automatic_name(brief(**changes), TODAY, ()) == name


def test_a_name_that_is_taken_is_numbered() -> None:
    taken = ["Campaign 1 Jun", "Campaign 1 Jun (2)", "Campaign 1 Jun (3)"]
    assert automatic_name(brief(), TODAY, taken[:1]) == "Campaign 1 Jun (2)"
    assert automatic_name(brief(), TODAY, taken) == "Campaign 1 Jun (4)"


@pytest.mark.parametrize(
    "audience",
    [
        {"all": None},
        {"all": 5},
        {"all": [None]},
        {"field": "tier", "op": "in", "value": [None, 5]},
        {"all": {"all": []}},
    ],
)
def test_an_automatic_name_comes_before_the_audience_is_checked(audience: dict[str, Any]) -> None:
    assert automatic_name(brief(audience=audience), TODAY, ()) == "Campaign 1 Jun"
