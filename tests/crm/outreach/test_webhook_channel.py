"""SMS and push over a real gateway on loopback."""

import hashlib
import hmac
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import cast

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.channels import Channel
from crm.database import Sessions, unit_of_work
from crm.outreach.channels.adapter import ChannelUnavailable, Outcome, OutgoingMessage, SendResult
from crm.outreach.channels.breaker import FAILURES_TO_OPEN, PAUSE_SECONDS, CircuitBreaker
from crm.outreach.channels.urls import Gateway, read_channel_url
from crm.outreach.channels.webhook import LONGEST_REST_SECONDS, WebhookAdapter
from crm.outreach.dispatch import dispatch_due
from crm.outreach.models import Message, MessageState, UnknownReason
from crm.outreach.rules import LEASE
from tests.builders import make_member
from tests.gateway import SECRET, Answer, GatewayServer, gateway
from tests.journeys import journey_spec, launch, send_step

NO_SESSION = cast(Session, None)
"""Gateways keep their own books."""
SILENT = Answer(keeps_silent=True)
PATIENCE_SECONDS = 1.5
"""What each silent answer costs these tests; an answer of a busy machine comes sooner."""


class Watch:
    """A clock that stands still until it is set."""

    def __init__(self, seconds: float = 1_000.0) -> None:
        self.seconds = seconds

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def provider() -> Iterator[GatewayServer]:
    with gateway() as running:
        yield running


def adapter(provider: GatewayServer, options: str = "keys=honoured", watch: Watch | None = None) -> WebhookAdapter:
    secret = SECRET.replace(" ", "%20")
    url = (
        f"webhook+http://:{secret}@127.0.0.1:{provider.port}/send?route=cn#timeout_seconds={PATIENCE_SECONDS}&{options}"
    )
    read = read_channel_url(url, Channel.SMS, variable="NURTURE_CHANNEL_SMS")
    assert isinstance(read, Gateway)
    breaker = CircuitBreaker(clock=watch) if watch else None
    return WebhookAdapter(read, breaker=breaker, wall_clock=lambda: 1_780_000_000.5)


def texts(count: int) -> list[OutgoingMessage]:
    return [
        OutgoingMessage(
            idempotency_key=f"nurture-message-{number}",
            message_id=number,
            member_id=number,
            channel=Channel.SMS,
            address=f"+861380000000{number}",
            subject=None,
            body="您好 Ann",
            unsubscribe_url="https://post.example.com/u/x",
        )
        for number in range(1, count + 1)
    ]


def send(adapter: WebhookAdapter, batch: Sequence[OutgoingMessage], now: datetime) -> list[SendResult]:
    return list(adapter.send(NO_SESSION, batch, now))


def broken_off(adapter: WebhookAdapter, batch: Sequence[OutgoingMessage], now: datetime) -> dict[int, Outcome]:
    """Outcomes by number of the message, up to where the channel broke off; one without is in doubt."""
    found: dict[int, Outcome] = {}
    numbers = {message.idempotency_key: message.message_id for message in batch}
    results = adapter.send(NO_SESSION, batch, now)
    with pytest.raises(ChannelUnavailable):
        found.update((numbers[result.idempotency_key], result.outcome) for result in results)
    return found


def test_a_message_is_signed_and_bears_its_key(provider: GatewayServer, now: datetime) -> None:
    send(adapter(provider), texts(1), now)
    (request,) = provider.requests
    assert request.path == "/send?route=cn"
    assert request.message == {
        "idempotency_key": "nurture-message-1",
        "channel": "sms",
        "to": "+8613800000001",
        "text": "您好 Ann",
        "unsubscribe_url": "https://post.example.com/u/x",
    }
    assert request.headers["Idempotency-Key"] == "nurture-message-1"
    assert request.headers["Nurture-Timestamp"] == "1780000000"
    expected = hmac.new(SECRET.encode(), b"1780000000." + request.body, hashlib.sha256).hexdigest()
    assert request.headers["Nurture-Signature"] == f"v1={expected}"


@pytest.mark.parametrize(
    ("words", "read"),
    [
        ("Hi\r\nX-Evil: 1", "Hi X-Evil: 1"),
        ("half \ud83d", "half \ufffd"),
        ("nul\x00", "nul "),
        ("=?utf-8?q?a=0D=0A?=", "=?utf-8?q?a=0D=0A?="),
        ("a\u2028b \u202e🎁", "a b \u202e🎁"),
    ],
)
def test_no_words_change_the_headers_of_a_request(
    provider: GatewayServer, now: datetime, words: str, read: str
) -> None:
    (message,) = texts(1)
    (result,) = send(adapter(provider), [replace(message, subject=words)], now)
    (request,) = provider.requests
    assert (result.outcome, request.message["subject"]) == (Outcome.ACCEPTED, read)
    assert not [name for name in request.headers if name.lower().startswith("x-")]


def test_the_answers_of_a_gateway(provider: GatewayServer, now: datetime) -> None:
    provider.script = [
        Answer(202, {"id": "g-1"}),
        Answer(200, {"id": 7, "status": "delivered"}),
        Answer(422, {"reason": "no such  number"}, is_taken=False),
        Answer(400, ["odd"], is_taken=False),
        Answer(204),
    ]
    results = send(adapter(provider), texts(5), now)
    assert [(result.outcome, result.provider_ref, result.reason) for result in results] == [
        (Outcome.ACCEPTED, "g-1", None),
        (Outcome.DELIVERED, "7", None),
        (Outcome.REFUSED, None, "no such number"),
        (Outcome.REFUSED, None, "refused with status 400"),
        (Outcome.ACCEPTED, None, None),
    ]


