"""What the links of one message bring back."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.channels import SENDABLE_CHANNELS, Channel
from crm.errors import NotFound
from crm.members.models import Consent, Member
from crm.outreach.engagement import REPEAT_WINDOW, click_target, note_visit
from crm.outreach.link_targets import stored_targets, targets_of
from crm.outreach.models import Message, MessageEvent, MessageEventKind, MessageState
from crm.outreach.opt_out import opt_out, opt_out_choices
from crm.outreach.rules import Visit
from crm.outreach.spec import Benefits
from crm.outreach.template import Wording
from tests.builders import make_member
from tests.crm.outreach.test_machine_signs import BROWSER
from tests.journeys import journey_spec, launch, send_step

BODY = "{{ name }}: https://a.example/{{ code }} https://b.example https://c.example https://d.example/?n={{ name }}"
SPEC = journey_spec(
    send_step(wordings=(Wording(channel=Channel.EMAIL, body=BODY),)), benefits=Benefits(coupon_codes=("C50",))
)
TARGETS = ["https://a.example/C50", "https://b.example", "https://c.example"]


@pytest.fixture
def member(session: Session) -> Member:
    return make_member(session, name="https://evil.example/")


@pytest.fixture
def message(session: Session, member: Member, now: datetime) -> Message:
    """Delivered at `now`, with three links."""
    launch(session, journey_spec(*SPEC.steps, name="links"), now)
    found = session.scalars(select(Message)).one()
    found.state, found.sent_at, found.delivered_at = MessageState.DELIVERED, now, now
    session.flush()
    return found


def events(session: Session) -> list[tuple[MessageEventKind, bool]]:
    query = select(MessageEvent).order_by(MessageEvent.id).execution_options(populate_existing=True)
    return [(event.kind, event.by_machine) for event in session.scalars(query)]


def see(at: datetime, **more: bool) -> Visit:
    return Visit(at, BROWSER, **more)


def test_targets_are_those_of_the_text_and_never_a_members_words() -> None:
    assert targets_of(SPEC) == TARGETS


def test_a_click_leads_only_where_its_own_message_points(session: Session, message: Message, now: datetime) -> None:
    links = stored_targets(session, [message.journey_id])[message.journey_id]
    assert click_target(session, message.id, links["https://b.example"]) == "https://b.example"
    assert click_target(session, message.id, 999) is None
    other = launch(session, journey_spec(*SPEC.steps, name="other"), now)
    foreign = stored_targets(session, [other.id])[other.id]["https://b.example"]
    assert click_target(session, message.id, foreign) is None


def test_a_later_open_by_a_person_counts_beside_the_machines(session: Session, message: Message, now: datetime) -> None:
    note_visit(session, message.id, MessageEventKind.OPENED, see(now + timedelta(seconds=1)))
    note_visit(session, message.id, MessageEventKind.OPENED, see(now + timedelta(seconds=30)))
    assert events(session) == [(MessageEventKind.OPENED, True), (MessageEventKind.OPENED, False)]


def test_the_same_open_within_a_minute_is_noted_once(session: Session, message: Message, now: datetime) -> None:
    opened = now + timedelta(minutes=5)
    for moment in (opened, opened + timedelta(seconds=20), opened + REPEAT_WINDOW):
        note_visit(session, message.id, MessageEventKind.OPENED, see(moment))
    assert len(events(session)) == 2


def test_links_clicked_all_at_once_are_a_machines_the_first_ones_too(
    session: Session, message: Message, now: datetime
) -> None:
    at = now + timedelta(hours=1)
    ids = list(stored_targets(session, [message.journey_id])[message.journey_id].values())
    for link_id in ids[:2]:
        note_visit(session, message.id, MessageEventKind.CLICKED, see(at), link_id=link_id)
    assert [by_machine for _, by_machine in events(session)] == [False, False]
    note_visit(session, message.id, MessageEventKind.CLICKED, see(at + timedelta(seconds=1)), link_id=ids[2])
    assert [by_machine for _, by_machine in events(session)] == [True, True, True]
    note_visit(session, message.id, MessageEventKind.CLICKED, see(at + timedelta(minutes=9)), link_id=ids[2])
    assert events(session)[-1] == (MessageEventKind.CLICKED, False)


def test_nobody_has_seen_what_was_not_sent(session: Session, message: Message, now: datetime) -> None:
    message.state = MessageState.PLANNED
    assert note_visit(session, message.id, MessageEventKind.OPENED, see(now)) is None
    assert note_visit(session, 999, MessageEventKind.OPENED, see(now)) is None


def granted(session: Session) -> set[Channel]:
    query = select(Consent.channel).where(Consent.granted.is_(True))
    return set(session.scalars(query.execution_options(populate_existing=True)))


def test_an_opt_out_is_for_the_channel_or_for_all_and_noted_once(
    session: Session, message: Message, now: datetime
) -> None:
    assert opt_out(session, message.id, [Channel.EMAIL], now)
    assert granted(session) == {Channel.SMS, Channel.PUSH}
    assert not opt_out(session, message.id, [Channel.EMAIL], now + timedelta(days=1))
    assert events(session) == [(MessageEventKind.UNSUBSCRIBED, False)]
    assert opt_out(session, message.id, SENDABLE_CHANNELS, now)
    assert granted(session) == set()
    consent = session.get_one(Consent, (message.member_id, Channel.EMAIL))
    assert (consent.changed_at, consent.source) == (now, "unsubscribe-link")


def test_the_page_shows_a_masked_address_and_what_is_left(session: Session, message: Message, now: datetime) -> None:
    choices = opt_out_choices(session, message.id)
    assert choices.address is not None
    assert choices.address.startswith("em***@")
    assert choices.agreed == SENDABLE_CHANNELS
    opt_out(session, message.id, SENDABLE_CHANNELS, now)
    assert opt_out_choices(session, message.id).agreed == ()


def test_a_link_of_a_message_that_is_gone_says_so(session: Session, now: datetime) -> None:
    for action in (lambda: opt_out_choices(session, 999), lambda: opt_out(session, 999, [Channel.EMAIL], now)):
        with pytest.raises(NotFound):
            action()
