"""The fields `reachable.*` and the gate agree: on every kind of address, when it is planned and when upkeep looks."""

from collections.abc import Callable
from datetime import datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.access.actor import Actor
from crm.access.models import Role
from crm.access.service import actor_for
from crm.catalog import CATALOG
from crm.channels import SENDABLE_CHANNELS, Channel
from crm.fields import Op
from crm.members.contact_views import contacts_of
from crm.members.contacts import read_anew, set_contact
from crm.members.models import Consent, ContactPoint, Member
from crm.members.suppression import HARD_BOUNCE, lift_address, suppress_address, suppress_where_reached
from crm.outreach.models import ExclusionReason
from crm.segments.compile import select_member_ids
from crm.segments.definition import Condition, Definition, Not, Term
from crm.segments.evaluation import scope_for_all
from crm.segments.maintenance import maintain
from crm.segments.models import SegmentMember
from crm.segments.plan import Shape
from crm.segments.records import member_records
from crm.segments.saved import save_segment
from crm.segments.scope import SegmentScope
from tests.builders import make_account, make_member
from tests.journeys import journey_spec, launch, send_step, states

SMS, EMAIL, PUSH = Channel.SMS, Channel.EMAIL, Channel.PUSH
ADDRESSES = [
    (SMS, "13800000001", True),
    (SMS, "+86 138 0000 0002", True),
    (SMS, "13800000003.0", True),
    (SMS, "call me", False),
    (SMS, "打电话给我", False),
    (SMS, "010-62345678", False),
    (SMS, "1.38E+10", False),
    (SMS, "13800000004 / 13900000004", False),
    (SMS, "0", False),
    (SMS, "   ", False),
    (EMAIL, "Ann <ann@example.com>", True),
    (EMAIL, "李雷@例子.中国", True),
    (EMAIL, "n/a", False),
    (EMAIL, "ann@", False),
    (EMAIL, "ann@example.com, lee@example.com", False),
    (PUSH, "token-1", True),
    (PUSH, "", False),
]
GIVEN_UP = [(SMS, "13800000021"), (EMAIL, "gone@example.com"), (PUSH, "token-21")]


@pytest.fixture
def admin(session: Session) -> Actor:
    return actor_for(make_account(session, role=Role.ADMIN))


def having(session: Session, channel: Channel, address: str, admin: Actor, now: datetime) -> Member:
    member = make_member(session, reachable_on=())
    set_contact(session, member.id, channel, address, actor=admin, now=now)
    return member


def reachable(session: Session, channel: Channel, now: datetime) -> set[int]:
    """Those of whom the field holds: in SQL of each shape, in its negation, and in their records."""
    scope: SegmentScope = scope_for_all(session, now, CATALOG)
    condition = Condition(Term(CATALOG.field(f"reachable.{channel}")), Op.EQ, True)
    everyone = set(session.scalars(select(Member.id)))
    records = {record["id"] for record in member_records(session, scope) if record[f"reachable.{channel}"]}
    for shape in Shape:
        found = set(session.scalars(select_member_ids(Definition(condition), scope, shape)))
        assert found == records
        assert found == everyone - set(session.scalars(select_member_ids(Definition(Not(condition)), scope, shape)))
    return records


def let_through(session: Session, channel: Channel, now: datetime) -> set[int]:
    """Those whose message a planned campaign lets pass."""
    journey = launch(session, journey_spec(send_step("main", channel.value), name=f"To all by {channel}"), now)
    found = states(session, journey)
    assert {reason for _, reason in found.values()} <= {
        None,
        ExclusionReason.SUPPRESSED.value,
        ExclusionReason.UNREACHABLE.value,
    }
    return {member_id for (member_id, _, _), (_, reason) in found.items() if reason is None}


