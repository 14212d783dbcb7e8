"""What a request fills in, as tables: the words, and what they give."""

from datetime import date, time
from typing import Any

import pytest

from agent.planner.slots.budget import find_budget
from agent.planner.slots.channels import channel_names, find_channels
from agent.planner.slots.holdout import find_holdout
from agent.planner.slots.members import MemberMention, find_member
from agent.planner.slots.names import find_new_name
from agent.planner.slots.offers import find_offers
from agent.planner.slots.references import find_campaigns, guess_campaigns
from agent.planner.slots.schedule import find_schedule
from crm.segments.language.kinds import Moment
from tests.agent.planner.conversation_driver import CAMPAIGNS

CNY = "CNY"


def percent(value: float) -> dict[str, Any]:
    return {"kind": "percent_off", "value": value}


def amount(value: float, *, least: float | None = None, currency: str = CNY) -> dict[str, Any]:
    offer = {"kind": "amount_off", "value": value, "currency": currency}
    return offer if least is None else {**offer, "min_spend": least}


OFFERS: tuple[tuple[str, list[dict[str, Any]]], ...] = (
    ("20% off", [percent(20)]),
    ("a discount of 15 percent", [percent(15)]),
    ("10% coupon", [percent(10)]),
    ("12.5% off", [percent(12.5)]),
    ("打8折", [percent(20)]),
    ("8.5折", [percent(15)]),
    ("85折优惠", [percent(15)]),
    ("八五折", [percent(15)]),
    ("九折", [percent(10)]),
    ("half price", [percent(50)]),
    ("¥50 coupon", [amount(50)]),
    ("￥1,200 voucher", [amount(1200)]),
    ("$20 off", [amount(20, currency="USD")]),
    ("50 off 300", [amount(50, least=300)]),
    ("¥30 off ¥200, push", [amount(30, least=200)]),
    ("40 yuan off orders over 300", [amount(40, least=300)]),
    ("spend 300 and get 40 off", [amount(40, least=300)]),
    ("满300减40", [amount(40, least=300)]),
    ("满二百减三十", [amount(30, least=200)]),
    ("50元优惠券", [amount(50)]),
    ("立减30元", [amount(30)]),
    ("a coupon worth ¥80", [amount(80)]),
    ("free shipping", [{"kind": "free_shipping"}]),
    ("全场包邮", [{"kind": "free_shipping"}]),
    ("double points", [{"kind": "points_multiplier", "value": 2}]),
    ("3x loyalty points", [{"kind": "points_multiplier", "value": 3}]),
    ("五倍积分", [{"kind": "points_multiplier", "value": 5}]),
    ("500 bonus points", [{"kind": "points_bonus", "value": 500}]),
    ("300 points gift", [{"kind": "points_bonus", "value": 300}]),
    ("送200积分", [{"kind": "points_bonus", "value": 200}]),
    ("sample gift", [{"kind": "gift", "item": "sample"}]),
    ("a free tote bag for gold members", [{"kind": "gift", "item": "tote bag"}]),
    ("20% off and free shipping", [percent(20), {"kind": "free_shipping"}]),
    ("members with more than 2,000 points", []),
    ("members with a points balance over 500", []),
    ("gift-buyer members", []),
    ("spent over 5000 in the last 90 days", []),
)


@pytest.mark.parametrize(("words", "offers"), OFFERS)
def test_offers_are_read_from_words(words: str, offers: list[dict[str, Any]]) -> None:
    assert [found.offer for found in find_offers(words, CNY)] == offers


CHANNELS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("email + sms + push, ¥50 coupon", ("email", "sms", "push")),
    ("10% off by text message", ("sms",)),
    ("App推送和短信", ("push", "sms")),
    ("whatever channel they prefer", ("preferred",)),
    ("on their preferred channel", ("preferred",)),
    ("on all channels", ("email", "sms", "push")),
    ("ok push it live tomorrow", ()),
    ("push the launch to Friday", ()),
    ("who has push consent", ()),
    ("everyone who clicked any push in the last 14 days, push at 8pm", ("push",)),
    ("members who opened an email in May, send by sms", ("sms",)),
    ("no sms consent but email consent: 20% off via push", ("push",)),
    ("with SMS opt-outs excluded, via text", ("sms",)),
    ("同意短信的会员，发邮件", ("email",)),
    ("members who prefer push", ()),
)


@pytest.mark.parametrize(("words", "channels"), CHANNELS)
def test_channels_to_send_on_are_told_from_conditions_and_verbs(words: str, channels: tuple[str, ...]) -> None:
    assert channel_names(find_channels(words)) == channels


@pytest.mark.parametrize(
    ("words", "holdout"),
    [
        ("10% holdout", 10),
        ("keep 8% of them as control", 8),
        ("hold back 15%", 15),
        ("set the holdout to 5%", 5),
        ("留5%对照组", 5),
        ("no holdout", 0),
        ("不留对照组", 0),
        ("20% off", None),
    ],
)
def test_a_holdout_share_is_read_and_never_taken_from_a_discount(words: str, holdout: float | None) -> None:
    found = find_holdout(words)
    assert (found.holdout_pct if found else None) == holdout


