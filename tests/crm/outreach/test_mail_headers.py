"""Whatever a name or a subject holds, a mail has its headers and no others, and they read as they were written."""

import re
from collections.abc import Iterator
from datetime import datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message as AnyMail
from email.policy import compat32
from email.utils import parseaddr
from typing import cast
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.channels import Channel
from crm.database import Sessions, unit_of_work
from crm.members.models import ContactPoint
from crm.outreach.channels.adapter import Outcome, OutgoingMessage
from crm.outreach.channels.headers import address_header, text_header
from crm.outreach.channels.mail import envelope_address
from crm.outreach.channels.smtp import SmtpAdapter
from crm.outreach.channels.urls import MailServer as MailServerUrl
from crm.outreach.channels.urls import read_channel_url
from crm.outreach.dispatch import dispatch_due
from crm.outreach.links import Links
from crm.outreach.template import Wording
from tests.builders import make_member
from tests.conftest import DATABASE_KIND, examples
from tests.journeys import journey_spec, launch, send_step
from tests.mail_server import MailServer, mail_server

NO_SESSION = cast(Session, None)
BODY = ["Content-Type", "Content-Transfer-Encoding", "MIME-Version"]
HEADERS = [
    "Message-ID",
    "Date",
    "From",
    "To",
    "Reply-To",
    "Subject",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    *BODY,
]
ENDS_HEADERS = "=?utf-8?q?a=0D=0A=0D=0AYour_account_is_locked?="


@pytest.fixture(scope="module")
def server() -> Iterator[MailServer]:
    with mail_server() as running:
        yield running


def adapter(server: MailServer, sender_name: str = "Club") -> SmtpAdapter:
    sender = quote(f'"{sender_name}" <club@example.com>' if sender_name else "club@example.com")
    url = f"smtp://127.0.0.1:{server.port}?from={sender}&reply_to=desk@example.com&tls=none"
    read = read_channel_url(url, Channel.EMAIL, variable="NURTURE_CHANNEL_EMAIL")
    assert isinstance(read, MailServerUrl)
    return SmtpAdapter(read)


def mails(*subjects: str) -> list[OutgoingMessage]:
    return [
        OutgoingMessage(
            idempotency_key=f"nurture-message-{number}",
            message_id=number,
            member_id=number,
            channel=Channel.EMAIL,
            address=f"m{number}@example.org",
            subject=subject,
            body="Words\n",
            unsubscribe_url="https://post.example.com/u/abc",
        )
        for number, subject in enumerate(subjects, start=1)
    ]


def read_twice(raw: bytes, header: str = "Subject") -> str:
    """What a header says, by the old reader of mails and by RFC 2047 word for word; both must agree."""
    old: AnyMail = message_from_bytes(raw, policy=compat32)
    assert len(old.get_all(header) or []) == 1
    unfolded = re.sub(r"\r?\n(?=[ \t])", "", str(old[header]))
    return str(make_header(decode_header(unfolded)))


def check(server: MailServer, subjects: list[str]) -> None:
    server.raw.clear()
    server.taken.clear()
    results = list(adapter(server).send(NO_SESSION, mails(*subjects), datetime.fromisoformat("2026-06-01T01:00Z")))
    assert {result.outcome for result in results} == {Outcome.DELIVERED}
    for number, (raw, mail, subject) in enumerate(zip(server.raw, server.taken, subjects, strict=True), start=1):
        assert [name for name, _ in mail.items()] == [name for name in HEADERS if subject or name != "Subject"]
        assert mail["From"] == "Club <club@example.com>"
        assert mail["To"] == f"m{number}@example.org"
        assert mail["List-Unsubscribe"] == "<https://post.example.com/u/abc>"
        assert mail.get_content().splitlines() == ["Words"]
        assert max(map(len, raw.partition(b"\r\n\r\n")[0].split(b"\r\n"))) <= 78
        if subject:
            assert mail["Subject"] == read_twice(raw) == subject


HARD = [
    ENDS_HEADERS,
    f"Happy birthday, {ENDS_HEADERS}",
    "=?utf-8?b?DQpCY2M6IGV2ZUBleGFtcGxlLm9yZw==?=",
    "a =?utf-8?q?b?= =?utf-8?q?c?= d",
    "=?=?utf-8?q?x?=",
    "?= =?",
    "\u202egnp.exe\u202c",
    "🎁" * 300,
    "👨‍👩‍👧‍👦 family",
    "红" * 400,
    "x" * 1200,
    "a word " * 200 + "end",
    "  both  ends  ",
    "double  spaces  in  a  long  subject  with  ünïcödé  that  is  folded  more  than  once  over  lines",
    "    ",
    "\u3000wide\u3000spaces\u3000",
    "thin\u2009space, no\u00a0break, zero\u200bwidth, \ufeffmark",
    'He said "hi" \\ and (left) <b@example.org>, me: you;',
    "100% _underscored_ = equal?",
    "é" * 30 + "\u0301" * 60,
    "\U0002f800\U000e0041\U0010ffff",
]


@pytest.mark.parametrize("subject", HARD, ids=range(len(HARD)))
def test_a_subject_reads_as_it_was_written(server: MailServer, subject: str) -> None:
    check(server, [subject])