def test_whom_the_field_calls_reachable_is_whom_the_gate_lets_through(
    session: Session, admin: Actor, now: datetime
) -> None:
    made = [(having(session, channel, given, admin, now), channel, usable) for channel, given, usable in ADDRESSES]
    made += [(having(session, channel, given, admin, now), channel, False) for channel, given in GIVEN_UP]
    made += [(make_member(session, reachable_on=()), channel, False) for channel in SENDABLE_CHANNELS]
    for channel, given in GIVEN_UP:
        suppress_address(session, channel, given, reason=HARD_BOUNCE, now=now)
    for channel in SENDABLE_CHANNELS:
        expected = {member.id for member, on, usable in made if usable and on is channel}
        assert reachable(session, channel, now) == expected
        assert let_through(session, channel, now) == expected
    for member, channel, usable in made:
        views = {view.channel: view.is_reachable for view in contacts_of(session, member.id, actor=admin)}
        assert views.get(channel, False) is usable


def test_an_address_given_up_on_one_channel_is_none_the_less_reachable_on_another(
    session: Session, admin: Actor, now: datetime
) -> None:
    member = having(session, SMS, "13800000031", admin, now)
    set_contact(session, member.id, EMAIL, "ann31@example.com", actor=admin, now=now)
    suppress_address(session, SMS, "+86 13800000031", reason=HARD_BOUNCE, now=now)
    assert [reachable(session, channel, now) for channel in (SMS, EMAIL)] == [set(), {member.id}]


def test_whether_they_agreed_has_a_field_of_its_own(session: Session, admin: Actor, now: datetime) -> None:
    member = having(session, SMS, "13800000041", admin, now)
    session.get_one(Consent, (member.id, SMS)).granted = False
    session.flush()
    assert reachable(session, SMS, now) == {member.id}


def give_up(session: Session, member: Member, admin: Actor, now: datetime) -> None:
    suppress_address(session, SMS, "13800000051", reason="asked", now=now, actor=admin)


def bounce(session: Session, member: Member, admin: Actor, now: datetime) -> None:
    here = select(Member.id, Consent.channel).join(Consent).where(Member.id == member.id, Consent.channel == SMS)
    suppress_where_reached(session, here, reason=HARD_BOUNCE, now=now)


def lose(session: Session, member: Member, admin: Actor, now: datetime) -> None:
    set_contact(session, member.id, SMS, "call me", actor=admin, now=now)


@pytest.mark.parametrize(("happens", "leave"), [(give_up, 2), (bounce, 2), (lose, 1)])
def test_saved_segments_look_again_when_an_address_is_given_up_or_cannot_be_read(
    session: Session, admin: Actor, now: datetime, happens: Callable[..., None], leave: int
) -> None:
    members = [having(session, SMS, "13800000051", admin, now) for _ in range(2)]
    definition = {"field": "reachable.sms", "op": "=", "value": True}
    segment = save_segment(session, name="By SMS", definition=definition, actor=admin, now=now, catalog=CATALOG)
    maintain(session, now, catalog=CATALOG)
    happens(session, members[0], admin, now)
    maintain(session, now, catalog=CATALOG)
    stored = select(SegmentMember.member_id).where(SegmentMember.segment_id == segment.id)
    left = {member.id for member in members[leave:]}
    assert set(session.scalars(stored)) == reachable(session, SMS, now) == left
    if happens is lose:
        return
    lift_address(session, SMS, "13800000051", actor=admin, now=now)
    maintain(session, now, catalog=CATALOG)
    assert set(session.scalars(stored)) == {each.id for each in members}


def test_reading_addresses_anew_is_noted(session: Session, admin: Actor, now: datetime) -> None:
    member = having(session, SMS, "13800000061", admin, now)
    definition = {"field": "reachable.sms", "op": "=", "value": True}
    segment = save_segment(session, name="By SMS", definition=definition, actor=admin, now=now, catalog=CATALOG)
    maintain(session, now, catalog=CATALOG)
    point = session.scalars(select(ContactPoint).where(ContactPoint.member_id == member.id)).one()
    point.address = "call me"  # as if the rules of reading had changed since
    session.flush()
    read_anew(session)
    maintain(session, now, catalog=CATALOG)
    assert not session.scalars(select(SegmentMember.member_id).where(SegmentMember.segment_id == segment.id)).all()
