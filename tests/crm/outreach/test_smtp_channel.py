"""E-mail over a real SMTP server on loopback."""

import ssl
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

import pytest
import trustme
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.channels import Channel
from crm.database import Sessions, unit_of_work
from crm.members.models import ContactPoint
from crm.outreach.channels.adapter import ChannelUnavailable, Outcome, OutgoingMessage, SendResult
from crm.outreach.channels.breaker import CircuitBreaker
from crm.outreach.channels.refusals import Refusal
from crm.outreach.channels.smtp import SmtpAdapter
from crm.outreach.channels.urls import MailServer as MailServerUrl
from crm.outreach.channels.urls import read_channel_url
from crm.outreach.dispatch import dispatch_due
from crm.outreach.models import Message, MessageState
from crm.outreach.rules import LEASE, RETRY_DELAYS
from tests.builders import make_member
from tests.journeys import journey_spec, launch
from tests.mail_server import MailServer, mail_server

NO_SESSION = cast(Session, None)
"""Mail servers keep their own books."""


@pytest.fixture
def server() -> Iterator[MailServer]:
    with mail_server() as running:
        yield running


def adapter(server: MailServer, options: str = "tls=none", **changes: object) -> SmtpAdapter:
    return adapter_at(f"smtp://127.0.0.1:{server.port}?from=Club%20%3Cclub@example.com%3E&{options}", **changes)


def adapter_at(url: str, **changes: object) -> SmtpAdapter:
    read = read_channel_url(url, Channel.EMAIL, variable="NURTURE_CHANNEL_EMAIL")
    assert isinstance(read, MailServerUrl)
    return SmtpAdapter(read, **changes)  # type: ignore[arg-type]


def mail(address: str, number: int = 1, **changes: object) -> OutgoingMessage:
    values: dict[str, object] = {
        "idempotency_key": f"nurture-message-{number}",
        "message_id": number,
        "member_id": number,
        "channel": Channel.EMAIL,
        "address": address,
        "subject": "Hello",
        "body": "Words",
    }
    return OutgoingMessage(**values | changes)  # type: ignore[arg-type]


def mails(*addresses: str) -> list[OutgoingMessage]:
    return [mail(address, number) for number, address in enumerate(addresses, start=1)]


def send(adapter: SmtpAdapter, batch: Sequence[OutgoingMessage], now: datetime) -> list[SendResult]:
    return list(adapter.send(NO_SESSION, batch, now))


def outcomes(adapter: SmtpAdapter, batch: Sequence[OutgoingMessage], now: datetime) -> dict[str, Outcome]:
    """By address, up to where the channel broke off; an address without one is in doubt."""
    found: dict[str, Outcome] = {}
    addresses = {message.idempotency_key: message.address for message in batch}
    results = adapter.send(NO_SESSION, batch, now)
    with pytest.raises(ChannelUnavailable):
        found.update((addresses[result.idempotency_key], result.outcome) for result in results)
    return found


