"""Random small worlds: a few members with missing values, ties, window edges and Unicode."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st
from sqlalchemy.orm import Session

from crm.access.models import Account, Role
from crm.activity.models import ActivityEvent, EventKind, MemberActivity, Order, OrderLine, Product
from crm.campaigns.models import Campaign, CampaignState
from crm.catalog import CATALOG
from crm.loyalty.models import Coupon, CouponRedemption, MemberScore, OfferKind, PointsAccount
from crm.members.models import SENDABLE_CHANNELS, Consent, ContactPoint, Member, MemberTag, Suppression
from crm.outreach.models import (
    Arm,
    Enrolment,
    Journey,
    JourneyState,
    Message,
    MessageEvent,
    MessageEventKind,
    MessageState,
)
from crm.segments.scope import SegmentScope

TODAY = date(2026, 6, 1)
ZONES = [ZoneInfo("Asia/Shanghai"), ZoneInfo("America/Sao_Paulo"), ZoneInfo("Europe/London")]
NAMES = ["Zhang Min", "Zoë Ångström", "李雷", 'Robert"); DROP TABLE members;--']
TIERS = ["silver", "gold", "platinum"]
CITIES = ["Beijing", "上海", "Zürich", None]
TAGS = ["coffee-lover", "KOL", "新妈妈"]
CATEGORIES = ["coffee", "tea", "skincare"]
CAMPAIGNS = ["Spring Refresh", "Mother's Day Gifting", "双倍积分周"]
CSM_NAMES = ["Kevin Zhao", "helen"]
CENTS = [0, 100, 9_999, 10_000, 10_001, 19_998, 500_000]
BIRTHDAYS = [None, date(1990, 6, 1), date(1991, 6, 2), date(1988, 2, 29), date(2000, 12, 31), date(1996, 1, 1)]


@dataclass
class Happening:
    """When something took place, and a number that picks the rest of it."""

    days_ago: int
    at: time
    pick: int

    def moment(self, zone: ZoneInfo) -> datetime:
        return datetime.combine(TODAY - timedelta(days=self.days_ago), self.at, tzinfo=zone).astimezone(UTC)


@dataclass
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
    campaigns: list[int]


@dataclass
class World:
    people: list[Person]
    zone: ZoneInfo
    sees_all: bool


DAYS_AGO = [-1, 0, 1, 2, 28, 29, 30, 31, 59, 60, 61, 89, 90, 91, 364, 365, 366, 730]
TIMES = [time(0, 0), time(12, 0), time(23, 59, 59)]


def random_world(random: Random, size: int) -> World:
    """A world with `size` members; the same numbers from `random` give the same world."""
    people = [random_person(random) for _ in range(size)]
    return World(people, zone=random.choice(ZONES), sees_all=random.random() < 0.7)


worlds = st.builds(random_world, st.randoms(use_true_random=False), st.integers(0, 5))


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
        campaigns=random.sample(range(len(CAMPAIGNS)), random.randint(0, len(CAMPAIGNS))),
    )


def build(session: Session, world: World) -> SegmentScope:
    """Write the world into an empty database; the first account is the one that asks."""
    accounts = [
        Account(username="kevin", display_name="Kevin Zhao", role=Role.CSM, password_hash=""),
        Account(username="helen", display_name="Helen Sun", role=Role.CSM, password_hash=""),
    ]
    products = [Product(external_ref=name, name=name, category=name) for name in CATEGORIES]
    coupon = Coupon(code="C", name="C", kind=OfferKind.GIFT, unit_cost_cents=0, stock_total=9)
    session.add_all([*accounts, *products, coupon])
    session.flush()
    builder = _Builder(session, world.zone, accounts, products, coupon)
    for person in world.people:
        builder.add(person)
    session.flush()
    me = accounts[0].id
    return SegmentScope(CATALOG, TODAY, world.zone, row_owner_id=None if world.sees_all else me, me_id=me)


class _Builder:
    """Adds people to one world."""

    def __init__(
        self, session: Session, zone: ZoneInfo, accounts: list[Account], products: list[Product], coupon: Coupon
    ) -> None:
        self.session = session
        self.zone = zone
        self.accounts = accounts
        self.products = {product.category: product for product in products}
        self.coupon = coupon
        self.journeys = [self._campaign(name, accounts[0]) for name in CAMPAIGNS]

    def _campaign(self, name: str, author: Account) -> Journey:
        long_ago = datetime(2025, 1, 1, tzinfo=UTC)
        journey = Journey(name=name, spec={}, state=JourneyState.ENDED, created_at=long_ago)
        self.session.add(journey)
        self.session.flush()
        self.session.add(
            Campaign(
                name=name,
                state=CampaignState.COMPLETED,
                brief={},
                author_id=author.id,
                journey_id=journey.id,
                created_at=long_ago,
                updated_at=long_ago,
            )
        )
        return journey

    def add(self, person: Person) -> None:
        born = person.profile["birthday_on"]
        member = Member(
            **person.profile,
            birth_month_day=born.month * 100 + born.day if born else None,
            external_ref=f"M{len(self.session.new)}-{id(person)}",
            joined_at=person.joined.moment(self.zone),
            owner_id=None if person.owner is None else self.accounts[person.owner].id,
        )
        self.session.add(member)
        self.session.flush()
        self._add_profile(member.id, person)
        self._add_orders(member.id, person)
        self._add_messages(member.id, person)
        self.session.flush()

    def _add_profile(self, member_id: int, person: Person) -> None:
        now = datetime(2026, 5, 1, tzinfo=UTC)
        self.session.add_all(MemberTag(member_id=member_id, tag=tag) for tag in person.tags)
        for channel, granted in person.consents.items():
            values = {"member_id": member_id, "channel": channel}
            self.session.add(Consent(**values, granted=granted, changed_at=now, source="test"))
            self.session.add(ContactPoint(**values, address="a", normalised="a"))
        if person.is_blacklisted:
            self.session.add(Suppression(member_id=member_id, reason="test", created_at=now))
        if person.activity is not None:
            score, weeks = person.activity
            self.session.add(MemberActivity(member_id=member_id, as_of_on=TODAY, score=score, declining_weeks=weeks))
        if person.points is not None:
            self.session.add(PointsAccount(member_id=member_id, balance=person.points))
        if person.scores is not None:
            self.session.add(MemberScore(member_id=member_id, **person.scores))

    def _add_orders(self, member_id: int, person: Person) -> None:
        for happening, bought in person.orders:
            moment = happening.moment(self.zone)
            order = Order(
                member_id=member_id, ordered_at=moment, amount_cents=sum(cents for _, cents in bought), source="test"
            )
            self.session.add(order)
            self.session.flush()
            for category, cents in bought:
                self.session.add(
                    OrderLine(
                        order_id=order.id,
                        member_id=member_id,
                        ordered_at=moment,
                        product_id=self.products[category].id,
                        category=category,
                        quantity=1,
                        amount_cents=cents,
                        discount_cents=0,
                    )
                )
        for happening in person.events:
            kind = list(EventKind)[happening.pick % len(EventKind)]
            self.session.add(ActivityEvent(member_id=member_id, kind=kind, occurred_at=happening.moment(self.zone)))
        for happening in person.redemptions:
            journey = [None, *self.journeys][happening.pick % (len(self.journeys) + 1)]
            self.session.add(
                CouponRedemption(
                    coupon_id=self.coupon.id,
                    member_id=member_id,
                    journey_id=journey and journey.id,
                    redeemed_at=happening.moment(self.zone),
                    discount_cents=0,
                )
            )

    def _add_messages(self, member_id: int, person: Person) -> None:
        enrolments = {}
        for index, journey in enumerate(self.journeys):
            if index in person.campaigns or person.messages:
                enrolment = Enrolment(
                    journey_id=journey.id,
                    member_id=member_id,
                    occurrence="launch",
                    arm=Arm.HOLDOUT if index == 1 else Arm.TREATMENT,
                    enrolled_at=person.joined.moment(self.zone) + timedelta(days=index),
                )
                self.session.add(enrolment)
                enrolments[index] = enrolment
        self.session.flush()
        for step, (happening, events) in enumerate(person.messages):
            self._add_message(member_id, step, happening, events, enrolments[happening.pick % len(self.journeys)])

    def _add_message(
        self, member_id: int, step: int, happening: Happening, events: list[Happening], enrolment: Enrolment
    ) -> None:
        moment = happening.moment(self.zone)
        message = Message(
            enrolment_id=enrolment.id,
            journey_id=enrolment.journey_id,
            member_id=member_id,
            step_key=str(step),
            channel=SENDABLE_CHANNELS[happening.pick % 3],
            due_at=moment,
            state=MessageState.FAILED if happening.pick == 11 else MessageState.DELIVERED,
            sent_at=moment - timedelta(hours=1),
            delivered_at=moment if happening.pick % 2 else None,
        )
        self.session.add(message)
        self.session.flush()
        for event in events:
            self.session.add(
                MessageEvent(
                    message_id=message.id,
                    member_id=member_id,
                    kind=list(MessageEventKind)[event.pick % 2],
                    occurred_at=event.moment(self.zone),
                    by_machine=event.pick > 8,
                )
            )