def test_a_gateway_without_receipts_has_delivered_what_it_takes(provider: GatewayServer, now: datetime) -> None:
    (result,) = send(adapter(provider, "receipts=no"), texts(1), now)
    assert result.outcome is Outcome.DELIVERED


@pytest.mark.parametrize(
    "answer",
    [
        SILENT,
        Answer(503),
        Answer(500),
        Answer(hangs_up=True),
        Answer(200, headers={"Content-Encoding": "gzip"}, said="x"),
    ],
)
def test_without_a_clear_answer_one_message_is_in_doubt(provider: GatewayServer, now: datetime, answer: Answer) -> None:
    provider.script = [Answer(), answer]
    assert broken_off(adapter(provider), texts(3), now) == {1: Outcome.ACCEPTED, 3: Outcome.NOT_TRIED}


@pytest.mark.parametrize("status", [301, 401, 403, 404, 405])
def test_an_answer_about_us_costs_no_member_his_message(provider: GatewayServer, now: datetime, status: int) -> None:
    provider.script = [Answer(status, headers={"Location": "/elsewhere"}, is_taken=False)]
    assert broken_off(adapter(provider), texts(2), now) == {1: Outcome.NOT_TRIED, 2: Outcome.NOT_TRIED}


def test_a_gateway_that_is_not_there_has_nothing(now: datetime) -> None:
    with gateway() as gone:
        pass
    assert broken_off(adapter(gone), texts(2), now) == {1: Outcome.NOT_TRIED, 2: Outcome.NOT_TRIED}


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [
        ("120", 120),
        ("Thu, 28 May 2026 20:27:40 GMT", 59.5),
        (None, 30),
        ("soon", 30),
        ("0", 1),
        ("999999", LONGEST_REST_SECONDS),
    ],
)
def test_a_pause_that_is_asked_for_is_kept(
    provider: GatewayServer, now: datetime, retry_after: str | None, seconds: float
) -> None:
    watch = Watch()
    resting = adapter(provider, watch=watch)
    headers = {"Retry-After": retry_after} if retry_after is not None else {}
    provider.script = [Answer(), Answer(429, headers=headers, is_taken=False)]
    none_of_two = {1: Outcome.NOT_TRIED, 2: Outcome.NOT_TRIED}
    assert broken_off(resting, texts(3), now) == {1: Outcome.ACCEPTED, 2: Outcome.NOT_TRIED, 3: Outcome.NOT_TRIED}
    watch.seconds += seconds - 0.1
    assert broken_off(resting, texts(2), now) == none_of_two
    assert len(provider.requests) == 2
    watch.seconds += 0.2
    assert len(send(resting, texts(2), now)) == 2


def test_the_breaker_opens_and_lets_one_try_after_its_pause(provider: GatewayServer, now: datetime) -> None:
    watch = Watch()
    failing = adapter(provider, watch=watch)
    provider.script = [Answer(500)] * (FAILURES_TO_OPEN + 1)
    for _ in range(FAILURES_TO_OPEN + 3):
        broken_off(failing, texts(1), now)
    assert len(provider.requests) == FAILURES_TO_OPEN
    watch.seconds += PAUSE_SECONDS
    for _ in range(3):
        broken_off(failing, texts(1), now)
    assert len(provider.requests) == FAILURES_TO_OPEN + 1
    watch.seconds += PAUSE_SECONDS
    for _ in range(3):
        assert len(send(failing, texts(1), now)) == 1


def prepare(sessions: Sessions, now: datetime, members: int) -> None:
    with unit_of_work(sessions) as session:
        for _ in range(members):
            make_member(session)
        launch(session, journey_spec(send_step("main", "sms")), now)


def test_a_gateway_that_honours_keys_is_asked_again_and_nobody_hears_it_twice(
    sessions: Sessions, now: datetime
) -> None:
    prepare(sessions, now, 3)
    with gateway() as provider:
        channels = {Channel.SMS: adapter(provider)}
        provider.script = [Answer(), SILENT]
        assert dispatch_due(sessions, channels, now=now, worker="test").sent == 1
        assert dispatch_due(sessions, channels, now=now, worker="test").sent == 1
        assert dispatch_due(sessions, channels, now=now + LEASE, worker="test").sent == 1
        assert len(provider.requests) == 4
        assert len(provider.sent) == len(set(provider.sent)) == 3


def test_a_gateway_that_does_not_is_not_and_the_doubt_is_on_the_books(sessions: Sessions, now: datetime) -> None:
    prepare(sessions, now, 3)
    with gateway(honours_keys=False) as provider:
        channels = {Channel.SMS: adapter(provider, "keys=ignored")}
        provider.script = [Answer(), SILENT]
        first = dispatch_due(sessions, channels, now=now, worker="test")
        assert (first.sent, first.unknown) == (1, 1)
        assert dispatch_due(sessions, channels, now=now + LEASE, worker="test").sent == 1
        assert len(provider.sent) == len(set(provider.sent)) == 3
    with unit_of_work(sessions) as session:
        doubtful = session.scalars(select(Message).where(Message.state == MessageState.UNKNOWN)).one()
        assert doubtful.reason == UnknownReason.NO_ANSWER
