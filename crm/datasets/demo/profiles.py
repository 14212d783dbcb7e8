"""What the CRM knows about the demo's members: tier, owner, contact points, consent, tags, points, blacklist."""

from dataclasses import dataclass, replace

import numpy as np

from crm.channels import Channel
from crm.datasets.demo.cases import CASE_OWNER, CASES
from crm.datasets.demo.population import CHANNELS, Population
from crm.datasets.demo.purchases import Purchases
from crm.datasets.demo.words import CATEGORIES
from crm.datasets.people import CSM_USERNAMES
from crm.datasets.randomness import Bools, Floats, Ints, uniform

TIERS = (("bronze", 0), ("silver", 250_000), ("gold", 600_000), ("platinum", 1_200_000))
"""Name and spend of the last 12 months, in cents, from which it is held."""
TIER_DAYS = 365
SHARE_OF_SILVER_OWNED = 0.3
POINTS_PER_YUAN = (1.0, 1.2, 1.5, 2.0)
"""By tier."""

REACHABLE_SHARES = {Channel.EMAIL: 0.93, Channel.SMS: 0.95, Channel.PUSH: 0.68}
CONSENT_SHARES = {Channel.EMAIL: (0.76, 0.12), Channel.SMS: (0.60, 0.24), Channel.PUSH: (0.60, 0.16)}
"""(agreed, refused); the rest was never asked."""
SHARE_BLACKLISTED = 0.012
BLACKLIST_REASONS = ("complaint", "fraud check", "asked never to be contacted")
SHARE_DUPLICATE_PERSON = 0.008
"""Members who registered a second time with the same e-mail address and phone."""
SHARE_SHARED_PHONE = 0.006
"""Members who gave a relative's phone number."""


@dataclass(frozen=True)
class Profiles:
    """One entry a member in each array."""

    tier: Ints
    """Index into TIERS."""
    owner: Ints
    """Index into CSM_USERNAMES, -1 for none."""
    address_key: dict[Channel, Ints]
    """Members with the same number share the address; -1 for none."""
    consent: dict[Channel, Ints]
    """1 agreed, 0 refused, -1 never asked."""
    blacklisted: Bools
    points: Ints


def register_twice(population: Population) -> tuple[Population, Ints]:
    """Let some members be the same person as an earlier one; gives, for each member, who he really is."""
    seed, ids = population.seed, population.ids
    person = np.arange(population.size, dtype=np.int64)
    doubles = np.flatnonzero(uniform(seed, "registered twice", ids) < SHARE_DUPLICATE_PERSON)
    doubles = doubles[doubles >= 2 * len(CASES)]
    span = doubles - len(CASES)
    person[doubles] = len(CASES) + (uniform(seed, "first registration", ids[doubles]) * span).astype(np.int64)
    names, local = list(population.names), list(population.local_names)
    birthdays, genders = list(population.birthdays), list(population.genders)
    for double, first in zip(doubles.tolist(), person[doubles].tolist(), strict=True):
        names[double], local[double] = names[first], local[first]
        birthdays[double], genders[double] = birthdays[first], genders[first]
    changed = replace(population, names=names, local_names=local, birthdays=birthdays, genders=genders)
    return changed, person


def make_profiles(population: Population, person: Ints, purchases: Purchases, year_start: int) -> Profiles:
    """`year_start` is the moment 12 months ago; tiers are held from the spend since then."""
    tier = tiers_of(yearly_spend(population.size, purchases, year_start))
    consent = {channel: _consent(population, channel) for channel in CHANNELS}
    for index, case in enumerate(CASES):
        for channel in CHANNELS:
            consent[channel][index] = 0 if case.opted_out_of_sms and channel is Channel.SMS else 1
    blacklisted = uniform(population.seed, "blacklist", population.ids) < SHARE_BLACKLISTED
    blacklisted[: len(CASES)] = False
    return Profiles(
        tier=tier,
        owner=_owners(population, tier),
        address_key={channel: _addresses(population, person, channel) for channel in CHANNELS},
        consent=consent,
        blacklisted=blacklisted,
        points=_points(population, purchases, tier),
    )


