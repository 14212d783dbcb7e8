"""A service that Apprise knows, on loopback."""

from collections.abc import Iterator
from datetime import datetime
from typing import cast

import pytest
from sqlalchemy.orm import Session

from crm.members.models import Channel
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


def test_a_list_of_addresses_is_not_one_address(provider: GatewayServer, now: datetime) -> None:
    (result,) = adapter(provider).send(NO_SESSION, pushes("one,two"), now)
    assert (result.outcome, provider.requests) == (Outcome.REFUSED, [])


def test_a_no_leaves_its_message_in_doubt_and_the_others_go_on(provider: GatewayServer, now: datetime) -> None:
    provider.script = [Answer(500), Answer(200)]
    results = list(adapter(provider).send(NO_SESSION, pushes("a", "b"), now))
    assert results == [SendResult("nurture-message-2", Outcome.DELIVERED)]


def test_after_some_noes_in_a_row_the_rest_is_not_tried(provider: GatewayServer, now: datetime) -> None:
    provider.script = [Answer(500)] * 4
    found: list[SendResult] = []
    results = adapter(provider, failures=2).send(NO_SESSION, pushes("a", "b", "c", "d"), now)
    with pytest.raises(ChannelUnavailable):
        found.extend(results)
    assert found == [SendResult(f"nurture-message-{n}", Outcome.NOT_TRIED) for n in (3, 4)]
    assert len(provider.requests) == 2


def test_nothing_is_said_on_stderr(
    provider: GatewayServer, now: datetime, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    provider.script = [Answer(500)]
    list(adapter(provider).send(NO_SESSION, pushes("member-token"), now))
    assert "member-token" not in capfd.readouterr().err + caplog.text
