"""Writes a world into a database, one statement a table, with the same ids on every database."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

from hypothesis import strategies as st
from sqlalchemy import insert
from sqlalchemy.orm import Session

from crm.access.models import Account, Role
from crm.activity.facts import facts_stand_for, rebuild_facts
from crm.activity.models import ActivityEvent, EventKind, MemberActivity, Order, OrderLine, Product
from crm.campaigns.models import Campaign
from crm.catalog import CATALOG
from crm.channels import SENDABLE_CHANNELS
from crm.clock import local_day
from crm.lifecycle.models import MemberScore
from crm.loyalty.models import Coupon, CouponRedemption, OfferKind, PointsAccount
from crm.members.models import Consent, ContactPoint, Member, MemberTag, Suppression
from crm.outreach.models import (
    Arm,
    Enrolment,
    Journey,
    JourneyKind,
    JourneyState,
    Message,
    MessageEvent,
    MessageEventKind,
    MessageState,
)
from crm.segments.models import Segment, SegmentMember
from crm.segments.scope import SegmentScope
from tests.crm.segments.drawing import (
    CAMPAIGNS,
    CATEGORIES,
    SEGMENTS,
    TODAY,
    Happening,
    Person,
    World,
    random_world,
)

LONG_AGO = datetime(2024, 1, 1, tzinfo=UTC)
FIRST_ID = 10_001
"""Above what a sequence of PostgreSQL gives to rows that a test adds to a world."""
ME = FIRST_ID
"""The account that asks."""

worlds = st.builds(random_world, st.randoms(use_true_random=False), st.integers(0, 5))


def build(session: Session, world: World, until: date | None = None) -> SegmentScope:
    """Write the world into an empty database: all of it, or what had happened by the end of a local day."""
    writer = _Writer(world, until)
    for member_id, person in enumerate(world.people, start=FIRST_ID):
        writer.add(member_id, person)
    for model, rows in writer.rows.items():
        if rows:
            session.execute(insert(model), rows)
    return scope_of(world, until or TODAY)


def build_settled(session: Session, world: World) -> SegmentScope:
    """Write what had happened by the end of today, with the facts of members added up."""
    build(session, world, until=TODAY)
    rebuild_facts(session, TODAY, world.zone)
    return replace(scope_of(world, TODAY), has_facts=facts_stand_for(session, TODAY, world.zone))


def scope_of(world: World, day: date) -> SegmentScope:
    return SegmentScope(CATALOG, day, world.zone, row_owner_id=None if world.sees_all else ME, me_id=ME)


class _Writer:
    """Collects the rows of one world, tables in the order in which they refer to each other."""

    def __init__(self, world: World, until: date | None) -> None:
        self.zone = world.zone
        self.until = until
        self.ids = count(FIRST_ID)
        self.rows: dict[Any, list[dict[str, Any]]] = {
            Account: [
                {"id": ME, "username": "kevin", "display_name": "Kevin Zhao", "role": Role.CSM, "password_hash": ""},
                {"id": ME + 1, "username": "helen", "display_name": "Helen Sun", "role": Role.CSM, "password_hash": ""},
            ],
            Product: [
                {"id": FIRST_ID + index, "external_ref": name, "name": name, "category": name}
                for index, name in enumerate(CATEGORIES)
            ],
            Coupon: [
                {"id": FIRST_ID, "code": "C", "name": "C", "kind": OfferKind.GIFT, "unit_cost_cents": 0}
                | {"stock_total": 9}
            ],
            Journey: [
                {"id": FIRST_ID + index, "name": name, "spec": {}, "state": JourneyState.ENDED, "created_at": LONG_AGO}
                | {"kind": JourneyKind.CAMPAIGN, "author_id": ME}
                for index, name in enumerate(CAMPAIGNS)
            ],
            Campaign: [{"brief": {}, "journey_id": FIRST_ID + index} for index in range(len(CAMPAIGNS))],
            Segment: [
                {"id": FIRST_ID + index, "name": name, "description": "", "owner_id": ME}
                | {"version": 1, "definition": {}, "duration_ms": 0, "count": 0, "seen_change_id": 0}
                | {"created_at": LONG_AGO, "updated_at": LONG_AGO, "evaluated_at": LONG_AGO, "evaluated_on": TODAY}
                for index, name in enumerate(SEGMENTS)
            ],
        }

    def add(self, member_id: int, person: Person) -> None:
        joined_at = person.joined.moment(self.zone)
        if self._is_later(joined_at):
            return
        born = person.profile["birthday_on"]
        self._put(
            Member,
            **person.profile,
            id=member_id,
            birth_month_day=born.month * 100 + born.day if born else None,
            external_ref=f"M{member_id}",
            joined_at=joined_at,
            owner_id=None if person.owner is None else ME + person.owner,
        )
        self._add_profile(member_id, person)
        self._add_orders(member_id, person)
        self._add_messages(member_id, person)

    def _put(self, model: Any, **row: Any) -> dict[str, Any]:
        self.rows.setdefault(model, []).append(row)
        return row

    def _is_later(self, moment: datetime) -> bool:
        return self.until is not None and local_day(moment, self.zone) > self.until

    def _add_profile(self, member_id: int, person: Person) -> None:
        for tag in person.tags:
            self._put(MemberTag, member_id=member_id, tag=tag)
        for channel, granted in person.consents.items():
            of_channel = {"member_id": member_id, "channel": channel}
            self._put(Consent, **of_channel, granted=granted, changed_at=LONG_AGO, source="test")
            self._put(ContactPoint, **of_channel, address="a", normalised="a" if member_id % 3 else "")
        if person.is_blacklisted:
            self._put(Suppression, member_id=member_id, reason="test", created_at=LONG_AGO)
        if person.activity is not None:
            score, weeks = person.activity
            self._put(MemberActivity, member_id=member_id, as_of_on=TODAY, score=score, declining_weeks=weeks)
        if person.points is not None:
            self._put(PointsAccount, member_id=member_id, balance=person.points)
        if person.scores is not None:
            self._put(MemberScore, member_id=member_id, **person.scores)
        for index in person.segments:
            self._put(SegmentMember, segment_id=FIRST_ID + index, member_id=member_id, since=LONG_AGO)

    def _add_orders(self, member_id: int, person: Person) -> None:
        for happening, bought in person.orders:
            moment, amount = happening.moment(self.zone), sum(cents for _, cents in bought)
            if self._is_later(moment):
                continue
            of_order = {"member_id": member_id, "ordered_at": moment}
            order = self._put(Order, **of_order, id=next(self.ids), amount_cents=amount, source="test")
            for category, cents in bought:
                product_id = FIRST_ID + CATEGORIES.index(category)
                of_line = {"order_id": order["id"], "product_id": product_id, "category": category}
                self._put(OrderLine, **of_order, **of_line, quantity=1, amount_cents=cents, discount_cents=0)
        for happening in person.events:
            moment, kind = happening.moment(self.zone), list(EventKind)[happening.pick % len(EventKind)]
            if not self._is_later(moment):
                self._put(ActivityEvent, id=next(self.ids), member_id=member_id, kind=kind, occurred_at=moment)
        for happening in person.redemptions:
            moment, place = happening.moment(self.zone), happening.pick % (len(CAMPAIGNS) + 1)
            if not self._is_later(moment):
                of_coupon = {"coupon_id": FIRST_ID, "journey_id": FIRST_ID + place - 1 if place else None}
                of_coupon |= {"id": next(self.ids), "redeemed_at": moment}
                self._put(CouponRedemption, **of_coupon, member_id=member_id, discount_cents=0)

    def _add_messages(self, member_id: int, person: Person) -> None:
        enrolments = {}
        for index, happening in self._enrolled(person).items():
            moment = happening.moment(self.zone)
            if self._is_later(moment):
                continue
            enrolments[index] = self._put(
                Enrolment,
                id=next(self.ids),
                journey_id=FIRST_ID + index,
                member_id=member_id,
                occurrence="launch",
                arm=Arm.HOLDOUT if index == 1 else Arm.TREATMENT,
                enrolled_at=moment,
            )
        for step, (happening, events) in enumerate(person.messages):
            sent_at = happening.moment(self.zone)
            delivered_at = sent_at + timedelta(hours=1) if happening.pick % 2 else None
            if self._is_later(delivered_at or sent_at):
                continue
            message = self._put(
                Message,
                id=next(self.ids),
                enrolment_id=enrolments[_spec_from_brief(happening)]["id"],
                journey_id=FIRST_ID + _spec_from_brief(happening),
                member_id=member_id,
                step_key=str(step),
                channel=SENDABLE_CHANNELS[happening.pick % 3],
                due_at=sent_at,
                state=MessageState.FAILED if happening.pick == 11 else MessageState.DELIVERED,
                sent_at=sent_at,
                delivered_at=delivered_at,
            )
            self._add_events(message, events)

    def _add_events(self, message: dict[str, Any], events: list[Happening]) -> None:
        received_at = message["delivered_at"] or message["sent_at"]
        for event in events:
            moment = max(event.moment(self.zone), received_at)
            if not self._is_later(moment):
                self._put(
                    MessageEvent,
                    message_id=message["id"],
                    member_id=message["member_id"],
                    kind=list(MessageEventKind)[event.pick % 2],
                    occurred_at=moment,
                    by_machine=event.pick > 8,
                )

    def _enrolled(self, person: Person) -> dict[int, Happening]:
        """When the person entered each campaign: on the day of its first message at the latest."""
        found = dict(person.campaigns)
        for happening, _ in person.messages:
            journey = _spec_from_brief(happening)
            if journey not in found or found[journey].moment(self.zone) > happening.moment(self.zone):
                found[journey] = happening
        return found


def _spec_from_brief(message: Happening) -> int:
    return message.pick % len(CAMPAIGNS)
