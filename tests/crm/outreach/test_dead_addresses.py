"""Addresses that refuse what is sent to them: which are given up, when, and how people see it."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.access.actor import Actor, Role
from crm.channels import Channel
from crm.database import Sessions, unit_of_work
from crm.members.contact_views import ContactView, contacts_of
from crm.members.models import AddressSuppression, ContactPoint
from crm.members.suppression import HARD_BOUNCE, lift_address
from crm.outreach.channels.status_board import channel_board
from crm.outreach.dispatch import dispatch_due
from crm.outreach.models import Message, MessageState
from crm.outreach.receipts import take_complaint, take_receipt
from crm.outreach.rendering import idempotency_key
from tests.builders import make_account, make_member
from tests.journeys import journey_spec, launch
from tests.providers import FakeProvider

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def member_id(sessions: Sessions) -> int:
    with unit_of_work(sessions) as session:
        return make_member(session).id


@pytest.fixture
def admin(sessions: Sessions) -> Actor:
    with unit_of_work(sessions) as session:
        account = make_account(session, role=Role.ADMIN)
        return Actor(account.id, account.username, account.display_name, Role.ADMIN)


def write(sessions: Sessions, word: str, at: datetime) -> Message:
    """Send one message on its own, and have the provider answer with a word."""
    with unit_of_work(sessions) as session:
        journey = launch(session, journey_spec(name=f"{word} {at}", experiment=f"{word} {at}"), at)
    dispatch_due(sessions, FakeProvider(script=[word]).on_all_channels(), now=at, worker="test")
    with unit_of_work(sessions) as session:
        return session.scalars(select(Message).where(Message.journey_id == journey.id)).one()


def is_given_up(sessions: Sessions) -> bool:
    with unit_of_work(sessions) as session:
        listed = session.scalars(select(AddressSuppression)).all()
        assert {each.reason for each in listed} <= {HARD_BOUNCE}
        return bool(listed)


def seen(sessions: Sessions, member_id: int, admin: Actor) -> ContactView:
    with unit_of_work(sessions) as session:
        views = contacts_of(session, member_id, actor=admin)
    return next(view for view in views if view.channel is Channel.EMAIL)


@pytest.mark.parametrize(
    ("answers", "gives_up"),
    [
        ([("reject", 0 * HOUR)], False),
        ([("reject", 0 * HOUR), ("reject", DAY)], True),
        ([("reject", 0 * HOUR), ("reject", 23 * HOUR)], False),
        ([("reject", 0 * HOUR), ("reject", 23 * HOUR), ("reject", 25 * HOUR)], True),
        ([("reject", 0 * HOUR), ("deliver", 9 * HOUR), ("reject", 30 * HOUR)], False),
        ([("reject", 0 * HOUR), ("deliver", HOUR), ("reject", DAY), ("reject", 2 * DAY)], True),
        ([("reject", 0 * HOUR), ("accept", HOUR), ("reject", DAY)], True),
        ([("bounce", 0 * HOUR)], True),
        ([("reject", 0 * HOUR), ("bounce", HOUR)], True),
        ([("refuse", 0 * HOUR), ("refuse", DAY), ("refuse", 2 * DAY)], False),
        ([("later", 0 * HOUR), ("later", DAY), ("later", 2 * DAY)], False),
        ([("refuse", 0 * HOUR), ("reject", DAY)], False),
    ],
)
def test_when_an_address_is_given_up(
    sessions: Sessions, now: datetime, member_id: int, answers: list[tuple[str, timedelta]], gives_up: bool
) -> None:
    for word, after in answers:
        write(sessions, word, now + after)
    assert is_given_up(sessions) is gives_up
    last = write(sessions, "deliver", now + 12 * DAY)
    assert last.state is (MessageState.EXCLUDED if gives_up else MessageState.DELIVERED)


def test_the_count_and_the_words_are_seen_and_something_that_arrives_clears_them(
    sessions: Sessions, now: datetime, member_id: int, admin: Actor
) -> None:
    write(sessions, "reject", now)
    one = seen(sessions, member_id, admin)
    assert (one.is_reachable, one.refusals, one.refused_at) == (True, 1, now)
    assert one.refused_because == "550 <address> mailbox unavailable"
    write(sessions, "deliver", now + HOUR)
    assert seen(sessions, member_id, admin).refusals == 0
    write(sessions, "reject", now + DAY)
    write(sessions, "reject", now + 2 * DAY)
    two = seen(sessions, member_id, admin)
    assert (two.is_reachable, two.refusals, two.suppressed_because) == (False, 2, HARD_BOUNCE)
    with unit_of_work(sessions) as session:
        lift_address(session, Channel.EMAIL, address_of(session, member_id), actor=admin, now=now + 3 * DAY)
    lifted = seen(sessions, member_id, admin)
    assert (lifted.is_reachable, lifted.refusals, lifted.refused_because) == (True, 0, None)


def test_each_channel_says_how_many_addresses_it_gave_up(
    sessions: Sessions, now: datetime, member_id: int, admin: Actor
) -> None:
    def board() -> tuple[int, int, int]:
        with unit_of_work(sessions) as session:
            mail, *others = channel_board(session, now + 9 * DAY)
        assert mail.channel == Channel.EMAIL
        assert all((other.given_up, other.complained, other.doubted) == (0, 0, 0) for other in others)
        return mail.given_up, mail.complained, mail.doubted

    assert board() == (0, 0, 0)
    write(sessions, "reject", now)
    assert board() == (0, 0, 1)
    write(sessions, "reject", now + DAY)
    assert board() == (1, 0, 0)
    with unit_of_work(sessions) as session:
        make_member(session)
        launch(session, journey_spec(name="second", experiment="second"), now + 2 * DAY)
    dispatch_due(sessions, FakeProvider().on_all_channels(), now=now + 2 * DAY, worker="test")
    with unit_of_work(sessions) as session:
        for message_id in session.scalars(select(Message.id).where(Message.state == MessageState.DELIVERED)).all():
            take_complaint(session, idempotency_key(message_id), channels=[Channel.EMAIL], at=now + 3 * DAY)
    assert board() == (1, 1, 0)


def address_of(session: Session, member_id: int) -> str:
    of_mail = (ContactPoint.member_id == member_id, ContactPoint.channel == Channel.EMAIL)
    return session.scalars(select(ContactPoint.address).where(*of_mail)).one()


@pytest.mark.parametrize(
    ("receipts", "gives_up"),
    [
        ([(False, "550 No such user here", False)], True),
        ([(False, "用户不存在", False)], True),
        ([(False, None, True)], True),
        ([(False, "the number is gone", True)], True),
        ([(False, "552 5.2.2 mailbox full", True)], False),
        ([(False, "550 5.7.1 rejected as spam", True)], False),
        ([(False, "450 4.2.1 try again later", True)], False),
        ([(False, "mailbox unavailable", False)], False),
        ([(False, "mailbox unavailable", False), (False, "mailbox unavailable", False)], True),
        ([(False, "mailbox unavailable", False), (True, None, False), (False, "mailbox unavailable", False)], False),
        ([(False, "expired", False), (False, None, False)], False),
    ],
)
def test_receipts_obey_the_same_rule(
    sessions: Sessions,
    now: datetime,
    member_id: int,
    receipts: list[tuple[bool, str | None, bool]],
    gives_up: bool,
) -> None:
    for day, (is_delivered, reason, is_permanent) in enumerate(receipts):
        at = now + day * DAY
        message = write(sessions, "accept", at)
        for _ in range(2):  # gateways repeat themselves
            with unit_of_work(sessions) as session:
                take_receipt(
                    session,
                    f"nurture-message-{message.id}",
                    is_delivered=is_delivered,
                    reason=reason,
                    channels=[Channel.EMAIL],
                    at=at + HOUR,
                    is_permanent=is_permanent,
                )
    assert is_given_up(sessions) is gives_up


def test_records_that_share_an_address_share_its_count(sessions: Sessions, now: datetime, admin: Actor) -> None:
    with unit_of_work(sessions) as session:
        first, second = make_member(session), make_member(session)
        address = address_of(session, first.id)
        theirs = (ContactPoint.member_id == second.id, ContactPoint.channel == Channel.EMAIL)
        point = session.scalars(select(ContactPoint).where(*theirs)).one()
        point.address = point.normalised = address
        ids = first.id, second.id
    with unit_of_work(sessions) as session:
        launch(session, journey_spec(), now)
    dispatch_due(sessions, FakeProvider(script=["reject", "reject"]).on_all_channels(), now=now, worker="test")
    assert [seen(sessions, member_id, admin).refusals for member_id in ids] == [1, 1]
