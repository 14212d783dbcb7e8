"""Stage, risk and value at the edges of the rules."""

from typing import Any

import numpy as np
import pytest

from crm.lifecycle.rules import DAY, History, churn_risk, lifecycle_stages, lifetime_value_cents

TODAY = 1_000 * DAY
MINIMUMS = np.array([0, 10_000, 50_000])
SEEN = {"joined_at": 0, "tier_rank": 1, "orders": 2, "first_order_at": 900, "last_order_at": 990}


def member(**changes: int) -> History:
    """Long a member of the lowest tier, with two orders, the last of them ten days ago; moments in days."""
    names = ("last_event_at", "spend_year_cents", "orders_90_days")
    values: dict[str, int] = dict.fromkeys(names, 0) | SEEN | changes
    moments = {name: value * DAY for name, value in values.items() if name.endswith("_at")}
    return History(**{name: np.array([value]) for name, value in (values | moments).items()})


@pytest.mark.parametrize(
    ("changes", "stage"),
    [
        ({}, "active"),
        ({"joined_at": 941, "orders": 1}, "new"),
        ({"joined_at": 941, "orders": 2}, "active"),
        ({"joined_at": 940, "orders": 1}, "active"),
        ({"last_order_at": 941}, "active"),
        ({"last_order_at": 940}, "dormant"),
        ({"last_order_at": 940, "last_event_at": 941}, "active"),
        ({"joined_at": 940, "orders": 0, "last_order_at": 0}, "dormant"),
        ({"tier_rank": 3, "orders_90_days": 3}, "vip"),
        ({"tier_rank": 3, "orders_90_days": 2}, "active"),
        ({"tier_rank": 2, "orders_90_days": 9}, "active"),
        ({"spend_year_cents": 6_000}, "potential"),
        ({"spend_year_cents": 5_999}, "active"),
        ({"tier_rank": 2, "spend_year_cents": 30_000}, "potential"),
        ({"tier_rank": 3, "spend_year_cents": 99_999}, "active"),
        ({"tier_rank": 3, "orders_90_days": 3, "last_order_at": 940}, "dormant"),
    ],
)
def test_the_first_rule_that_holds_decides_the_stage(changes: dict[str, Any], stage: str) -> None:
    assert lifecycle_stages(member(**changes), MINIMUMS, TODAY).tolist() == [stage]


def test_who_never_bought_has_no_risk_and_no_value() -> None:
    never = member(orders=0, first_order_at=0, last_order_at=0)
    risk = churn_risk(never, TODAY)
    assert np.isnan(risk).tolist() == [True]
    assert lifetime_value_cents(never, risk).tolist() == [0]


def test_silence_counts_by_the_members_own_rhythm() -> None:
    # 90 days between two orders and 14 of patience; one order stands for a rhythm of 60 days.
    assert churn_risk(member(last_order_at=990), TODAY) == pytest.approx(1 - np.exp(-0.3 * 10 / 104))
    once = member(orders=1, first_order_at=926, last_order_at=926)
    assert churn_risk(once, TODAY) == pytest.approx(1 - np.exp(-0.3))
    assert churn_risk(member(last_order_at=1_001), TODAY).tolist() == [0.0]


def test_value_is_two_years_of_spend_times_the_chance_to_stay() -> None:
    assert lifetime_value_cents(member(spend_year_cents=1_000), np.array([0.5])).tolist() == [1_500]
