"""Any service that Apprise knows, by its URL."""

import logging
import re
import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from urllib.parse import quote

import apprise
from sqlalchemy.orm import Session

from crm.channels import CHANNELS, Channel
from crm.errors import InvalidRequest
from crm.outreach.channels.adapter import ChannelUnavailable, Outcome, OutgoingMessage, SendResult, not_tried
from crm.outreach.channels.breaker import CircuitBreaker
from crm.outreach.channels.urls import ADDRESS_PLACE, AppriseService
from crm.outreach.rate_limit import RateLimit

MOST_AT_ONCE = 20
"""Few: when our process dies, nobody knows of any message of the batch whether it went."""
LONGEST_BATCH_SECONDS = 8.0

_ONE_ADDRESS = re.compile(r"[^\s,;]+")
"""Apprise reads a list as several recipients."""


class AppriseAdapter:
    """Apprise says yes or no, and not why: a no may be a refusal or an answer that was lost, and leaves doubt."""

    honours_idempotency_key = False

    def __init__(
        self,
        service: AppriseService,
        channel: Channel,
        *,
        variable: str,
        per_second: float | None = None,
        breaker: CircuitBreaker | None = None,
    ) -> None:
        """Raises InvalidRequest, naming the variable, when Apprise cannot read the URL."""
        self._service = service
        self._breaker = breaker or CircuitBreaker()
        self.pace: RateLimit | None = RateLimit(most_at_once=MOST_AT_ONCE, per_second=per_second)
        # Its lines name the recipients.
        logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
        if self._opened(CHANNELS[channel].sample_address) is None:
            raise InvalidRequest(
                f"{variable}: Apprise knows no service for what follows apprise+, or lacks a part of it"
            )

    def send(self, session: Session, batch: Sequence[OutgoingMessage], now: datetime) -> Iterator[SendResult]:
        ends_at = time.monotonic() + LONGEST_BATCH_SECONDS
        for place, message in enumerate(batch):
            try:
                self._breaker.enter()
            except ChannelUnavailable:
                yield from not_tried(batch[place:])
                raise
            if place and time.monotonic() > ends_at:
                yield from not_tried(batch[place:])
                return
            yield from self._result(message)

    def _result(self, message: OutgoingMessage) -> Iterator[SendResult]:
        """One result; in doubt where nobody knows."""
        target = self._opened(message.address)
        try:
            has_gone = target is not None and _notified(target, message)
        except UnicodeError:
            # The service wants the address in a header, and a header holds no such characters: nothing was sent.
            target, has_gone = None, False
        if target is None:
            yield SendResult(message.idempotency_key, Outcome.REFUSED, reason="no address that this service can reach")
        elif has_gone:
            self._breaker.succeeded()
            yield SendResult(message.idempotency_key, Outcome.DELIVERED)
        else:
            self._breaker.failed()
            yield SendResult(message.idempotency_key, Outcome.IN_DOUBT)

    def _opened(self, address: str) -> apprise.NotifyBase | None:
        if not (address.isprintable() and _ONE_ADDRESS.fullmatch(address)):
            return None
        url = self._service.url.replace(ADDRESS_PLACE, quote(address, safe=""))
        target = apprise.Apprise.instantiate(url, suppress_exceptions=True)
        return target if isinstance(target, apprise.NotifyBase) else None


def _notified(target: apprise.NotifyBase, message: OutgoingMessage) -> bool:
    is_page = target.notify_format == apprise.NotifyFormat.HTML and message.html is not None
    return bool(
        target.notify(
            body=message.html if is_page else message.body,
            title=message.subject or "",
            body_format=apprise.NotifyFormat.HTML if is_page else apprise.NotifyFormat.TEXT,
        )
    )