def test_a_mail_has_both_forms_its_id_and_the_way_out(server: MailServer, now: datetime) -> None:
    url = "https://post.example.com/u/" + "a" * 120
    message = mail("ann@example.org", 7, body="Schöne Grüße\n.\n..", html="<p>Schöne Grüße</p>", unsubscribe_url=url)
    (result,) = send(adapter(server), [message], now)
    assert (result.outcome, result.provider_ref) == (Outcome.DELIVERED, "250 2.0.0 queued")
    (taken,) = server.taken
    assert taken["Message-ID"] == "<nurture-message-7@example.com>"
    assert (taken["From"], taken["To"], taken["Subject"]) == ("Club <club@example.com>", "ann@example.org", "Hello")
    assert taken["Date"].datetime == now
    assert taken["List-Unsubscribe"] == f"<{url}>"
    assert taken["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    text, page = taken.iter_parts()
    assert (text.get_content_type(), page.get_content_type()) == ("text/plain", "text/html")
    assert text.get_content().splitlines() == ["Schöne Grüße", ".", ".."]
    assert page.get_content().strip() == "<p>Schöne Grüße</p>"


def test_without_a_page_and_a_link_there_is_only_the_text(server: MailServer, now: datetime) -> None:
    send(adapter(server), mails("ann@example.org"), now)
    (taken,) = server.taken
    assert taken.get_content_type() == "text/plain"
    assert taken["List-Unsubscribe"] is None


def test_one_click_is_offered_only_where_it_is_encrypted(server: MailServer, now: datetime) -> None:
    send(adapter(server), [mail("a@example.org", unsubscribe_url="http://127.0.0.1:8000/u/1")], now)
    (taken,) = server.taken
    assert taken["List-Unsubscribe"] is not None
    assert taken["List-Unsubscribe-Post"] is None


@pytest.mark.parametrize(
    "subject", ["Hi\r\nBcc: eve@example.org", "Hi\nBcc: eve@example.org", "Hi\u2028Bcc: eve@example.org"]
)
def test_no_subject_begins_a_new_header(server: MailServer, now: datetime, subject: str) -> None:
    send(adapter(server), [mail("ann@example.org", subject=subject)], now)
    (taken,) = server.taken
    assert (taken["Bcc"], taken["Subject"]) == (None, "Hi Bcc: eve@example.org")
    assert server.recipients == ["ann@example.org"]


@pytest.mark.parametrize(
    "address",
    [
        "ann@example.org, eve@example.org",
        "ann@example.org\r\nRCPT TO:<eve@example.org>",
        "Ann <ann@example.org>",
        "ann",
        "ä@example.org",
        "a@b..c",
    ],
)
def test_an_address_that_is_not_one_mailbox_is_refused_here(server: MailServer, now: datetime, address: str) -> None:
    (result,) = send(adapter(server), mails(address), now)
    assert result.outcome is Outcome.REFUSED
    assert server.recipients == []


def test_a_domain_in_other_letters_is_reached(server: MailServer, now: datetime) -> None:
    send(adapter(server), mails("ann@bücher.example"), now)
    assert server.recipients == ["ann@xn--bcher-kva.example"]


def test_the_servers_answers_decide_and_one_connection_serves_the_batch(server: MailServer, now: datetime) -> None:
    names = ["ann", "refuse", "later", "spam", "busy", "bob"]
    results = send(adapter(server), mails(*[f"{name}@example.org" for name in names]), now)
    assert [result.outcome for result in results] == [
        Outcome.DELIVERED,
        Outcome.REFUSED,
        Outcome.TRY_LATER,
        Outcome.REFUSED,
        Outcome.TRY_LATER,
        Outcome.DELIVERED,
    ]
    assert results[1].reason == "550 5.1.1 no such user here"
    assert [result.refusal is Refusal.OTHER for result in results].count(False) == 1
    assert results[1].refusal is Refusal.DEAD
    assert results[2].reason == "451 4.7.1 greylisted, come back"
    assert server.recipients == ["ann@example.org", "bob@example.org"]
    assert server.connections == 1


def test_where_the_server_hangs_up_only_the_message_under_way_is_in_doubt(server: MailServer, now: datetime) -> None:
    batch = mails("ann@example.org", "drop@example.org", "bob@example.org")
    assert outcomes(adapter(server), batch, now) == {
        "ann@example.org": Outcome.DELIVERED,
        "bob@example.org": Outcome.NOT_TRIED,
    }


def test_a_server_that_is_too_slow_leaves_the_message_in_doubt(server: MailServer, now: datetime) -> None:
    server.slow_seconds = 3.0
    slow = adapter(server, "tls=none&timeout_seconds=1.5")
    assert outcomes(slow, mails("slow@example.org", "bob@example.org"), now) == {"bob@example.org": Outcome.NOT_TRIED}


def test_a_server_that_goes_down_before_the_content_has_nothing(server: MailServer, now: datetime) -> None:
    batch = mails("shut@example.org", "bob@example.org")
    assert outcomes(adapter(server), batch, now) == {message.address: Outcome.NOT_TRIED for message in batch}


def test_a_server_that_takes_few_messages_a_connection_gets_several(server: MailServer, now: datetime) -> None:
    server.most_a_connection = 2
    results = send(adapter(server), mails(*[f"a{n}@example.org" for n in range(5)]), now)
    assert [result.outcome for result in results] == [Outcome.DELIVERED] * 5
    assert server.connections == 3


def test_a_server_that_refuses_our_sender_costs_no_member_his_message(server: MailServer, now: datetime) -> None:
    server.sender_refused = True
    assert outcomes(adapter(server), mails("ann@example.org"), now) == {"ann@example.org": Outcome.NOT_TRIED}


def test_a_server_that_is_not_there_is_left_alone_after_some_failures(now: datetime) -> None:
    with mail_server() as gone:
        url = f"smtp://127.0.0.1:{gone.port}?from=club@example.com&tls=none"
    dead = adapter_at(url, breaker=CircuitBreaker(failures=2))
    batch = mails("ann@example.org")
    for _ in range(2):
        with pytest.raises(ChannelUnavailable, match="cannot be used"):
            list(dead.send(NO_SESSION, batch, now))
    with pytest.raises(ChannelUnavailable, match="left alone"):
        list(dead.send(NO_SESSION, batch, now))


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> Path:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


def server_context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


def test_starttls_and_a_password(authority: trustme.CA, ca_file: Path, now: datetime) -> None:
    with mail_server(context=server_context(authority), wants_login=True) as server:
        at = f"127.0.0.1:{server.port}?from=club@example.com&ca={ca_file}"
        send(adapter_at(f"smtp://club:p%40ss%2Fword@{at}"), mails("ann@example.org"), now)
        assert (server.logins, server.were_encrypted) == (["club"], [True])
        wrong = adapter_at(f"smtp://club:wrong@{at}&timeout_seconds=0.5")
        assert outcomes(wrong, mails("ann@example.org"), now) == {"ann@example.org": Outcome.NOT_TRIED}


def test_a_server_that_nobody_vouches_for_gets_nothing(authority: trustme.CA, now: datetime) -> None:
    with mail_server(context=server_context(authority)) as server:
        stranger = adapter_at(f"smtp://127.0.0.1:{server.port}?from=club@example.com")
        assert outcomes(stranger, mails("ann@example.org"), now) == {"ann@example.org": Outcome.NOT_TRIED}
        assert server.taken == []


def test_a_server_without_encryption_gets_nothing_unless_told(server: MailServer, now: datetime) -> None:
    encrypted = adapter_at(f"smtp://127.0.0.1:{server.port}?from=club@example.com")
    assert outcomes(encrypted, mails("ann@example.org"), now) == {"ann@example.org": Outcome.NOT_TRIED}


def test_the_ledger_after_a_batch_that_broke_off(server: MailServer, sessions: Sessions, now: datetime) -> None:
    names = ["ann", "refuse", "later+1", "drop", "bob"]
    with unit_of_work(sessions) as session:
        for name in names:
            member = make_member(session)
            own = (ContactPoint.member_id == member.id, ContactPoint.channel == Channel.EMAIL)
            contact = session.scalars(select(ContactPoint).where(*own)).one()
            contact.address = contact.normalised = f"{name}@example.org"
        launch(session, journey_spec(), now)
    channel = {Channel.EMAIL: adapter(server)}
    first = dispatch_due(sessions, channel, now=now, worker="test")
    assert (first.delivered, first.failed, first.deferred, first.unknown) == (1, 1, 1, 1)
    assert dispatch_due(sessions, channel, now=now + timedelta(seconds=5), worker="test").delivered == 1
    assert dispatch_due(sessions, channel, now=now + RETRY_DELAYS[0], worker="test").delivered == 1
    dispatch_due(sessions, channel, now=now + LEASE, worker="test")
    with unit_of_work(sessions) as session:
        states = session.scalars(select(Message.state).order_by(Message.id)).all()
    assert states == [
        MessageState.DELIVERED,
        MessageState.FAILED,
        MessageState.DELIVERED,
        MessageState.UNKNOWN,
        MessageState.DELIVERED,
    ]
    assert sorted(server.recipients) == sorted(f"{name}@example.org" for name in names if name != "refuse")
