"""Who the members of the demo are, and how they would live if nobody wrote to them."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from crm.channels import Channel
from crm.datasets.days import LocalDays
from crm.datasets.demo.cases import CASE_NAMES, CASES
from crm.datasets.demo.words import (
    CATEGORIES,
    CATEGORY_WEIGHTS,
    CITY_WEIGHTS,
    FEMALE_GIVEN_NAMES,
    MALE_GIVEN_NAMES,
    SURNAMES,
)
from crm.datasets.randomness import Bools, Floats, Ints, normal, uniform

HISTORY_DAYS = 548
"""Orders reach back 18 months."""
OLDEST_JOIN_DAYS = 1_460

SHARE_FEMALE, SHARE_MALE = 0.55, 0.41
SHARE_WITHOUT_CITY = 0.03
SHARE_WITHOUT_BIRTHDAY = 0.04
SHARE_WITH_LOCAL_NAME = 0.5
SHARE_LAPSED = 0.28
"""Members who stopped for good at some moment, more of them lately than long ago."""
SHARE_NEVER_BUYING = 0.07

CHANNELS = (Channel.EMAIL, Channel.SMS, Channel.PUSH)
PREFERRED_SHARES = (0.34, 0.24, 0.32)
"""By channel in the order of CHANNELS; the rest has told us nothing."""


@dataclass(frozen=True)
class Population:
    """One entry a member in each array; the named members of cases.py come first."""

    seed: int
    ids: Ints
    names: list[str]
    local_names: list[str | None]
    genders: list[str | None]
    birthdays: list[date | None]
    cities: list[str | None]
    preferred: Ints
    """Index into CHANNELS, -1 for none."""
    joined_at: Ints
    first_day: Ints
    """Index of the first day on which the member may buy."""
    last_day: Ints
    """Index of the last day on which the member buys; the day before today unless the member lapsed."""
    orders_a_day: Floats
    ticket: Floats
    """Usual amount of an order, in yuan."""
    tastes: Floats
    """(members, categories): how an order falls on the categories; rows add up to 1."""
    bargain_hunter: Bools

    @property
    def size(self) -> int:
        return len(self.ids)


def make_population(seed: int, members: int, days: LocalDays, today: date) -> Population:
    """`days` ends on `today`, which has not happened yet."""
    ids = np.arange(1, members + 1, dtype=np.int64)
    joined_day = _join_days(seed, ids, days, today)
    first_day = np.maximum(joined_day, days.index(today) - HISTORY_DAYS)
    level = normal(seed, "level", ids)
    orders_a_day = np.exp(-0.45 + 0.8 * level) / 30.0
    orders_a_day[uniform(seed, "never buys", ids) < SHARE_NEVER_BUYING] = 0.0
    ticket = 370.0 * np.exp(0.2 * level + 0.5 * normal(seed, "ticket", ids))
    tastes = _tastes(seed, ids)
    is_female, is_male = _genders(seed, ids)
    names, local_names = _names(seed, ids, is_female)
    population = Population(
        seed=seed,
        ids=ids,
        names=names,
        local_names=local_names,
        genders=[
            "female" if f else "male" if m else None for f, m in zip(is_female.tolist(), is_male.tolist(), strict=True)
        ],
        birthdays=_birthdays(seed, ids, today),
        cities=_cities(seed, ids),
        preferred=_preferred(seed, ids),
        joined_at=days.shopping_time(joined_day, uniform(seed, "join hour", ids)),
        first_day=first_day,
        last_day=_last_days(seed, ids, first_day, days.index(today)),
        orders_a_day=orders_a_day,
        ticket=ticket,
        tastes=tastes,
        bargain_hunter=uniform(seed, "bargains", ids) < 0.2,
    )
    _place_cases(population, days, today)
    return population


def _join_days(seed: int, ids: Ints, days: LocalDays, today: date) -> Ints:
    """Half joined within the last 18 months, half in the years before."""
    share = uniform(seed, "join day", ids)
    recent = 1 + share * (HISTORY_DAYS - 1)
    earlier = HISTORY_DAYS + share * (OLDEST_JOIN_DAYS - HISTORY_DAYS)
    ago = np.where(uniform(seed, "join era", ids) < 0.5, recent, earlier)
    return np.asarray(days.index(today) - ago.astype(np.int64), dtype=np.int64)


def _last_days(seed: int, ids: Ints, first_day: Ints, today: int) -> Ints:
    lapsed = uniform(seed, "lapses", ids) < SHARE_LAPSED
    share = uniform(seed, "lapse day", ids) ** 0.6
    lapse_day = first_day + (share * (today - first_day)).astype(np.int64)
    return np.where(lapsed, lapse_day, today - 1)


def _tastes(seed: int, ids: Ints) -> Floats:
    """Everybody likes what is popular, and a few categories much more than others do."""
    popular = np.array([CATEGORY_WEIGHTS[category] for category in CATEGORIES], dtype=np.float64)
    leaning = np.exp(1.6 * normal(seed, "taste", ids[:, None], np.arange(len(CATEGORIES))[None, :]))
    weights = popular * leaning
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _genders(seed: int, ids: Ints) -> tuple[Bools, Bools]:
    share = uniform(seed, "gender", ids)
    return share < SHARE_FEMALE, (share >= SHARE_FEMALE) & (share < SHARE_FEMALE + SHARE_MALE)


def _names(seed: int, ids: Ints, is_female: Bools) -> tuple[list[str], list[str | None]]:
    surnames = (uniform(seed, "surname", ids) ** 1.7 * len(SURNAMES)).astype(np.int64)
    given = (uniform(seed, "given name", ids) * len(FEMALE_GIVEN_NAMES)).astype(np.int64)
    shows_local = uniform(seed, "local name", ids) < SHARE_WITH_LOCAL_NAME
    names: list[str] = []
    local_names: list[str | None] = []
    columns = (surnames.tolist(), given.tolist(), is_female.tolist(), shows_local.tolist())
    for surname_index, given_index, female, local in zip(*columns, strict=True):
        surname, surname_local = SURNAMES[surname_index]
        choices = FEMALE_GIVEN_NAMES if female else MALE_GIVEN_NAMES
        first, first_local = choices[given_index]
        if f"{surname} {first}" in CASE_NAMES:  # those names belong to one member each
            first, first_local = choices[0]
        names.append(f"{surname} {first}")
        local_names.append(f"{surname_local}{first_local}" if local else None)
    return names, local_names


def _birthdays(seed: int, ids: Ints, today: date) -> list[date | None]:
    """Ages 18 to 80, half of them under 33."""
    age_days = np.clip(16 + 17 * np.exp(0.6 * normal(seed, "age", ids)), 18.0, 80.0) * 365.25
    known = uniform(seed, "birthday known", ids) >= SHARE_WITHOUT_BIRTHDAY
    born = (np.datetime64(today) - age_days.astype("timedelta64[D]")).tolist()
    return [day if is_known else None for day, is_known in zip(born, known.tolist(), strict=True)]


def _cities(seed: int, ids: Ints) -> list[str | None]:
    cities = tuple(CITY_WEIGHTS)
    shares = np.cumsum(np.array(list(CITY_WEIGHTS.values()), dtype=np.float64))
    chosen = np.searchsorted(shares / shares[-1], uniform(seed, "city", ids))
    known = uniform(seed, "city known", ids) >= SHARE_WITHOUT_CITY
    return [
        cities[index] if is_known else None for index, is_known in zip(chosen.tolist(), known.tolist(), strict=True)
    ]


def _preferred(seed: int, ids: Ints) -> Ints:
    chosen = np.searchsorted(np.cumsum(PREFERRED_SHARES), uniform(seed, "preferred", ids))
    return np.where(chosen < len(CHANNELS), chosen, -1).astype(np.int64)


def _place_cases(population: Population, days: LocalDays, today: date) -> None:
    """Give the first members the names and habits that the scenarios speak of."""
    for index, case in enumerate(CASES):
        population.names[index] = case.name
        population.local_names[index] = case.name_local
        population.genders[index] = case.gender
        population.birthdays[index] = date(case.birth_year, *case.birth_month_day)
        population.cities[index] = case.city
        population.preferred[index] = CHANNELS.index(case.preferred_channel)
        population.joined_at[index] = days.shopping_time(
            np.array([days.index(today) - 700 - 13 * index]), np.array([0.4])
        )[0]
        population.first_day[index] = days.index(today) - HISTORY_DAYS
        population.last_day[index] = days.index(today) - 1
        population.orders_a_day[index] = case.orders_a_month / 30.0
        population.ticket[index] = case.ticket
        population.bargain_hunter[index] = False
        favourite = CATEGORIES.index(case.favourite)
        population.tastes[index, :] *= 0.4 / (1.0 - population.tastes[index, favourite])
        population.tastes[index, favourite] = 0.6
