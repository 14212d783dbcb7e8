"""SMS and push through a gateway: one signed HTTP request a message (docs/integrators.md has the contract)."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

import httpx
from sqlalchemy.orm import Session

from crm.outreach.channels.adapter import ChannelUnavailable, Outcome, OutgoingMessage, SendResult, not_tried
from crm.outreach.channels.breaker import CircuitBreaker
from crm.outreach.channels.refusals import refusal_by_gateway
from crm.outreach.channels.signing import SIGNATURE_HEADER, TIMESTAMP_HEADER, is_signed, sign
from crm.outreach.channels.urls import Gateway
from crm.outreach.rate_limit import RateLimit

MOST_AT_ONCE = 100
LONGEST_BATCH_SECONDS = 8.0
"""With a slow gateway the rest of the batch goes in another one."""
LONGEST_REST_SECONDS = 3600.0
"""A gateway that asks for a longer pause is asked again after this one."""
USUAL_REST_SECONDS = 30.0
"""The pause after a 429 that does not say how long."""

_REFUSALS = (HTTPStatus.BAD_REQUEST, HTTPStatus.GONE, HTTPStatus.UNPROCESSABLE_ENTITY)
"""Answers about one message. Any other 4xx (no such page, no right) is about us, and would meet all of them."""
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_MOST_WORDS = 200


class WebhookAdapter:
    """Hands messages to a gateway one by one, over one connection a batch."""

    def __init__(
        self,
        gateway: Gateway,
        *,
        per_second: float | None = None,
        breaker: CircuitBreaker | None = None,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._gateway = gateway
        self._breaker = breaker or CircuitBreaker()
        self._wall_clock = wall_clock
        self.honours_idempotency_key = gateway.honours_idempotency_key
        self.pace: RateLimit | None = RateLimit(most_at_once=MOST_AT_ONCE, per_second=per_second)

    def send(self, session: Session, batch: Sequence[OutgoingMessage], now: datetime) -> Iterator[SendResult]:
        ends_at = time.monotonic() + LONGEST_BATCH_SECONDS
        place = 0
        try:
            self._breaker.enter()
            with httpx.Client(timeout=self._gateway.timeout_seconds, follow_redirects=False) as client:
                for place, message in enumerate(batch):
                    if place and time.monotonic() > ends_at:
                        yield from not_tried(batch[place:])
                        return
                    result = self._result(message, self._ask(client, message))
                    self._breaker.succeeded()
                    yield result
        except _InDoubt as doubt:
            self._breaker.failed()
            yield from not_tried(batch[place + 1 :])
            raise ChannelUnavailable(str(doubt)) from doubt
        except ChannelUnavailable:
            yield from not_tried(batch[place:])
            raise

    def has_signed(self, *, timestamp: str, signature: str, body: bytes) -> bool:
        """Whether a receipt comes from this gateway, and from just now."""
        return is_signed(
            self._gateway.secret, timestamp=timestamp, signature=signature, body=body, now_seconds=self._wall_clock()
        )

    def _ask(self, client: httpx.Client, message: OutgoingMessage) -> httpx.Response:
        """Raises _InDoubt where the gateway may have taken the message, ChannelUnavailable where it has not."""
        body = _body(message)
        timestamp = int(self._wall_clock())
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": message.idempotency_key,
            TIMESTAMP_HEADER: str(timestamp),
            SIGNATURE_HEADER: sign(self._gateway.secret, timestamp, body),
        }
        try:
            return client.post(self._gateway.url, content=body, headers=headers)
        except _NOT_SENT as error:
            self._breaker.failed()
            raise ChannelUnavailable(f"{self._gateway.host} cannot be reached: {type(error).__name__}") from error
        except httpx.RequestError as error:
            raise _InDoubt(f"{self._gateway.host} took a message and gave no answer: {type(error).__name__}") from error

    def _result(self, message: OutgoingMessage, answer: httpx.Response) -> SendResult:
        key, status = message.idempotency_key, answer.status_code
        if answer.is_success:
            said = _said(answer)
            arrived = said.get("status") == "delivered" or not self._gateway.sends_receipts
            outcome = Outcome.DELIVERED if arrived else Outcome.ACCEPTED
            return SendResult(key, outcome, provider_ref=_text(said.get("id")))
        if status in _REFUSALS:
            said = _said(answer)
            reason = _text(said.get("reason") or said.get("detail")) or f"refused with status {status}"
            meant = refusal_by_gateway(reason, is_permanent=said.get("is_permanent") is True)
            return SendResult(key, Outcome.REFUSED, provider_ref=_text(said.get("id")), reason=reason, refusal=meant)
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            rest = _rest_seconds(answer.headers.get("Retry-After"), self._wall_clock())
            self._breaker.rest(rest)
            raise ChannelUnavailable(f"{self._gateway.host} asks for a pause of {rest:.0f} s", rest_seconds=rest)
        if answer.is_server_error:
            raise _InDoubt(f"{self._gateway.host} failed on a message with status {status}")
        self._breaker.failed()
        raise ChannelUnavailable(f"{self._gateway.host} takes nothing from us: status {status}")


class _InDoubt(Exception):
    """The gateway may have taken the message or not."""


def _body(message: OutgoingMessage) -> bytes:
    fields = {
        "idempotency_key": message.idempotency_key,
        "channel": message.channel.value,
        "to": message.address,
        "subject": message.subject,
        "text": message.body,
        "html": message.html,
        "unsubscribe_url": message.unsubscribe_url,
    }
    return json.dumps({name: value for name, value in fields.items() if value is not None}, ensure_ascii=False).encode()


def _said(answer: httpx.Response) -> dict[str, Any]:
    """The object in the body of an answer; empty when it says nothing that can be read."""
    try:
        said = answer.json()
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _text(value: object) -> str | None:
    return " ".join(str(value).split())[:_MOST_WORDS] if isinstance(value, str | int) else None


def _rest_seconds(retry_after: str | None, now_seconds: float) -> float:
    """Seconds or a date (RFC 9110, 10.2.3), within bounds."""
    try:
        if retry_after is None:
            return USUAL_REST_SECONDS
        if retry_after.strip().isdigit():
            seconds = float(retry_after)
        else:
            moment = parsedate_to_datetime(retry_after)
            seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now_seconds
    except ValueError:
        return USUAL_REST_SECONDS
    return min(max(seconds, 1.0), LONGEST_REST_SECONDS)