@pytest.mark.parametrize(
    ("subject", "read"),
    [
        ("Hi\r\nBcc: eve@example.org", "Hi Bcc: eve@example.org"),
        ("Hi\r\n\r\nNew body", "Hi New body"),
        ("Hi\x85Bcc: eve", "Hi Bcc: eve"),
        ("Hi\u2029Bcc: eve", "Hi Bcc: eve"),
        ("Hi\x00\x1b[31m", "Hi [31m"),
        ("\x7f tab\there", "  tab here"),
        ("half \ud83d of a gift", "half \ufffd of a gift"),
        ("Ü\r\n\tX-Evil: 1", "Ü X-Evil: 1"),
    ],
)
def test_what_no_header_can_hold_is_replaced(server: MailServer, subject: str, read: str) -> None:
    server.taken.clear()
    (result,) = adapter(server).send(NO_SESSION, mails(subject), datetime.fromisoformat("2026-06-01T01:00Z"))
    assert result.outcome is Outcome.DELIVERED
    (mail,) = server.taken
    assert mail["Subject"] == read
    assert [name for name, _ in mail.items()] == HEADERS


WRITABLE = st.characters(blacklist_categories=("Cc", "Cs"), blacklist_characters="\u2028\u2029")
SUBJECTS = st.lists(
    st.one_of(
        st.text(WRITABLE, max_size=120),
        st.text(st.sampled_from('=?_ qQbB8utf-"\\<>@,;:()红é🎁'), max_size=200),
        st.builds("".join, st.lists(st.sampled_from([*HARD, " ", "  ", "Hello,", "红茶"]), max_size=6)),
    ),
    min_size=8,
    max_size=12,
)


@settings(
    max_examples=examples(15), deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(SUBJECTS)
def test_random_subjects_change_no_other_header(server: MailServer, subjects: list[str]) -> None:
    check(server, subjects)


NAMES = [
    "Club",
    "Tea, Milk & Co.",
    "红茶俱乐部",
    'The \\"Best\\" Club',
    "=?utf-8?q?a=0D=0ABcc:_eve?=",
    "x" * 300,
    "é" * 200,
]


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_the_name_of_a_sender_is_only_a_name(server: MailServer, now: datetime, name: str) -> None:
    server.taken.clear()
    (result,) = adapter(server, name).send(NO_SESSION, mails("Hi"), now)
    assert result.outcome is Outcome.DELIVERED
    (mail,) = server.taken
    read, _ = parseaddr(str(message_from_bytes(server.raw[-1], policy=compat32)["From"]))
    assert str(make_header(decode_header(read))) == name.replace('\\"', '"')
    assert [sender.addr_spec for sender in mail["From"].addresses] == ["club@example.com"]
    assert [header for header, _ in mail.items()] == HEADERS


@settings(max_examples=examples(100), deadline=None)
@given(st.text(WRITABLE, min_size=1, max_size=150))
def test_any_header_unfolds_to_one_line_of_ascii(text: str) -> None:
    for header in (text_header("Subject", text), address_header("From", "a@example.org", text)):
        assert header.isascii()
        assert header.endswith("\r\n")
        assert re.fullmatch(r"[A-Za-z-]+: [ -~]+(\r\n [ -~]*[!-~][ -~]*)*\r\n", header)


@pytest.mark.parametrize(
    "address",
    [
        "=?utf-8?q?a=0D=0ABcc:_eve?=@example.org",
        "ann@example.org\x00",
        "a\ud800nn@example.org",
        "a\u202enn@example.org",
        "ann@ex＞ample.org",
        "ann@example.org，eve@example.org",
        "ann@" + "x." * 150 + "org",
        "ann@＝？.example",
        "ann@\x85example.org",
    ],
)
def test_an_address_is_one_mailbox_or_nothing(address: str) -> None:
    assert envelope_address(address, speaks_utf8=True) is None
    assert envelope_address(address, speaks_utf8=False) is None


@pytest.mark.parametrize("name", [ENDS_HEADERS, "Ann\r\nBcc: eve@example.org", "安\x00妮 🎁", "  Zoë  ", "\u202eeve"])
def test_a_members_name_writes_no_header(server: MailServer, sessions: Sessions, now: datetime, name: str) -> None:
    if "\x00" in name and DATABASE_KIND == "postgresql":
        pytest.skip("PostgreSQL holds no such name")
    words = Wording(channel=Channel.EMAIL, subject="Happy birthday, {{ name }}", body="{{ name }}\n{{ unsubscribe }}")
    with unit_of_work(sessions) as session:
        member = make_member(session, name=name)
        at = select(ContactPoint).where(ContactPoint.member_id == member.id, ContactPoint.channel == Channel.EMAIL)
        session.scalars(at).one().normalised = "ann@example.org"
        launch(session, journey_spec(send_step("main", "email", wordings=(words,))), now)
    links = Links((b"a key of tests that has 32 letters",), "https://post.example")
    server.taken.clear()
    dispatch_due(sessions, {Channel.EMAIL: adapter(server)}, now=now, worker="test", links=links)
    (mail,) = server.taken
    assert [header for header, _ in mail.items()][:8] == HEADERS[:8]
    assert mail["Subject"] == "Happy birthday, " + re.sub(r"[\x00-\x1f]+", " ", name)
    assert mail["List-Unsubscribe"].startswith("<https://post.example/u/")
    text, _ = mail.iter_parts()
    assert text.get_content().splitlines()[0] == re.sub(r"[\x00]", "\ufffd", name).splitlines()[0]
