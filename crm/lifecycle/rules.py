"""Lifecycle stage, churn risk and customer value by stated rules over orders and events up to a day.

Pure: histories in, findings out. A value that the rules cannot give is NaN. Until there are models, thresholds
without a source are chosen by hand so that the stages read as a marketer would expect.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

DAY = 86_400
NEW_DAYS = 60
"""A member is new for so long, unless he already orders like an active one."""
NEW_ORDERS = 1
DORMANT_DAYS = 60
"""No order and no event for so long: dormant (lifecycle scenario B-1)."""
VIP_ORDERS = 3
"""Orders in the last 90 days that a member of the highest tier needs to be called VIP."""
POTENTIAL_SHARE = 0.6
"""Potential: holds this share of the spend that the next tier asks for."""

PATIENCE_DAYS = 14
CHURN_SLOPE = 0.3
"""Churn risk = 1 - exp(-slope x silence), silence being days since the last order / (own mean gap + patience)."""
SINGLE_ORDER_GAP_DAYS = 60
"""The gap assumed of members with one order."""
VALUE_YEARS = 2.0
"""Value = spend of the last 12 months x years x the chance to stay (1 - risk / 2)."""


@dataclass(frozen=True)
class History:
    """One entry a member. Moments are epoch seconds, 0 for never; days count from today's beginning."""

    joined_at: Ints
    tier_rank: Ints
    orders: Ints
    first_order_at: Ints
    last_order_at: Ints
    last_event_at: Ints
    spend_year_cents: Ints
    orders_90_days: Ints


def churn_risk(history: History, midnight: int) -> Floats:
    """0 to 1; NaN for members who never bought."""
    gaps = np.where(
        history.orders > 1,
        (history.last_order_at - history.first_order_at) / DAY / np.maximum(history.orders - 1, 1),
        SINGLE_ORDER_GAP_DAYS,
    )
    silence = (midnight - history.last_order_at) / DAY / (gaps + PATIENCE_DAYS)
    return np.where(history.orders > 0, 1.0 - np.exp(-CHURN_SLOPE * np.maximum(silence, 0.0)), np.nan)


def lifetime_value_cents(history: History, risk: Floats) -> Ints:
    """Expected spend of the coming years; 0 for members who bought nothing in the last 12 months."""
    stays = 1.0 - 0.5 * np.nan_to_num(risk)
    return np.asarray(history.spend_year_cents * VALUE_YEARS * stays, dtype=np.int64)


def lifecycle_stages(history: History, tier_minimums: Ints, midnight: int) -> NDArray[np.str_]:
    """One of new, active, potential, vip, dormant; the first rule that holds decides."""
    is_new = (midnight - history.joined_at < NEW_DAYS * DAY) & (history.orders <= NEW_ORDERS)
    last_seen = np.maximum(history.last_order_at, history.last_event_at)
    is_dormant = midnight - np.maximum(last_seen, history.joined_at) >= DORMANT_DAYS * DAY
    is_vip = (history.tier_rank == len(tier_minimums)) & (history.orders_90_days >= VIP_ORDERS)
    next_minimum = tier_minimums[np.minimum(history.tier_rank, len(tier_minimums) - 1)]
    is_potential = (history.tier_rank < len(tier_minimums)) & (
        history.spend_year_cents >= POTENTIAL_SHARE * next_minimum
    )
    return np.select(
        [is_new, is_dormant, is_vip, is_potential], ["new", "dormant", "vip", "potential"], default="active"
    )
