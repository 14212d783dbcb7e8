from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.channels import Channel
from crm.errors import Conflict, NotFound
from crm.members.models import Consent
from crm.outreach.engagement import record_event
from crm.outreach.models import Message, MessageEvent, MessageEventKind, MessageState
from crm.outreach.opt_out import opt_out
from crm.outreach.receipts import record_receipt
from tests.builders import make_member
from tests.journeys import journey_spec, launch
from tests.opting_out import opt_out_on_channel


@pytest.fixture
def message(session: Session, now: datetime) -> Message:
    """One that was delivered by e-mail."""
    make_member(session)
    launch(session, journey_spec(), now)
    message = session.scalars(select(Message)).one()
    message.state, message.sent_at, message.delivered_at = MessageState.DELIVERED, now, now
    session.flush()
    return message


def consent(session: Session, message: Message) -> Consent:
    query = select(Consent).where(Consent.member_id == message.member_id, Consent.channel == Channel.EMAIL)
    return session.scalars(query.execution_options(populate_existing=True)).one()


def test_an_opt_out_from_a_message_withdraws_the_consent(session: Session, message: Message, now: datetime) -> None:
    assert opt_out(session, message.id, [message.channel], now)
    withdrawn = consent(session, message)
    assert (withdrawn.granted, withdrawn.changed_at, withdrawn.source) == (False, now, "unsubscribe-link")


def test_an_opt_out_is_credited_to_the_last_message_on_the_channel(
    session: Session, message: Message, now: datetime
) -> None:
    later = now + timedelta(hours=1)
    opt_out_on_channel(session, message.member_id, Channel.EMAIL, later)
    event = session.scalars(select(MessageEvent)).one()
    assert (event.message_id, event.kind, event.occurred_at) == (message.id, MessageEventKind.UNSUBSCRIBED, later)
    assert not consent(session, message).granted


def test_an_opt_out_of_somebody_who_never_agreed_is_remembered(session: Session, now: datetime) -> None:
    member = make_member(session, consents={})
    opt_out_on_channel(session, member.id, Channel.SMS, now)
    assert session.scalars(select(Consent)).one().granted is False
    assert session.scalars(select(MessageEvent)).all() == []


def test_nobody_opens_a_message_that_was_not_sent(session: Session, message: Message, now: datetime) -> None:
    message.state = MessageState.PLANNED
    with pytest.raises(Conflict, match="was never sent"):
        record_event(session, message.id, MessageEventKind.OPENED, now)
    with pytest.raises(NotFound):
        record_event(session, 999, MessageEventKind.OPENED, now)


def test_a_settled_message_takes_no_receipt(session: Session, message: Message, now: datetime) -> None:
    with pytest.raises(Conflict, match="is delivered: it awaits no receipt"):
        record_receipt(session, message.id, is_delivered=False, at=now)
