"""The response model keeps its own promises, and coupons are used as stated."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np

from crm.channels import SENDABLE_CHANNELS, Channel
from crm.datasets.days import LocalDays
from crm.datasets.redemption import Grants, Purchase, choose
from crm.datasets.response import NEVER, Delivered, expected_orders, respond, seen_rate
from crm.loyalty.models import OfferKind

ZONE = ZoneInfo("Asia/Shanghai")
DAYS = LocalDays(date(2026, 5, 1), date(2026, 8, 1), ZONE)
SENT = int(datetime(2026, 6, 1, 2, 0, tzinfo=UTC).timestamp())
COUNT = 40_000


def delivered(channel: Channel, *, has_benefit: bool = True, is_preferred: bool = False) -> Delivered:
    return Delivered(
        member_id=np.arange(1, COUNT + 1),
        journey_id=np.ones(COUNT, dtype=np.int64),
        step=np.full(COUNT, 5),
        channel=np.full(COUNT, SENDABLE_CHANNELS.index(channel)),
        delivered_at=np.full(COUNT, SENT),
        is_preferred=np.full(COUNT, is_preferred),
        has_benefit=np.full(COUNT, has_benefit),
    )


def test_messages_cause_as_many_orders_as_the_stated_true_effect() -> None:
    for channel in SENDABLE_CHANNELS:
        messages = delivered(channel)
        truth = float(expected_orders(messages).mean())
        caused = float((respond(7, messages, DAYS).ordered_at != NEVER).mean())
        assert truth > 0.02
        assert abs(caused - truth) < 4 * np.sqrt(truth / COUNT)


def test_a_benefit_and_the_preferred_channel_raise_the_effect() -> None:
    plain = expected_orders(delivered(Channel.EMAIL, has_benefit=False))[0]
    assert expected_orders(delivered(Channel.EMAIL))[0] == 2 * plain
    assert (
        expected_orders(delivered(Channel.EMAIL, is_preferred=True))[0] > expected_orders(delivered(Channel.EMAIL))[0]
    )


def test_opens_come_at_the_stated_rate_and_sms_shows_none() -> None:
    email, sms = delivered(Channel.EMAIL), delivered(Channel.SMS)
    opened = (respond(7, email, DAYS).opened_at != NEVER).mean()
    assert abs(opened - seen_rate(email)[0]) < 0.01
    assert (respond(7, sms, DAYS).opened_at == NEVER).all()
    assert (respond(7, sms, DAYS).clicked_at != NEVER).any()


def test_everything_happens_after_delivery_by_day_and_within_two_weeks() -> None:
    responses = respond(7, delivered(Channel.PUSH), DAYS)
    for moments in (responses.opened_at, responses.clicked_at, responses.opted_out_at, responses.ordered_at):
        happened = moments[moments != NEVER]
        assert (happened > SENT).all()
        assert (happened < SENT + 14 * 86_400).all()
        hours = DAYS.seconds_of_day(happened) / 3600
        assert hours.min() >= 7
        assert hours.max() < 23.2


def test_fates_do_not_depend_on_who_else_was_written_to() -> None:
    everybody = delivered(Channel.EMAIL)
    some = Delivered(*(getattr(everybody, name)[::7] for name in Delivered.__dataclass_fields__))
    assert np.array_equal(respond(7, some, DAYS).ordered_at, respond(7, everybody, DAYS).ordered_at[::7])


def grants(*rows: tuple[int, OfferKind, int, int]) -> Grants:
    """(member, kind, value, minimum spend) of coupons issued at 0."""
    return Grants(
        coupon_id=np.arange(len(rows)),
        member_id=np.array([row[0] for row in rows]),
        journey_id=np.ones(len(rows), dtype=np.int64),
        issued_at=np.zeros(len(rows), dtype=np.int64),
        kind=[row[1] for row in rows],
        value=np.array([row[2] for row in rows]),
        min_spend_cents=np.array([row[3] for row in rows]),
    )


def purchases(member_id: int, *moments: int, amount_cents: int = 10_000) -> list[Purchase]:
    return [Purchase(n, member_id, moment, amount_cents, is_caused=True) for n, moment in enumerate(moments)]


def test_each_coupon_is_used_once_and_each_order_takes_one() -> None:
    uses = choose(7, purchases(1, *range(1, 40)), grants((1, OfferKind.PERCENT_OFF, 15, 0), (1, OfferKind.GIFT, 0, 0)))
    assert [use.grant for use in uses] == [0, 1]
    assert [use.discount_cents for use in uses] == [1_500, 0]
    assert uses[0].purchase.order_id < uses[1].purchase.order_id


def test_a_coupon_needs_its_minimum_its_time_and_its_owner() -> None:
    held = grants((1, OfferKind.AMOUNT_OFF, 4_000, 30_000))
    assert choose(7, purchases(1, *range(1, 40)), held) == []
    assert choose(7, purchases(2, *range(1, 40), amount_cents=50_000), held) == []
    too_late = 31 * 86_400
    assert choose(7, purchases(1, *range(too_late, too_late + 40), amount_cents=50_000), held) == []
    (use,) = choose(7, purchases(1, *range(1, 40), amount_cents=50_000), held)
    assert use.discount_cents == 4_000


def test_people_who_would_have_bought_anyway_use_coupons_less() -> None:
    held = grants(*((member, OfferKind.PERCENT_OFF, 10, 0) for member in range(2_000)))
    own = [Purchase(member, member, 50, 10_000, is_caused=False) for member in range(2_000)]
    caused = [Purchase(member, member, 50, 10_000, is_caused=True) for member in range(2_000)]
    assert abs(len(choose(7, own, held)) / 2_000 - 0.3) < 0.04
    assert abs(len(choose(7, caused, held)) / 2_000 - 0.9) < 0.03
