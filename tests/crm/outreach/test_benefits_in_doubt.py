"""A coupon whose message may have arrived is nobody else's: it stays set aside until somebody knows."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from crm.channels import Channel
from crm.database import Sessions, read_only, unit_of_work
from crm.loyalty.models import Coupon
from crm.loyalty.service import stock_for
from crm.outreach import ledger
from crm.outreach.dispatch import dispatch_due
from crm.outreach.models import Journey, Message, MessageState
from crm.outreach.receipts import record_receipt
from crm.outreach.rules import LEASE
from crm.outreach.spec import Benefits
from tests.builders import make_member
from tests.journeys import journey_spec, launch, make_coupon
from tests.opting_out import opt_out_on_channel
from tests.providers import FakeProvider, Killed

IN_DOUBT, HANDED_OVER, BACK = (1, 0), (0, 1), (0, 0)
"""What is reserved and issued of the coupon."""


def promise(sessions: Sessions, now: datetime) -> None:
    """The last coupon, set aside for one member and one message."""
    with unit_of_work(sessions) as session:
        make_coupon(session, stock_total=1)
        make_member(session)
        launch(session, journey_spec(benefits=Benefits(coupon_codes=("C50",))), now)


def send(sessions: Sessions, now: datetime, word: str, *, honours_keys: bool = False) -> None:
    provider = FakeProvider(honours_idempotency_key=honours_keys, script=[word])
    with suppress(Killed):
        dispatch_due(sessions, provider.on_all_channels(), now=now, worker="test")


def only_message(sessions: Sessions) -> Message:
    with read_only(sessions) as session:
        return session.scalars(select(Message)).one()


def stock(sessions: Sessions) -> tuple[int, int]:
    with read_only(sessions) as session:
        coupon = session.scalars(select(Coupon)).one()
        return coupon.reserved, coupon.issued


def silence(sessions: Sessions, now: datetime) -> None:
    send(sessions, now, "silent")


def lost_worker(sessions: Sessions, now: datetime) -> None:
    send(sessions, now, "kill")
    send(sessions, now + LEASE, "deliver")


def opt_out_after_silence(sessions: Sessions, now: datetime) -> None:
    send(sessions, now, "silent", honours_keys=True)
    with unit_of_work(sessions) as session:
        opt_out_on_channel(session, only_message(sessions).member_id, Channel.EMAIL, now)
    send(sessions, now + LEASE, "deliver", honours_keys=True)


def end_without_a_receipt(sessions: Sessions, now: datetime) -> None:
    send(sessions, now, "accept")
    with unit_of_work(sessions) as session:
        ledger.end(session, session.scalars(select(Journey.id)).one(), now=now + timedelta(days=3))


def cancelled_after_silence(sessions: Sessions, now: datetime) -> None:
    send(sessions, now, "silent")
    with unit_of_work(sessions) as session:
        ledger.cancel(session, session.scalars(select(Journey.id)).one(), now=now)


Doubt = Callable[[Sessions, datetime], None]
DOUBTS: tuple[Doubt, ...] = (
    silence,
    lost_worker,
    opt_out_after_silence,
    end_without_a_receipt,
    cancelled_after_silence,
)


@pytest.mark.parametrize("doubt", DOUBTS)
def test_a_coupon_of_an_unknown_message_stays_set_aside(sessions: Sessions, now: datetime, doubt: Doubt) -> None:
    promise(sessions, now)
    doubt(sessions, now)
    assert only_message(sessions).state is MessageState.UNKNOWN
    assert stock(sessions) == IN_DOUBT


@pytest.mark.parametrize(("is_delivered", "then"), [(True, HANDED_OVER), (False, BACK)])
@pytest.mark.parametrize("doubt", [silence, lost_worker])
def test_a_receipt_that_comes_late_settles_it(
    sessions: Sessions, now: datetime, doubt: Doubt, is_delivered: bool, then: tuple[int, int]
) -> None:
    promise(sessions, now)
    doubt(sessions, now)
    with unit_of_work(sessions) as session:
        record_receipt(session, only_message(sessions).id, is_delivered=is_delivered, at=now + LEASE)
    assert stock(sessions) == then


def test_what_is_in_doubt_cannot_be_promised_to_somebody_else(sessions: Sessions, now: datetime) -> None:
    promise(sessions, now)
    silence(sessions, now)
    with read_only(sessions) as session:
        (left,) = stock_for(session, ["C50"], on=now.date())
    assert left.available == 0


@pytest.mark.parametrize(("days_left", "goes"), [(0, True), (-1, False), (-30, False), (1, True), (None, True)])
def test_a_coupon_that_ended_while_its_message_waited_is_promised_to_nobody(
    sessions: Sessions, now: datetime, days_left: int | None, goes: bool
) -> None:
    promise(sessions, now)
    with unit_of_work(sessions) as session:
        last_day = None if days_left is None else now.date() + timedelta(days=days_left)
        session.scalars(select(Coupon)).one().valid_until = last_day
    send(sessions, now, "deliver")
    message = only_message(sessions)
    assert (message.state, message.reason) == (
        (MessageState.DELIVERED, None) if goes else (MessageState.EXCLUDED, "no_stock")
    )
    assert stock(sessions) == (HANDED_OVER if goes else BACK)
