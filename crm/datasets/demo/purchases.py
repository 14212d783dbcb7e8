"""What members buy and do of their own accord."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import poisson

from crm.activity.models import EventKind
from crm.datasets.days import LocalDays
from crm.datasets.demo.cases import CASES
from crm.datasets.demo.population import Population
from crm.datasets.demo.words import CATEGORIES, GOODS
from crm.datasets.randomness import Bools, Floats, Ints, normal, uniform

EVENT_DAYS = 182
"""Visits and the like are kept for half a year."""
EVENTS_PER_ORDER = {
    EventKind.VISIT: 3.0,
    EventKind.SERVICE: 0.15,
    EventKind.PARTICIPATION: 0.3,
    EventKind.FEEDBACK: 0.12,
}
BROWSING_A_DAY = 0.01
"""Visits of members who (nearly) never buy."""
DISCOUNTED_SHARE, BARGAIN_SHARE = 0.08, 0.6
"""Orders bought at a tenth off: usual members, bargain hunters."""

SCRIPTED_WEEKS = 9
DECLINE_ORDERS_A_WEEK = (1, 1, 2, 2, 2, 2, 1, 0, 0)
DECLINE_VISITS_A_WEEK = (2, 2, 2, 2, 2, 2, 1, 3, 0)
"""The last weeks of the member who declines, oldest first: the four-week sums of points (activity/rules.py)
rise up to the sixth week and fall in each of the last three."""


@dataclass(frozen=True)
class Purchases:
    """One entry an order; each order has one line."""

    member: Ints
    """Index of the member in the population."""
    ordered_at: Ints
    amount_cents: Ints
    discount_cents: Ints
    category: Ints
    product: Ints
    """Index of the product within its category."""
    quantity: Ints

    @property
    def size(self) -> int:
        return len(self.member)


@dataclass(frozen=True)
class Happenings:
    """One entry an event."""

    member: Ints
    occurred_at: Ints
    kind: list[str]


def make_purchases(population: Population, days: LocalDays, today: int) -> Purchases:
    """Orders of every member between the first and the last day, each at the member's own steady rate."""
    open_days = np.maximum(population.last_day - population.first_day + 1, 0)
    expected = population.orders_a_day * open_days
    counts = _poisson(population.seed, "order count", population.ids, expected)
    member = np.repeat(np.arange(population.size, dtype=np.int64), counts)
    nth = _running_number(counts)
    key = population.ids[member]
    day = population.first_day[member] + np.floor(
        uniform(population.seed, "order day", key, nth) * open_days[member]
    ).astype(np.int64)
    ordered_at = days.shopping_time(day, uniform(population.seed, "order hour", key, nth))
    keep = ~_is_scripted(member, day, today) & (ordered_at > population.joined_at[member])
    member, ordered_at = _with_script(
        member[keep], ordered_at[keep], population, days, today, DECLINE_ORDERS_A_WEEK, "scripted orders"
    )
    return price(population, member, ordered_at)


def price(population: Population, member: Ints, ordered_at: Ints, purpose: str = "price") -> Purchases:
    """What the orders of these members at these moments are for, and what they cost."""
    seed, key = population.seed, population.ids[member]
    share = uniform(seed, f"{purpose}/category", key, ordered_at)
    category = np.zeros(len(member), dtype=np.int64)
    for bound in np.cumsum(population.tastes, axis=1).T[:-1]:  # one by one: all at once would be gigabytes
        category += bound[member] < share
    gross = population.ticket[member] * np.exp(0.45 * normal(seed, f"{purpose}/amount", key, ordered_at) - 0.1)
    gross_cents = np.maximum(gross * 100.0, 900.0).astype(np.int64)
    discounted = np.where(population.bargain_hunter[member], BARGAIN_SHARE, DISCOUNTED_SHARE)
    discount = np.where(uniform(seed, f"{purpose}/discount", key, ordered_at) < discounted, gross_cents // 10, 0)
    products = len(GOODS[CATEGORIES[0]])
    return Purchases(
        member=member,
        ordered_at=ordered_at,
        amount_cents=gross_cents - discount,
        discount_cents=discount,
        category=category,
        product=(uniform(seed, f"{purpose}/product", key, ordered_at) * products).astype(np.int64),
        quantity=1 + (uniform(seed, f"{purpose}/quantity", key, ordered_at) * 3).astype(np.int64),
    )


def make_happenings(population: Population, days: LocalDays, today: int) -> Happenings:
    """Visits, service, participation and feedback of the last half year, at rates that follow the orders."""
    first = np.maximum(population.first_day, today - EVENT_DAYS)
    open_days = np.maximum(population.last_day - first + 1, 0)
    members, moments, kinds = [], [], []
    for kind, per_order in EVENTS_PER_ORDER.items():
        rate = population.orders_a_day * per_order + (BROWSING_A_DAY if kind is EventKind.VISIT else 0.0)
        counts = _poisson(population.seed, f"{kind} count", population.ids, rate * open_days)
        member = np.repeat(np.arange(population.size, dtype=np.int64), counts)
        nth, key = _running_number(counts), population.ids[member]
        day = first[member] + np.floor(uniform(population.seed, f"{kind} day", key, nth) * open_days[member]).astype(
            np.int64
        )
        moment = days.shopping_time(day, uniform(population.seed, f"{kind} hour", key, nth))
        keep = ~_is_scripted(member, day, today) & (moment > population.joined_at[member])
        member, moment = member[keep], moment[keep]
        if kind is EventKind.VISIT:
            member, moment = _with_script(
                member, moment, population, days, today, DECLINE_VISITS_A_WEEK, "scripted visits"
            )
        members.append(member)
        moments.append(moment)
        kinds += [kind.value] * len(member)
    return Happenings(np.concatenate(members), np.concatenate(moments), kinds)


def product_id(category: Ints, product: Ints) -> Ints:
    """Ids of the demo's products: categories one after another."""
    return 1 + category * len(GOODS[CATEGORIES[0]]) + product


def _poisson(seed: int, purpose: str, keys: Ints, expected: Floats) -> Ints:
    """Poisson numbers by inversion: the same key and expectation always give the same number."""
    return np.asarray(poisson.ppf(uniform(seed, purpose, keys), expected), dtype=np.int64)


def _running_number(counts: Ints) -> Ints:
    """0, 1, 2, ... within each run of `counts`."""
    ends = np.cumsum(counts)
    return np.arange(counts.sum(), dtype=np.int64) - np.repeat(ends - counts, counts)


def _declining() -> Ints:
    return np.array([index for index, case in enumerate(CASES) if case.declines], dtype=np.int64)


def _is_scripted(member: Ints, day: Ints, today: int) -> Bools:
    return np.isin(member, _declining()) & (day >= today - 7 * SCRIPTED_WEEKS)


def _with_script(
    member: Ints,
    moments: Ints,
    population: Population,
    days: LocalDays,
    today: int,
    script: tuple[int, ...],
    purpose: str,
) -> tuple[Ints, Ints]:
    """Add what the script says of each declining member's last weeks."""
    weeks = np.repeat(np.arange(SCRIPTED_WEEKS, dtype=np.int64), script)
    for index in _declining():
        within = np.arange(len(weeks), dtype=np.int64)
        day = today - 7 * SCRIPTED_WEEKS + 7 * weeks + within % 7
        added = days.shopping_time(day, uniform(population.seed, purpose, population.ids[index], within))
        member = np.concatenate([member, np.full(len(added), index, dtype=np.int64)])
        moments = np.concatenate([moments, added])
    return member, moments
