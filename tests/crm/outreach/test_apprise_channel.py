"""A service that Apprise knows, on loopback."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import cast

import pytest
from sqlalchemy.orm import Session

from crm.channels import Channel
from crm.outreach.channels.adapter import ChannelUnavailable, Outcome, OutgoingMessage, SendResult
from crm.outreach.channels.apprise import AppriseAdapter
from crm.outreach.channels.breaker import CircuitBreaker
from crm.outreach.channels.urls import AppriseService
from tests.gateway import Answer, GatewayServer, gateway

NO_SESSION = cast(Session, None)


@pytest.fixture
def provider() -> Iterator[GatewayServer]:
    with gateway() as running:
        yield running


def adapter(provider: GatewayServer, failures: int = 5) -> AppriseAdapter:
    service = AppriseService(f"json://127.0.0.1:{provider.port}/to/{{address}}?+Idempotency-Key=none")
    breaker = CircuitBreaker(failures=failures)
    return AppriseAdapter(service, Channel.PUSH, variable="NURTURE_CHANNEL_PUSH", breaker=breaker)


def pushes(*addresses: str) -> list[OutgoingMessage]:
    return [
        OutgoingMessage(f"nurture-message-{n}", n, n, Channel.PUSH, address, subject="Tea", body="You <&> tea")
        for n, address in enumerate(addresses, start=1)
    ]


def test_the_address_stands_in_the_url_and_the_words_arrive(provider: GatewayServer, now: datetime) -> None:
    results = list(adapter(provider).send(NO_SESSION, pushes("token:a/b"), now))
    assert results == [SendResult("nurture-message-1", Outcome.DELIVERED)]
    (request,) = provider.requests
    assert request.path == "/to/token:a%2Fb"
    assert (request.message["title"], request.message["message"]) == ("Tea", "You <&> tea")


@pytest.mark.parametrize("address", ["令牌", "a\u202eb", "a\x00b", "a\ud800", "a\r\nX-Evil:1", "红🎁"])
def test_an_address_that_a_header_cannot_hold_is_refused(provider: GatewayServer, now: datetime, address: str) -> None:
    service = AppriseService(f"json://127.0.0.1:{provider.port}/?+X-To={{address}}")
    in_a_header = AppriseAdapter(service, Channel.PUSH, variable="NURTURE_CHANNEL_PUSH")
    (result,) = in_a_header.send(NO_SESSION, pushes(address), now)
    assert (result.outcome, provider.requests) == (Outcome.REFUSED, [])


@pytest.mark.parametrize("title", ["Tea\r\nX-Evil: 1", "Tea\x85Evil", "half \ud83d", "=?utf-8?q?a=0D=0A?="])
def test_a_title_is_one_line(provider: GatewayServer, now: datetime, title: str) -> None:
    message = replace(pushes("token")[0], subject=title)
    (result,) = adapter(provider).send(NO_SESSION, [message], now)
    (request,) = provider.requests
    assert (result.outcome, request.message["title"]) == (Outcome.DELIVERED, message.subject)
    assert request.message["title"].isprintable()
    assert "X-Evil" not in request.headers


def test_a_list_of_addresses_is_not_one_address(provider: GatewayServer, now: datetime) -> None:
    (result,) = adapter(provider).send(NO_SESSION, pushes("one,two"), now)
    assert (result.outcome, provider.requests) == (Outcome.REFUSED, [])


def test_a_no_leaves_its_message_in_doubt_and_the_others_go_on(provider: GatewayServer, now: datetime) -> None:
    provider.script = [Answer(500), Answer(200)]
    results = list(adapter(provider).send(NO_SESSION, pushes("a", "b"), now))
    assert results == [
        SendResult("nurture-message-1", Outcome.IN_DOUBT),
        SendResult("nurture-message-2", Outcome.DELIVERED),
    ]


def test_after_some_noes_in_a_row_the_rest_is_not_tried(provider: GatewayServer, now: datetime) -> None:
    provider.script = [Answer(500)] * 4
    found: list[SendResult] = []
    results = adapter(provider, failures=2).send(NO_SESSION, pushes("a", "b", "c", "d"), now)
    with pytest.raises(ChannelUnavailable):
        found.extend(results)
    outcomes = [Outcome.IN_DOUBT] * 2 + [Outcome.NOT_TRIED] * 2
    assert found == [SendResult(f"nurture-message-{n}", outcome) for n, outcome in enumerate(outcomes, 1)]
    assert len(provider.requests) == 2


def test_nothing_is_said_on_stderr(
    provider: GatewayServer, now: datetime, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    provider.script = [Answer(500)]
    list(adapter(provider).send(NO_SESSION, pushes("member-token"), now))
    assert "member-token" not in capfd.readouterr().err + caplog.text
