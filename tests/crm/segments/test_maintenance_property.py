"""After any changes and any days, the members that upkeep left are those that the definition has."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from crm.activity.facts import refresh_facts
from crm.activity.models import ActivityEvent, EventKind, MemberActivity, Order, OrderLine
from crm.catalog import CATALOG
from crm.channels import SENDABLE_CHANNELS
from crm.clock import local_day
from crm.database import Sessions
from crm.errors import InvalidRequest
from crm.fields import Kind, Op
from crm.lifecycle.models import MemberScore
from crm.loyalty.models import CouponRedemption, PointsAccount
from crm.members.changes import Change, mark_changed, mark_everyone_changed
from crm.members.fields import ME as MYSELF
from crm.members.models import Consent, ContactPoint, Member, MemberTag, Suppression
from crm.members.suppression import suppress_normalised
from crm.outreach.models import Arm, Enrolment, Message, MessageEvent, MessageEventKind, MessageState
from crm.segments.compile import select_member_ids
from crm.segments.days import LastPeriod, MonthDay, RelativeDay
from crm.segments.definition import AllOf, AnyOf, Condition, Definition, Not, Term, parse_definition
from crm.segments.evaluation import scope_for_all
from crm.segments.maintenance import maintain, refresh_one
from crm.segments.models import Segment, SegmentMember
from crm.segments.service import require_known_names
from crm.workspace import Workspace
from tests.conftest import examples
from tests.crm.segments.drawing import CATEGORIES, CITIES, TAGS, TIERS, TODAY, World, random_world
from tests.crm.segments.strategies import definitions
from tests.crm.segments.worlds import FIRST_ID, LONG_AGO, ME, build, worlds

DAYS_AGO = [-1, 0, 0, 1, 6, 7, 29, 30, 31, 60, 90, 365]
DAYS_ON = [0, 1, 1, 2, 7, 29, 30, 31, 214]
"""How many days pass; the last goes over the end of the year."""
NOON = time(12, 0)


@dataclass(frozen=True)
class Step:
    """Something that happens to a member, or days that pass (and upkeep runs)."""

    what: str
    member: int
    days_ago: int
    pick: int


class Living:
    """A world in which things happen, each noted as the product notes it."""

    def __init__(self, session: Session, world: World) -> None:
        self.session = session
        self.zone = world.zone
        self.day = TODAY
        self.ids = [FIRST_ID + index for index in range(len(world.people))]
        self._number = FIRST_ID * 10

    @property
    def now(self) -> datetime:
        return datetime.combine(self.day, NOON, tzinfo=self.zone)

    def live(self, step: Step) -> None:
        if step.what == "born" or not self.ids:
            self.born(step)
        else:
            member_id = self.ids[step.member % len(self.ids)]
            getattr(self, step.what)(member_id, step, self.now - timedelta(days=step.days_ago))

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _add(self, model: Any, **values: Any) -> None:
        self.session.execute(insert(model).values(**values))

    def _set(self, model: Any, member_id: int, **values: Any) -> None:
        """The row of a member that has one at most."""
        self.session.execute(delete(model).where(model.member_id == member_id))
        self._add(model, member_id=member_id, **values)

    def _note(self, member_id: int, what: Change) -> None:
        mark_changed(self.session, member_id, what)

    def born(self, step: Step) -> None:
        member_id = self._next()
        self.ids.append(member_id)
        self._add(
            Member,
            id=member_id,
            external_ref=f"B{member_id}",
            name="New",
            tier=TIERS[step.pick % len(TIERS)],
            city=CITIES[step.pick % len(CITIES)],
            joined_at=self.now,
        )
        self._note(member_id, Change.MEMBER)

    def order(self, member_id: int, step: Step, moment: datetime) -> None:
        order_id, cents, category = self._next(), step.pick * 5_000, CATEGORIES[step.pick % len(CATEGORIES)]
        of_order = {"member_id": member_id, "ordered_at": moment, "amount_cents": cents}
        self._add(Order, id=order_id, source="test", **of_order)
        of_line = {"order_id": order_id, "product_id": FIRST_ID + CATEGORIES.index(category), "category": category}
        self._add(OrderLine, id=order_id, quantity=1, discount_cents=0, **of_order, **of_line)
        self._note(member_id, Change.ORDERS)

    def event(self, member_id: int, step: Step, moment: datetime) -> None:
        kind = list(EventKind)[step.pick % len(EventKind)]
        self._add(ActivityEvent, id=self._next(), member_id=member_id, kind=kind, occurred_at=moment)
        self._note(member_id, Change.EVENTS)

    def tag(self, member_id: int, step: Step, moment: datetime) -> None:
        tag = TAGS[step.pick % len(TAGS)]
        gone = self.session.execute(delete(MemberTag).where(MemberTag.member_id == member_id, MemberTag.tag == tag))
        if not gone.rowcount:  # type: ignore[attr-defined]
            self._add(MemberTag, member_id=member_id, tag=tag)
        self._note(member_id, Change.TAGS)

    def profile(self, member_id: int, step: Step, moment: datetime) -> None:
        values = {"tier": TIERS[step.pick % len(TIERS)], "city": CITIES[step.pick % len(CITIES)]}
        self.session.execute(update(Member).where(Member.id == member_id).values(**values))
        self._note(member_id, Change.PROFILE)

    def consent(self, member_id: int, step: Step, moment: datetime) -> None:
        channel = SENDABLE_CHANNELS[step.pick % 3]
        for model in (Consent, ContactPoint):
            self.session.execute(delete(model).where(model.member_id == member_id, model.channel == channel))
        self._add(Consent, member_id=member_id, channel=channel, granted=step.pick > 4, changed_at=moment, source="t")
        self._note(member_id, Change.CONSENTS)
        self._note(member_id, Change.CONTACTS)

    def address(self, member_id: int, step: Step, moment: datetime) -> None:
        """An address comes, or one that cannot be read; or one is given up, whoever has it."""
        channel, normalised = SENDABLE_CHANNELS[step.pick % 3], ("a", "b", "")[step.member % 3]
        if step.pick > 6:
            suppress_normalised(self.session, channel, "a", reason="test", now=moment)
            return
        of_channel = (ContactPoint.member_id == member_id, ContactPoint.channel == channel)
        self.session.execute(delete(ContactPoint).where(*of_channel))
        self._add(ContactPoint, member_id=member_id, channel=channel, address="a", normalised=normalised)
        self._note(member_id, Change.CONTACTS)

    def suppression(self, member_id: int, step: Step, moment: datetime) -> None:
        self._set(Suppression, member_id, reason="test", created_at=moment)
        self._note(member_id, Change.SUPPRESSION)

    def points(self, member_id: int, step: Step, moment: datetime) -> None:
        self._set(PointsAccount, member_id, balance=step.pick * 100)
        self._note(member_id, Change.POINTS)

    def scores(self, member_id: int, step: Step, moment: datetime) -> None:
        self._set(MemberScore, member_id, lifecycle_stage="vip", churn_risk=step.pick / 10, clv_cents=step.pick * 100)
        mark_everyone_changed(self.session, Change.SCORES)

    def activity(self, member_id: int, step: Step, moment: datetime) -> None:
        self._set(MemberActivity, member_id, as_of_on=self.day, score=step.pick * 10.0, declining_weeks=step.pick % 5)
        mark_everyone_changed(self.session, Change.ACTIVITY)

    def redemption(self, member_id: int, step: Step, moment: datetime) -> None:
        of_coupon = {"coupon_id": FIRST_ID, "journey_id": FIRST_ID + step.pick % 3, "discount_cents": 0}
        self._add(CouponRedemption, id=self._next(), member_id=member_id, redeemed_at=moment, **of_coupon)
        self._note(member_id, Change.REDEMPTIONS)

    def message(self, member_id: int, step: Step, moment: datetime) -> None:
        """A member enters a campaign, gets its message and opens it."""
        number, journey_id = self._next(), FIRST_ID + step.pick % 3
        taken = {"journey_id": journey_id, "member_id": member_id}
        self._add(Enrolment, id=number, occurrence=str(number), arm=Arm.TREATMENT, enrolled_at=moment, **taken)
        self._add(
            Message,
            id=number,
            enrolment_id=number,
            step_key="main",
            channel=SENDABLE_CHANNELS[step.pick % 3],
            due_at=moment,
            state=MessageState.DELIVERED,
            attempts=1,
            sent_at=moment,
            **taken,
        )
        opened = {"message_id": number, "member_id": member_id, "by_machine": False}
        self._add(MessageEvent, id=number, kind=MessageEventKind.OPENED, occurred_at=moment, **opened)
        for what in (Change.CAMPAIGNS, Change.MESSAGES, Change.REACTIONS):
            self._note(member_id, what)

    def days(self, _member_id: int, step: Step, _moment: datetime) -> None:
        self.day += timedelta(days=DAYS_ON[step.pick % len(DAYS_ON)])
        if step.days_ago % 2:
            refresh_facts(self.session, self.day, self.zone)
        maintain(self.session, self.now, catalog=CATALOG)


HAPPENINGS = [
    "born",
    "order",
    "order",
    "event",
    "tag",
    "profile",
    "consent",
    "address",
    "suppression",
    "points",
    "scores",
    "activity",
    "redemption",
    "message",
    "days",
    "days",
    "days",
]
steps = st.builds(
    Step, st.sampled_from(HAPPENINGS), st.integers(0, 4), st.sampled_from(DAYS_AGO), st.integers(0, len(DAYS_ON) - 1)
)
passing_days = st.builds(Step, st.just("days"), st.just(0), st.integers(0, 1), st.integers(1, len(DAYS_ON) - 1))


def stands_alone(definition: Definition) -> bool:
    """Whether it could be saved in a world without other segments."""
    asks_me = any(isinstance(leaf.value, tuple) and MYSELF in leaf.value for leaf in definition.conditions())
    return not asks_me and not any(leaf.field.name == "segment" for leaf in definition.conditions())


AGES = [25, 29, 34, 35, 37, 38]
"""On both sides of the birthdays that come in the days that pass."""
WINDOWS = [LastPeriod(days, "window_days") for days in (1, 2, 6, 7, 29, 30)]
WINDOWS += [LastPeriod(months, "window_months") for months in (1, 2)]
THRESHOLDS = [RelativeDay(days, "days_ago") for days in (0, 1, 2, 6, 7, 28, 29, 30, 31)]
WITH_WINDOWS = [field for field in CATALOG.fields if field.has_windows and field.kind is Kind.NUMBER]
DAYS = [CATALOG.field("joined_at"), CATALOG.field("last_order_at")]

moving_conditions = st.one_of(
    st.builds(Condition, st.just(Term(CATALOG.field("age"))), st.just(Op.LE), st.sampled_from(AGES)),
    st.builds(
        Condition,
        st.just(Term(DAYS[0])),
        st.just(Op.ANNIVERSARY_BETWEEN),
        st.just((MonthDay(1, 1), MonthDay(12, 31))),
    ),
    st.builds(
        Condition,
        st.builds(Term, st.sampled_from(DAYS)),
        st.sampled_from([Op.LT, Op.LE, Op.EQ, Op.NE, Op.GE, Op.GT]),
        st.sampled_from(THRESHOLDS),
    ),
    st.builds(
        Condition,
        st.builds(Term, st.sampled_from(WITH_WINDOWS), st.sampled_from(WINDOWS)),
        st.sampled_from([Op.GT, Op.EQ]),
        st.just(0),
    ),
)
"""What time alone can make true or false."""
saved_definitions = st.lists(definitions().filter(stands_alone), min_size=1, max_size=3)
combinations: Mapping[str, Callable[..., Any]] = {
    "rest": lambda base, _other: Not(base),
    "both": lambda base, other: AllOf((base, other)),
    "either": lambda base, other: AnyOf((Not(base), other)),
}


def settle(session: Session, world: World) -> Living:
    """The world with its workspace and without the segments that it comes with."""
    build(session, world)
    session.execute(delete(SegmentMember))
    session.execute(delete(Segment))
    zone_name = world.zone.key
    session.add(
        Workspace(id=1, name="Test", dataset="own", zone_name=zone_name, currency="CNY", clock_offset_seconds=None)
    )
    session.flush()
    return Living(session, world)


def save(session: Session, living: Living, name: str, definition: Definition) -> Segment | None:
    """A saved segment; None where its names do not exist."""
    try:
        require_known_names(session, definition)
    except InvalidRequest:
        return None
    moments = dict.fromkeys(("created_at", "updated_at", "evaluated_at"), LONG_AGO)
    segment = Segment(
        name=name,
        description="",
        owner_id=ME,
        version=1,
        definition=definition.to_json(),
        evaluated_on=TODAY,
        duration_ms=0,
        count=0,
        seen_change_id=0,
        **moments,
    )
    session.add(segment)
    session.flush()
    refresh_one(session, segment, living.now, catalog=CATALOG, is_first=True)
    return segment


def build_on(base: str, definition: Definition, how: str) -> Definition:
    leaf = Condition(Term(CATALOG.field("segment")), Op.IN, (base,))
    return replace(definition, root=combinations[how](leaf, definition.root))


def assert_true_to_definitions(session: Session, living: Living, segments: list[Segment]) -> None:
    scope = replace(scope_for_all(session, living.now, CATALOG), has_facts=False)
    for segment in segments:
        stored = select(SegmentMember.member_id).where(SegmentMember.segment_id == segment.id)
        definition = parse_definition(segment.definition, CATALOG)
        asked = sorted(session.scalars(select_member_ids(definition, scope)))
        assert sorted(session.scalars(stored)) == asked, (segment.definition, living.day)
        assert segment.count == len(asked), segment.definition
        assert segment.evaluated_on == local_day(living.now, living.zone)


@pytest.mark.deep
@settings(max_examples=examples(30, share=0.1), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    world=worlds,
    asked=saved_definitions,
    how=st.sampled_from(sorted(combinations)),
    happened=st.lists(steps, min_size=1, max_size=12),
)
def test_upkeep_leaves_the_members_that_the_definition_has(
    both_databases: Mapping[str, Sessions], world: World, asked: list[Definition], how: str, happened: list[Step]
) -> None:
    for kind, sessions in both_databases.items():
        note(kind)
        with sessions() as session:
            living = settle(session, world)
            segments = [save(session, living, f"Segment {n}", definition) for n, definition in enumerate(asked)]
            if segments[0] is not None:
                segments.append(save(session, living, "Above", build_on("Segment 0", asked[-1], how)))
            known = [segment for segment in segments if segment is not None]
            for step in happened:
                living.live(step)
            maintain(session, living.now, catalog=CATALOG)
            assert_true_to_definitions(session, living, known)
            session.rollback()


@pytest.mark.deep
@settings(max_examples=examples(30, share=0.1), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    random=st.randoms(use_true_random=False),
    asked=st.lists(st.builds(Definition, moving_conditions), min_size=8, max_size=8),
    days=st.lists(passing_days, min_size=3, max_size=5),
)
def test_days_alone_move_members_on_the_right_day(
    both_databases: Mapping[str, Sessions], random: Random, asked: list[Definition], days: list[Step]
) -> None:
    world = random_world(random, 12)
    for kind, sessions in both_databases.items():
        note(kind)
        with sessions() as session:
            living = settle(session, world)
            found = [save(session, living, f"Segment {n}", definition) for n, definition in enumerate(asked)]
            for step in days:
                living.live(step)
                assert_true_to_definitions(session, living, [segment for segment in found if segment is not None])
            session.rollback()