def yearly_spend(members: int, purchases: Purchases, year_start: int) -> Ints:
    within = purchases.ordered_at >= year_start
    spent = np.bincount(purchases.member[within], weights=purchases.amount_cents[within], minlength=members)
    return spent.astype(np.int64)


def tiers_of(spent_cents: Ints) -> Ints:
    thresholds = np.array([minimum for _, minimum in TIERS], dtype=np.int64)
    return np.asarray(np.searchsorted(thresholds, spent_cents, side="right") - 1, dtype=np.int64)


def make_tags(population: Population, purchases: Purchases) -> tuple[Ints, list[str]]:
    """(member index, tag) pairs, from what members buy and who they are."""
    bought = np.zeros((population.size, len(CATEGORIES)), dtype=np.int64)
    np.add.at(bought, (purchases.member, purchases.category), 1)
    counts = {category: bought[:, index] for index, category in enumerate(CATEGORIES)}
    chance = {tag: uniform(population.seed, tag, population.ids) for tag in ("gift", "vegan", "skin", "KOL", "runner")}
    born = np.array([day.year if day else 0 for day in population.birthdays])
    is_female = np.array([gender == "female" for gender in population.genders])
    newest = max((day.year for day in population.birthdays if day), default=0)
    rules: dict[str, Bools] = {
        "coffee-lover": counts["coffee"] >= 3,
        "tea-drinker": counts["tea"] >= 3,
        "new-mom": is_female & (counts["baby"] >= 2) & (born >= newest - 24),
        "price-sensitive": population.bargain_hunter & (bought.sum(axis=1) >= 2),
        "gift-buyer": (counts["fragrance"] + counts["wine"] >= 2) & (chance["gift"] < 0.5),
        "runner": (counts["shoes"] + counts["outdoor"] >= 2) & (chance["runner"] < 0.6),
        "pet-owner": counts["pet"] >= 2,
        "vegan": chance["vegan"] < 0.03,
        "student": (born >= newest - 4) & (born > 0),
        "sensitive-skin": (counts["skincare"] >= 2) & (chance["skin"] < 0.3),
        "KOL": chance["KOL"] < 0.006,
    }
    members, tags = [], []
    for tag, holds in rules.items():
        tagged = np.flatnonzero(holds)
        members.append(tagged)
        tags += [tag] * len(tagged)
    return np.concatenate(members), tags


def _owners(population: Population, tier: Ints) -> Ints:
    seed, ids = population.seed, population.ids
    is_owned = (tier >= 2) | ((tier == 1) & (uniform(seed, "is owned", ids) < SHARE_OF_SILVER_OWNED))
    is_owned[: len(CASES)] = True
    owner = (uniform(seed, "owner", ids) * len(CSM_USERNAMES)).astype(np.int64)
    owner[: len(CASES)] = CSM_USERNAMES.index(CASE_OWNER)
    return np.where(is_owned, owner, -1)


def _addresses(population: Population, person: Ints, channel: Channel) -> Ints:
    seed, ids = population.seed, population.ids
    key = person.copy()
    if channel is Channel.SMS:
        shares = (uniform(seed, "shared phone", ids) < SHARE_SHARED_PHONE) & (key >= 2 * len(CASES))
        key[shares] -= 1
    if channel is Channel.PUSH:
        key = np.arange(population.size, dtype=np.int64)  # a device is registered to one membership
    has = uniform(seed, f"has {channel}", ids) < REACHABLE_SHARES[channel]
    has[: len(CASES)] = True
    return np.where(has, key, -1)


def _consent(population: Population, channel: Channel) -> Ints:
    agreed, refused = CONSENT_SHARES[channel]
    share = uniform(population.seed, f"consent {channel}", population.ids)
    answered: Floats = np.where(share < agreed, 1, np.where(share < agreed + refused, 0, -1))
    return answered.astype(np.int64)


def _points(population: Population, purchases: Purchases, tier: Ints) -> Ints:
    """Points of all orders so far, less what was spent of them."""
    spent = np.bincount(purchases.member, weights=purchases.amount_cents, minlength=population.size) / 100.0
    kept = 0.15 + 0.75 * uniform(population.seed, "points kept", population.ids)
    return np.asarray(spent * np.array(POINTS_PER_YUAN)[tier] * kept, dtype=np.int64)
