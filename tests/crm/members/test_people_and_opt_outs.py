"""A person with several records: who is covered by a blacklist entry, a dead address or an opt-out."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from crm.access.actor import Actor
from crm.access.models import Role
from crm.access.policy import set_policy
from crm.channels import Channel
from crm.database import Sessions, read_only, unit_of_work
from crm.errors import Forbidden, InvalidRequest, NotFound
from crm.members.contacts import read_anew, set_contact, unreadable_addresses, withdraw_consent
from crm.members.models import Consent, ContactPoint, Member
from crm.members.suppression import lift_address, lift_member, suppress_address, suppress_member
from crm.outreach.gate import standing_checks
from crm.outreach.models import LEDGER, Message, MessageState
from tests.builders import make_account, make_member
from tests.journeys import journey_spec, launch, send_step, states

PLANNED = (MessageState.PLANNED, None)
SUPPRESSED = (MessageState.EXCLUDED, "suppressed")
NO_CONSENT = (MessageState.EXCLUDED, "no_consent")


@pytest.fixture
def mia(session: Session) -> Actor:
    return as_actor(session, Role.OPERATIONS)


def as_actor(session: Session, role: Role) -> Actor:
    account = make_account(session, role=role)
    return Actor(account.id, account.username, account.display_name, role)


def set_address(session: Session, member: Member, channel: Channel, address: str, actor: Actor, now: datetime) -> None:
    set_contact(session, member.id, channel, address, actor=actor, now=now)


def outcome(session: Session, member: Member, now: datetime, channel: str = "email") -> tuple[MessageState, str | None]:
    """What a journey to this member alone would make of its message."""
    journey = launch(session, journey_spec(send_step("main", channel), name=f"Only {member.id} {channel} {now}"), now)
    found = states(session, journey)[member.id, "main", channel]
    session.query(Message).filter_by(journey_id=journey.id).delete()
    return found


def test_a_suppressed_record_covers_every_record_of_its_person(session: Session, mia: Actor, now: datetime) -> None:
    old, new, other = (make_member(session) for _ in range(3))
    set_address(session, old, Channel.SMS, "138 1234 5678", mia, now)
    set_address(session, new, Channel.SMS, "+86 138-1234-5678", mia, now)
    assert suppress_member(session, old.id, reason="asked us to stop", now=now)
    assert [outcome(session, member, now) for member in (old, new, other)] == [SUPPRESSED, SUPPRESSED, PLANNED]
    assert lift_member(session, old.id, actor=mia, now=now)
    assert outcome(session, old, now) == PLANNED


def test_the_first_reason_on_the_blacklist_stays(session: Session, mia: Actor, now: datetime) -> None:
    member = make_member(session)
    assert suppress_member(session, member.id, reason="asked", now=now)
    assert not suppress_member(session, member.id, reason="again", now=now)
    assert lift_member(session, member.id, actor=mia, now=now)
    assert not lift_member(session, member.id, actor=mia, now=now)
    with pytest.raises(NotFound):
        suppress_member(session, 10**6, reason="nobody", now=now)


def test_a_suppressed_address_covers_whoever_has_it_on_its_channel_alone(
    session: Session, mia: Actor, now: datetime
) -> None:
    one, two = make_member(session), make_member(session)
    set_address(session, one, Channel.EMAIL, "Home@example.com", mia, now)
    set_address(session, two, Channel.EMAIL, "home+two@example.com", mia, now)
    assert suppress_address(session, Channel.EMAIL, "HOME+spring@example.com", reason="hard bounce", now=now)
    assert not suppress_address(session, Channel.EMAIL, "home@example.com", reason="again", now=now)
    assert outcome(session, one, now) == outcome(session, two, now) == SUPPRESSED
    assert outcome(session, one, now, "push") == PLANNED
    set_address(session, one, Channel.EMAIL, "work@example.com", mia, now)
    assert outcome(session, one, now) == PLANNED
    assert lift_address(session, Channel.EMAIL, "home@example.com", actor=mia, now=now)
    assert not lift_address(session, Channel.EMAIL, "home@example.com", actor=mia, now=now)
    with pytest.raises(InvalidRequest, match="cannot be read"):
        suppress_address(session, Channel.EMAIL, "home", reason="typed wrongly", now=now)


def test_an_opt_out_by_link_holds_for_every_record_at_the_address_on_that_channel(
    session: Session, mia: Actor, now: datetime
) -> None:
    one, two, other = (make_member(session) for _ in range(3))
    for member in (one, two):
        set_address(session, member, Channel.EMAIL, "home@example.com", mia, now)
    assert withdraw_consent(session, one.id, Channel.EMAIL, now)
    assert not withdraw_consent(session, one.id, Channel.EMAIL, now)
    assert outcome(session, two, now) == NO_CONSENT
    assert outcome(session, other, now) == PLANNED
    assert session.get_one(Consent, (two.id, Channel.SMS)).granted


def test_a_record_that_comes_to_the_address_later_has_opted_out_too_unless_it_agreed_since(
    session: Session, mia: Actor, now: datetime
) -> None:
    gone, stale, fresh = (make_member(session) for _ in range(3))
    set_address(session, gone, Channel.EMAIL, "home@example.com", mia, now)
    withdraw_consent(session, gone.id, Channel.EMAIL, now)
    session.get_one(Consent, (fresh.id, Channel.EMAIL)).changed_at = now + timedelta(hours=1)
    for member in (stale, fresh):
        set_address(session, member, Channel.EMAIL, "home@example.com", mia, now + timedelta(hours=2))
    assert not session.get_one(Consent, (stale.id, Channel.EMAIL)).granted
    assert session.get_one(Consent, (fresh.id, Channel.EMAIL)).granted


def test_an_address_that_cannot_be_read_is_kept_and_listed_with_its_reason(
    session: Session, mia: Actor, now: datetime
) -> None:
    csm = as_actor(session, Role.CSM)
    mine, others = make_member(session, owner_id=csm.account_id), make_member(session)
    for member in (mine, others):
        set_address(session, member, Channel.SMS, "call me maybe", mia, now)
    point = session.scalars(select(ContactPoint).where(ContactPoint.problem.is_not(None))).first()
    assert point is not None
    assert (point.address, point.normalised) == ("call me maybe", "")
    assert outcome(session, mine, now, "sms") == (MessageState.EXCLUDED, "unreachable")
    page = unreadable_addresses(session, actor=mia)
    assert (page.total, [item.member_id for item in page.items]) == (2, [mine.id, others.id])
    assert page.items[0].problem == "This is not a phone number."
    assert unreadable_addresses(session, actor=csm).total == 1


def test_only_those_who_may_change_how_members_are_reached_and_a_csm_only_his_own(
    session: Session, now: datetime
) -> None:
    member = make_member(session)
    with pytest.raises(Forbidden):
        set_address(session, member, Channel.SMS, "138 1234 5678", as_actor(session, Role.ANALYST), now)
    csm = as_actor(session, Role.CSM)
    with pytest.raises(NotFound):
        set_address(session, member, Channel.SMS, "138 1234 5678", csm, now)
    with pytest.raises(NotFound):
        suppress_member(session, member.id, reason="not mine", now=now, actor=csm)
    with pytest.raises(Forbidden, match="no addresses"):
        suppress_address(session, Channel.EMAIL, "a@example.com", reason="whose?", now=now, actor=csm)


def test_a_change_of_policy_takes_effect_set_by_set_and_carries_opt_outs(
    session: Session, mia: Actor, now: datetime
) -> None:
    set_policy(session, "identity_ignores_plus_tags", False)
    plain, tagged = make_member(session), make_member(session)
    set_address(session, plain, Channel.EMAIL, "ann@example.com", mia, now)
    set_address(session, tagged, Channel.EMAIL, "ann+news@example.com", mia, now)
    withdraw_consent(session, plain.id, Channel.EMAIL, now)
    assert session.get_one(Consent, (tagged.id, Channel.EMAIL)).granted
    set_policy(session, "identity_ignores_plus_tags", True)
    after, sets, changed = 0, 0, 0
    while True:
        done = read_anew(session, after_id=after, limit=2)
        sets, changed = sets + 1, changed + done.changed
        if done.last_id is None:
            break
        after = done.last_id
    assert sets > 2
    session.expire_all()
    assert not session.get_one(Consent, (tagged.id, Channel.EMAIL)).granted
    assert read_anew(session).changed == 0


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
@pytest.mark.parametrize("of_many", [False, True])
def test_the_blacklist_is_asked_by_its_indexes(open_database, kind: str, of_many: bool) -> None:
    """Neither all addresses nor all members are read: not row by row, and not for a whole draft."""
    row = LEDGER.alias("row")
    statement = select(row.c.id).where(standing_checks(row, of_many=of_many)[0].fails, row.c.id.in_([1, 2, 3]))
    with open_database(kind) as engine, engine.connect() as connection:
        if kind == "postgresql":
            connection.execute(text("SET enable_seqscan = off"))
        compiled = statement.compile(connection, compile_kwargs={"literal_binds": True})
        explain = "EXPLAIN" if kind == "postgresql" else "EXPLAIN QUERY PLAN"
        plan = [str(line[-1]) for line in connection.execute(text(f"{explain} {compiled}"))]
    assert not [line for line in plan if "SCAN contact_points" in line or "Seq Scan on contact_points" in line]


def test_both_ways_of_asking_the_blacklist_say_the_same(sessions: Sessions, now: datetime) -> None:
    with unit_of_work(sessions) as session:
        mia = as_actor(session, Role.OPERATIONS)
        members = [make_member(session) for _ in range(12)]
        for number, member in enumerate(members):
            set_address(session, member, Channel.EMAIL, f"box{number // 2}@example.com", mia, now)
            set_address(session, member, Channel.SMS, f"138 1234 56{number // 3:02}", mia, now)
        for member in members[::5]:
            suppress_member(session, member.id, reason="asked", now=now)
        suppress_address(session, Channel.EMAIL, "box4@example.com", reason="hard bounce", now=now)
        launch(session, journey_spec(send_step("main", "email", "sms")), now)
        session.query(Message).update({"state": MessageState.PLANNED, "reason": None})
    row = LEDGER.alias("row")
    with read_only(sessions) as session:
        one_by_one, at_once = (
            set(session.scalars(select(row.c.id).where(standing_checks(row, of_many=of_many)[0].fails)))
            for of_many in (False, True)
        )
    assert one_by_one == at_once
    assert 0 < len(at_once) < 24
