"""E-mail through an SMTP server."""

import re
import smtplib
import ssl
import time
from collections import deque
from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from crm.outreach.channels.adapter import ChannelUnavailable, Outcome, OutgoingMessage, SendResult, may_begin, not_tried
from crm.outreach.channels.breaker import CircuitBreaker
from crm.outreach.channels.mail import compose, envelope_address
from crm.outreach.channels.refusals import refusal_by_mail
from crm.outreach.channels.urls import Encryption, MailServer
from crm.outreach.rate_limit import RateLimit

MOST_AT_ONCE = 50
"""Few: when our process dies, nobody knows of any message of the batch whether it went."""
LONGEST_BATCH_SECONDS = 8.0
"""With a slow server the rest of the batch goes in another one."""

_GO_AHEAD = 354
_SHUTTING_DOWN = 421
_MOST_WORDS = 200
_ADDRESS = re.compile(r"(?<!\S)\S+@\S+")


class SmtpAdapter:
    """One connection a batch. A mail server forgets what it took: a message in doubt is never sent again."""

    honours_idempotency_key = False

    def __init__(
        self, server: MailServer, *, per_second: float | None = None, breaker: CircuitBreaker | None = None
    ) -> None:
        self._server = server
        self._breaker = breaker or CircuitBreaker()
        self.pace: RateLimit | None = RateLimit(most_at_once=MOST_AT_ONCE, per_second=per_second)
        self._prepared: deque[_Line | _LineClosed] = deque()

    def prepare(self) -> None:
        """Connect and log in for the next batch: that takes as long as it takes, and is done before any lock."""
        if self._prepared or self._breaker.is_open:
            return
        try:
            self._prepared.append(_Line(self._server))
        except _LineClosed as closed:
            self._prepared.append(closed)

    def release(self) -> None:
        """Hang up what was prepared and not used."""
        while self._prepared:
            line = self._prepared.popleft()
            if isinstance(line, _Line):
                line.hang_up()

    def _line(self) -> "_Line":
        try:
            line = self._prepared.popleft()
        except IndexError:
            return _Line(self._server)
        if isinstance(line, _LineClosed):
            raise line
        return line

    def send(self, session: Session, batch: Sequence[OutgoingMessage], now: datetime) -> Iterator[SendResult]:
        waiting = list(batch)
        try:
            self._breaker.enter()
            for result in self._results(waiting, now):
                self._breaker.succeeded()
                yield result
        except _LineClosed as closed:
            self._breaker.failed()
            yield from not_tried(waiting[1:] if closed.in_doubt else waiting)
            raise ChannelUnavailable(str(closed)) from closed
        except ChannelUnavailable:
            yield from not_tried(waiting)
            raise
        yield from not_tried(waiting)

    def _results(self, waiting: list[OutgoingMessage], now: datetime) -> Iterator[SendResult]:
        """Results of the first messages, which leave `waiting`, as long as time and connections last."""
        ends_at = time.monotonic() + LONGEST_BATCH_SECONDS
        line = self._line()
        try:
            while waiting and may_begin():
                try:
                    result = line.hand_over(waiting[0], now)
                except _LineClosed as closed:
                    # Some servers take so many messages a connection; one that answered none of them is ill.
                    if closed.in_doubt or not line.has_answered:
                        raise
                    line.hang_up()
                    line = _Line(self._server)
                    continue
                del waiting[0]
                yield result
                if time.monotonic() > ends_at:
                    return
        finally:
            line.hang_up()


class _LineClosed(Exception):
    """The server is gone, or will not talk to us. The words are for the log: they name no member."""

    def __init__(self, reason: str, *, in_doubt: bool = False) -> None:
        super().__init__(_ADDRESS.sub("<address>", reason))
        self.in_doubt = in_doubt
        """Whether the message under way may have been taken."""


class _Line:
    """A connection to the server, logged in."""

    def __init__(self, server: MailServer) -> None:
        self._sender = server
        self.has_answered = False
        """Whether it has said of any message what becomes of it."""
        try:
            self._server = _connected(server)
        except (OSError, smtplib.SMTPException) as error:
            raise _LineClosed(f"the mail server {server.host} cannot be used: {_reason(error)}") from error

    def hand_over(self, message: OutgoingMessage, now: datetime) -> SendResult:
        """Raises _LineClosed when the connection breaks, or the server refuses us and not the recipient."""
        key = message.idempotency_key
        recipient = envelope_address(message.address, speaks_utf8=self._server.has_extn("smtputf8"))
        if recipient is None:
            return SendResult(key, Outcome.REFUSED, reason="not one mailbox that the mail server can reach")
        content = compose(self._sender, message, recipient, now)
        try:
            code, words = self._envelope(recipient)
        except (OSError, smtplib.SMTPException) as error:
            self._server.close()  # without a farewell, which could take as long again
            raise _LineClosed(f"the connection broke: {_reason(error)}") from error
        has_recipient = code == _GO_AHEAD
        if has_recipient:
            code, words = self._transfer(content)
        if code == _SHUTTING_DOWN:
            raise _LineClosed(f"the mail server ended the connection: {_words(code, words)}")
        self.has_answered = True
        if 200 <= code < 300:
            return SendResult(key, Outcome.DELIVERED, provider_ref=_words(code, words))
        said = _words(code, words)
        if code < 500:
            return SendResult(key, Outcome.TRY_LATER, reason=said)
        meant = refusal_by_mail(code, said, at_recipient=not has_recipient)
        return SendResult(key, Outcome.REFUSED, reason=said, refusal=meant)

    def _envelope(self, recipient: str) -> tuple[int, bytes]:
        """Sender and recipient; the answer to DATA, or to whatever was refused before."""
        self._server.rset()
        code, words = self._server.mail(self._sender.sender, [] if recipient.isascii() else ["SMTPUTF8"])
        if code >= 400:
            raise _LineClosed(f"the mail server takes nothing from our sender: {_words(code, words)}")
        code, words = self._server.rcpt(recipient)
        return (code, words) if code >= 300 else self._server.docmd("DATA")

    def _transfer(self, content: bytes) -> tuple[int, bytes]:
        try:
            self._server.send(re.sub(rb"(?m)^\.", b"..", content) + b".\r\n")
            return self._server.getreply()
        except (OSError, smtplib.SMTPException) as error:
            # The end of the message may have arrived and its answer been lost.
            self._server.close()
            raise _LineClosed(f"the connection broke during a message: {_reason(error)}", in_doubt=True) from error

    def hang_up(self) -> None:
        try:
            self._server.quit()
        except (OSError, smtplib.SMTPException):
            self._server.close()


def _connected(server: MailServer) -> smtplib.SMTP:
    host_name = server.sender.rpartition("@")[2]
    context = ssl.create_default_context(cafile=server.ca_file)
    if server.encryption is Encryption.TLS:
        line: smtplib.SMTP = smtplib.SMTP_SSL(
            server.host, server.port, host_name, timeout=server.timeout_seconds, context=context
        )
    else:
        line = smtplib.SMTP(server.host, server.port, host_name, timeout=server.timeout_seconds)
    try:
        if server.encryption is Encryption.STARTTLS:
            line.starttls(context=context)
        line.ehlo_or_helo_if_needed()
        if server.user is not None:
            line.login(server.user, server.password or "")
    except BaseException:
        line.close()
        raise
    return line


def _reason(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return _words(error.smtp_code, error.smtp_error)
    return str(error) or type(error).__name__


def _words(code: int, words: bytes | str) -> str:
    text = words if isinstance(words, str) else words.decode("utf-8", "replace")
    return f"{code} {' '.join(text.split())}"[:_MOST_WORDS]
