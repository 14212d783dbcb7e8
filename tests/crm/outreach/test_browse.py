"""Reading the ledger message by message."""

from datetime import datetime

import pytest
from sqlalchemy.orm import Session

from crm.access.actor import Actor
from crm.access.models import Role
from crm.channels import Channel
from crm.members.masking import mask_address
from crm.outreach.browse import OUTBOX_PREFIX, LedgerFilter, browse_ledger
from crm.outreach.models import Message, MessageState, OutboxItem
from tests.builders import make_account, make_member
from tests.campaign_world import enrol, make_campaign, message


@pytest.mark.parametrize(
    ("address", "masked"),
    [
        ("zhang.min@mail.example", "zh***@mail.example"),
        ("+8613812345678", "+86***5678"),
        ("device-token-1234", "de***34"),
    ],
)
def test_an_address_is_masked_in_the_middle(address: str, masked: str) -> None:
    assert mask_address(address) == masked


def actor_with(session: Session, role: Role) -> Actor:
    account = make_account(session, role=role)
    return Actor(account.id, account.username, account.display_name, role)


def two_messages(session: Session, now: datetime, owner: Actor) -> int:
    """A journey with a delivered message to a member of `owner`, and an excluded one to nobody's member."""
    own, other = make_member(session, owner_id=owner.account_id), make_member(session)
    campaign = make_campaign(session, launched_at=now)
    enrolments = enrol(session, campaign, [own.id, other.id])
    (sent,) = message(session, campaign, [own.id], enrolments[:1])
    message(session, campaign, [other.id], enrolments[1:], state=MessageState.EXCLUDED, reason="no_consent")
    session.get_one(Message, sent).provider_ref = f"{OUTBOX_PREFIX}key-1"
    session.add(
        OutboxItem(
            idempotency_key="key-1",
            channel=Channel.EMAIL,
            member_id=own.id,
            address="zhang.min@mail.example",
            subject="Hello",
            body="Hello Zhang Min",
            accepted_at=now,
        )
    )
    session.flush()
    assert campaign.journey_id is not None
    return campaign.journey_id


def test_a_line_shows_what_the_outbox_took_with_the_address_masked(session: Session, now: datetime) -> None:
    journey_id = two_messages(session, now, actor_with(session, Role.CSM))
    page = browse_ledger(session, journey_id, LedgerFilter(), actor=actor_with(session, Role.OPERATIONS))
    lines = {line.state: line for line in page.lines}
    assert page.total == 2
    assert (lines[MessageState.DELIVERED].subject, lines[MessageState.DELIVERED].address) == (
        "Hello",
        "zh***@mail.example",
    )
    assert (lines[MessageState.EXCLUDED].body, lines[MessageState.EXCLUDED].reason) == (None, "no_consent")


def test_a_csm_reads_his_own_members_alone_and_in_full(session: Session, now: datetime) -> None:
    owner = actor_with(session, Role.CSM)
    journey_id = two_messages(session, now, owner)
    page = browse_ledger(session, journey_id, LedgerFilter(), actor=owner)
    assert [line.address for line in page.lines] == ["zhang.min@mail.example"]
    assert browse_ledger(session, journey_id, LedgerFilter(), actor=actor_with(session, Role.CSM)).total == 0


def test_lines_are_filtered_and_paged(session: Session, now: datetime) -> None:
    admin = actor_with(session, Role.ADMIN)
    journey_id = two_messages(session, now, admin)
    excluded = browse_ledger(session, journey_id, LedgerFilter(state=MessageState.EXCLUDED), actor=admin)
    assert [line.state for line in excluded.lines] == [MessageState.EXCLUDED]
    second = browse_ledger(session, journey_id, LedgerFilter(offset=1, limit=1), actor=admin)
    assert (second.total, len(second.lines)) == (2, 1)
    assert browse_ledger(session, journey_id, LedgerFilter(channel=Channel.SMS), actor=admin).total == 0
