"""Random small worlds: a few members with missing values, ties, window edges and Unicode.

A world is plain data; `worlds.build` writes it into a database.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from crm.channels import SENDABLE_CHANNELS

TODAY = date(2026, 6, 1)
ZONES = [ZoneInfo(name) for name in ("Asia/Shanghai", "America/Sao_Paulo", "Europe/London", "Africa/Cairo")]
"""In Cairo the clocks change at midnight: one day has no first hour, one ends twice."""
NAMES = ["Zhang Min", "Zoë Ångström", "李雷", 'Robert"); DROP TABLE members;--']
TIERS = ["silver", "gold", "platinum"]
CITIES = ["Beijing", "上海", "Zürich", "zürich", None]
TAGS = ["coffee_lover", "coffee-lover", "KOL", "kol", "新妈妈"]
"""Some differ only where `LIKE` would not tell them apart."""
CATEGORIES = ["coffee", "tea", "skincare"]
CAMPAIGNS = ["Spring Refresh", "Mother's Day Gifting", "双倍积分周"]
SEGMENTS = ["Coffee circle", "回流 50%"]
CSM_NAMES = ["Kevin Zhao", "helen"]
CENTS = [0, 100, 9_999, 10_000, 10_001, 19_998, 500_000]
BIRTHDAYS = [None, date(1990, 6, 1), date(1991, 6, 2), date(1988, 2, 29), date(2000, 12, 31), date(1996, 1, 1)]
DAYS_AGO = [-1, 0, 1, 2, 6, 7, 8, 28, 29, 30, 31, 34, 35, 38, 39, 59, 60, 61, 89, 90, 91, 213, 214, 364, 365, 366, 730]
"""The days around the windows of the definitions, and those on which clocks change."""
TIMES = [time(0, 0), time(12, 0), time(23, 59, 59)]


@dataclass(frozen=True)
class Happening:
    """When something took place, and a number that picks the rest of it."""

    days_ago: int
    at: time
    pick: int

    def moment(self, zone: ZoneInfo) -> datetime:
        return datetime.combine(TODAY - timedelta(days=self.days_ago), self.at, tzinfo=zone).astimezone(UTC)


@dataclass(frozen=True)
class Person:
    """One member as drawn; most parts may be missing."""

    profile: dict[str, Any]
    joined: Happening
    owner: int | None
    tags: list[str]
    consents: dict[Any, bool]
    is_blacklisted: bool
    activity: tuple[float, int] | None
    points: int | None
    scores: dict[str, Any] | None
    orders: list[tuple[Happening, list[tuple[str, int]]]]
    events: list[Happening]
    messages: list[tuple[Happening, list[Happening]]]
    redemptions: list[Happening]
    campaigns: dict[int, Happening]
    segments: list[int]


@dataclass(frozen=True)
class World:
    people: list[Person]
    zone: ZoneInfo
    sees_all: bool


def random_world(random: Random, size: int) -> World:
    """A world with `size` members; the same numbers from `random` give the same world."""
    people = [random_person(random) for _ in range(size)]
    return World(people, zone=random.choice(ZONES), sees_all=random.random() < 0.7)


def random_person(random: Random) -> Person:
    def some(draw: Callable[[], Any], most: int) -> list[Any]:
        return [draw() for _ in range(random.randint(0, most))]

    def happening() -> Happening:
        return Happening(random.choice(DAYS_AGO), random.choice(TIMES), random.randrange(12))

    def line() -> tuple[str, int]:
        return random.choice(CATEGORIES), random.choice(CENTS)

    scores = {
        "lifecycle_stage": random.choice([None, "new", "vip", "dormant"]),
        "churn_risk": random.choice([None, 0.0, 0.25, 0.7, 1.0]),
        "clv_cents": random.choice([None, *CENTS]),
    }
    return Person(
        profile={
            "name": random.choice(NAMES),
            "tier": random.choice(TIERS),
            "city": random.choice(CITIES),
            "gender": random.choice(["female", "male", None]),
            "birthday_on": random.choice(BIRTHDAYS),
            "preferred_channel": random.choice([*SENDABLE_CHANNELS, None]),
        },
        joined=happening(),
        owner=random.choice([None, 0, 1]),
        tags=random.sample(TAGS, random.randint(0, len(TAGS))),
        consents={channel: random.random() < 0.5 for channel in SENDABLE_CHANNELS if random.random() < 0.7},
        is_blacklisted=random.random() < 0.3,
        activity=random.choice([None, (random.choice([0.0, 12.5, 50.0]), random.randint(0, 4))]),
        points=random.choice([None, 0, 100, 2000]),
        scores=random.choice([None, scores]),
        orders=some(lambda: (happening(), some(line, 3)), 4),
        events=some(happening, 3),
        messages=some(lambda: (happening(), some(happening, 3)), 4),
        redemptions=some(happening, 3),
        campaigns={index: happening() for index in range(len(CAMPAIGNS)) if random.random() < 0.5},
        segments=[index for index in range(len(SEGMENTS)) if random.random() < 0.4],
    )