@pytest.mark.parametrize(
    ("words", "cents"),
    [("budget 5,000", 500_000), ("max budget of ¥20k", 2_000_000), ("预算两万元", 2_000_000), ("¥50 coupon", None)],
)
def test_a_budget_is_read_in_minor_units(words: str, cents: int | None) -> None:
    found = find_budget(words)
    assert (found.budget_cents if found else None) == cents


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("set up 'Silver Stretch' for silver members", "Silver Stretch"),
        ('"Gold Rush": 20% off', "Gold Rush"),
        ("create “夏日清凉” now", "夏日清凉"),
        ("a campaign called Tea Time for gold members", "Tea Time"),
        ("名为夏日清凉的活动", "夏日清凉"),
        ("don't touch Mother's Day and Kevin's list", None),
    ],
)
def test_a_name_is_what_stands_in_quotes_or_after_called(words: str, name: str | None) -> None:
    found = find_new_name(words)
    assert (found.name if found else None) == name


@pytest.mark.parametrize(
    ("words", "campaigns"),
    [
        ("pause Summer Skincare", ["Summer Skincare"]),
        ("pause sumer skincare", ["Summer Skincare"]),
        ("approve platinum winback", ["Platinum Win-back"]),
        ("Mother’s Day Gifting 的效果", ["Mother's Day Gifting"]),
        ("compare double points week and may member day", ["Double Points Week", "May Member Day"]),
        ("review campaign 18", ["18"]),
        ("silver members in Wuxi", []),
    ],
)
def test_campaigns_are_found_by_name_slip_or_number(words: str, campaigns: list[str]) -> None:
    assert [found.reference for found in find_campaigns(words, CAMPAIGNS)] == campaigns


@pytest.mark.parametrize(
    ("words", "guesses"),
    [
        ("the win-back", ("Platinum Win-back",)),
        ("cancel the 618 campaign", ("618 Warm-up",)),
        ("the summer one", ("Summer Skincare",)),
        ("Show me the report.", ()),
    ],
)
def test_a_part_of_a_name_is_enough_when_it_fits_one_campaign(words: str, guesses: tuple[str, ...]) -> None:
    assert guess_campaigns(words, CAMPAIGNS) == guesses


def test_a_name_that_several_members_share_gives_its_bearers() -> None:
    names = ("Wang Fang", "Wang Lei", "Li Lei")
    assert find_member("what's Wang's gift?", names, {}) == MemberMention(None, ("Wang Fang", "Wang Lei"))
    assert find_member("a gift for Li Lei", names, {}) == MemberMention("Li Lei")
    assert find_member("给王芳推荐", names, {"王芳": "Wang Fang"}) == MemberMention("Wang Fang")
    assert find_member("how many gold members?", names, {}) is None


def moment(text: str, words: str, day: date | None, at: time | None = None, last: date | None = None) -> Moment:
    start = text.index(words)
    return Moment(day, at, start, start + len(words), last)


FRIDAY, TENTH = date(2026, 6, 5), date(2026, 6, 10)
SCHEDULES: tuple[tuple[str, str, date | None, time | None, date | None, str | None], ...] = (
    ("push, start this Friday 10am", "this Friday 10am", FRIDAY, time(10), None, "2026-06-05T10:00"),
    ("email, kick off Friday", "Friday", FRIDAY, None, None, "2026-06-05T10:00"),
    ("gold members, 5–10 June, push", "5–10 June", FRIDAY, None, TENTH, "2026-06-05T10:00"),
    ("给金卡会员发短信，6月5日开始", "6月5日", FRIDAY, None, None, "2026-06-05T10:00"),
    ("members who joined after 5 June, by push", "5 June", FRIDAY, None, None, None),
    ("everyone who bought on 5 June", "5 June", FRIDAY, None, None, None),
)


@pytest.mark.parametrize(("text", "words", "day", "at", "last", "start"), SCHEDULES)
def test_a_day_of_the_audience_is_no_start(
    text: str, words: str, day: date | None, at: time | None, last: date | None, start: str | None
) -> None:
    schedule = find_schedule(text, [moment(text, words, day, at, last)])
    assert schedule.start_text == start
    assert schedule.end == (last if start else None)


@pytest.mark.parametrize("number", [1, 8, 18, 27])
def test_a_campaign_named_by_a_number_is_that_one_and_no_slip_of_another(number: int) -> None:
    names = [f"Campaign {each}" for each in range(1, 28)]
    (found,) = find_campaigns(f"review campaign {number}", names)
    assert found.reference == f"Campaign {number}"


def test_more_of_a_name_said_outweighs_a_shorter_name() -> None:
    names = ["Platinum Win-back", "Win-back gold 5 Jun", "Spring Refresh"]
    assert guess_campaigns("how did the gold win-back do?", names) == ("Win-back gold 5 Jun",)
