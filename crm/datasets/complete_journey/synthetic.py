"""What the real data does not say about its households, made up by seeded rules so that the product can be used.

Synthetic: names, gender, birthdays (within the household's age band where that is known), cities,
owners, contact points, consents, preferred channels, the blacklist, points, and tiers. A tier is earned
by the best calendar month and kept, so that a heavy buyer who left still holds it: the lowest 45% are
bronze, then 25% silver, 15% gold and 15% platinum. A tier's stated minimum is the spend of twelve
months at the same shares.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from crm.channels import Channel
from crm.datasets.randomness import Bools, Ints, uniform

SEED = 8451

FEMALE_NAMES = (
    "Mary", "Linda", "Susan", "Karen", "Nancy", "Lisa", "Betty", "Helen", "Sandra", "Donna", "Carol", "Ruth", "Sharon",
    "Laura", "Sarah", "Kimberly", "Deborah", "Jessica", "Shirley", "Cynthia", "Angela", "Melissa", "Brenda", "Amy",
    "Anna", "Rebecca", "Virginia", "Kathleen", "Pamela", "Martha",
)  # fmt: skip
MALE_NAMES = (
    "James", "John", "Robert", "Michael", "William", "David", "Richard", "Charles", "Joseph", "Thomas", "Daniel",
    "Paul", "Mark", "Donald", "George", "Kenneth", "Steven", "Edward", "Brian", "Ronald", "Anthony", "Kevin", "Jason",
    "Matthew", "Gary", "Timothy", "Jose", "Larry", "Jeffrey", "Frank",
)  # fmt: skip
LAST_NAMES = (
    "Smith", "Johnson", "Williams", "Jones", "Brown", "Davis", "Miller", "Wilson", "Moore", "Taylor", "Anderson",
    "Thomas", "Jackson", "White", "Harris", "Martin", "Thompson", "Garcia", "Martinez", "Robinson", "Clark",
    "Rodriguez", "Lewis", "Lee", "Walker", "Hall", "Allen", "Young", "Hernandez", "King", "Wright", "Lopez", "Hill",
    "Scott", "Green", "Adams", "Baker", "Gonzalez", "Nelson", "Carter", "Mitchell", "Perez", "Roberts", "Turner",
    "Phillips", "Campbell", "Parker", "Evans", "Edwards", "Collins",
)  # fmt: skip
CITIES = ("Cincinnati", "Columbus", "Dayton", "Louisville", "Lexington", "Indianapolis")
AGE_BANDS = {
    "19-24": (19, 25),
    "25-34": (25, 35),
    "35-44": (35, 45),
    "45-54": (45, 55),
    "55-64": (55, 65),
    "65+": (65, 85),
}

TIER_NAMES = ("bronze", "silver", "gold", "platinum")
TIER_SHARES_BELOW = (0.45, 0.70, 0.85)
"""Shares of members below silver, gold and platinum."""
OWNED_FROM_TIER = 2
CHANNELS = (Channel.EMAIL, Channel.SMS, Channel.PUSH)
CONSENT_SHARES = {Channel.EMAIL: (0.75, 0.13), Channel.SMS: (0.55, 0.25), Channel.PUSH: (0.45, 0.20)}
"""(agreed, refused); the rest was never asked."""
REACHABLE_SHARES = {Channel.EMAIL: 0.92, Channel.SMS: 0.94, Channel.PUSH: 0.55}
BLACKLISTED_EVERY = 240
POINTS_PER_DOLLAR = 1.0


@dataclass(frozen=True)
class Households:
    """One entry a household in each array, in order of member id."""

    ids: Ints
    names: list[str]
    genders: list[str]
    birthdays: list[date]
    cities: list[str]
    tier: Ints
    """Index into TIER_NAMES."""
    owner: Ints
    """Which of the CSMs, -1 for none."""
    preferred: list[str]
    reachable: dict[Channel, Bools]
    consent: dict[Channel, Ints]
    """1 agreed, 0 refused, -1 never asked."""
    blacklisted: Bools


def make_households(
    ids: Ints, age_bands: list[str | None], best_month_cents: Ints, csms: int, today: date
) -> Households:
    is_female = uniform(SEED, "gender", ids) < 0.58
    first = (uniform(SEED, "first name", ids) * len(FEMALE_NAMES)).astype(np.int64)
    last = (uniform(SEED, "last name", ids) ** 1.4 * len(LAST_NAMES)).astype(np.int64)
    tier = tiers_of(best_month_cents)
    owner = (uniform(SEED, "owner", ids) * csms).astype(np.int64)
    preferred = (uniform(SEED, "preferred", ids) * len(CHANNELS)).astype(np.int64)
    return Households(
        ids=ids,
        names=[
            f"{(FEMALE_NAMES if female else MALE_NAMES)[f]} {LAST_NAMES[n]}"
            for female, f, n in zip(is_female, first, last, strict=True)
        ],
        genders=["female" if female else "male" for female in is_female],
        birthdays=_birthdays(ids, age_bands, today),
        cities=[CITIES[n] for n in (uniform(SEED, "city", ids) * len(CITIES)).astype(np.int64)],
        tier=tier,
        owner=np.where(tier >= OWNED_FROM_TIER, owner, -1),
        preferred=[CHANNELS[n].value for n in preferred],
        reachable={channel: uniform(SEED, f"has {channel}", ids) < REACHABLE_SHARES[channel] for channel in CHANNELS},
        consent={channel: _consent(ids, channel) for channel in CHANNELS},
        blacklisted=ids % BLACKLISTED_EVERY == 0,
    )


def tiers_of(spent_cents: Ints) -> Ints:
    return np.asarray(np.searchsorted(tier_minimums(spent_cents)[1:], spent_cents, side="right"), dtype=np.int64)


def tier_minimums(spent_cents: Ints) -> Ints:
    """The spend from which each tier begins, so that the shares come out as stated."""
    return np.concatenate([[0], np.quantile(spent_cents, TIER_SHARES_BELOW).astype(np.int64)])


def _birthdays(ids: Ints, age_bands: list[str | None], today: date) -> list[date]:
    share = uniform(SEED, "birthday", ids).tolist()
    bands = [AGE_BANDS.get(band or "", (19, 85)) for band in age_bands]
    return [
        today - timedelta(days=int((low + (high - low) * part) * 365.25))
        for (low, high), part in zip(bands, share, strict=True)
    ]


def _consent(ids: Ints, channel: Channel) -> Ints:
    agreed, refused = CONSENT_SHARES[channel]
    share = uniform(SEED, f"consent {channel}", ids)
    return np.where(share < agreed, 1, np.where(share < agreed + refused, 0, -1))
