"""A real SMTP server on loopback that refuses, delays and hangs up, and keeps all that it took."""

import asyncio
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


@dataclass
class MailServer:
    """What it does with a recipient is his name before the `@`; a number after a plus sign limits how often.

    `refuse` and `later` at the recipient, `spam` and `busy` at the content, `shut` closes at the recipient,
    `drop` hangs up when it has the whole message, `slow` answers after `slow_seconds`. Anybody else gets
    his mail.
    """

    port: int = 0
    slow_seconds: float = 0.0
    most_a_connection: int | None = None
    sender_refused: bool = False
    taken: list[EmailMessage] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    """The same as it came over the wire."""
    recipients: list[str] = field(default_factory=list)
    connections: int = 0
    logins: list[str] = field(default_factory=list)
    were_encrypted: list[bool] = field(default_factory=list)
    asked: dict[str, int] = field(default_factory=dict)

    async def handle_EHLO(  # noqa: N802 (aiosmtpd's names)
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        self.connections += 1
        session.messages = 0  # type: ignore[attr-defined]
        return responses

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.sender_refused:
            return "553 5.7.1 sender not allowed"
        if self.most_a_connection is not None and session.messages >= self.most_a_connection:  # type: ignore[attr-defined]
            self._hang_up(server)
            return "421 4.7.0 too many messages in this connection"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        match self._word(address):
            case "refuse":
                return "550 5.1.1 no such user here"
            case "later":
                return "451 4.7.1 greylisted, come back"
            case "shut":
                return "421 4.3.2 going down"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        address = envelope.rcpt_tos[0]
        word = address.partition("@")[0].partition("+")[0]
        if word == "spam":
            return "554 5.7.1 looks like spam"
        if word == "busy":
            return "452 4.2.2 mailbox full"
        if word == "slow":
            await asyncio.sleep(self.slow_seconds)
        session.messages += 1  # type: ignore[attr-defined]
        self.recipients.append(address)
        self.were_encrypted.append(session.ssl is not None)
        content = envelope.content
        assert isinstance(content, bytes)
        self.raw.append(content)
        mail = message_from_bytes(content, policy=default)
        assert isinstance(mail, EmailMessage)
        self.taken.append(mail)
        if word == "drop":
            self._hang_up(server)
        return "250 2.0.0 queued"

    def _word(self, address: str) -> str:
        """The first word of the name, as often as its number says."""
        word, _, limit = address.partition("@")[0].partition("+")
        self.asked[address] = self.asked.get(address, 0) + 1
        return word if not limit or self.asked[address] <= int(limit) else ""

    @staticmethod
    def _hang_up(server: SMTP) -> None:
        assert server.transport is not None
        server.transport.abort()

    def login(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, auth_data: Any) -> AuthResult:
        is_right = isinstance(auth_data, LoginPassword) and auth_data.password == b"p@ss/word"
        if is_right:
            self.logins.append(auth_data.login.decode())
        return AuthResult(success=is_right)


@contextmanager
def mail_server(*, context: ssl.SSLContext | None = None, wants_login: bool = False) -> Iterator[MailServer]:
    """A running server; with `context` it offers STARTTLS and insists on it."""
    server = MailServer(port=_free_port())
    options: dict[str, Any] = {"tls_context": context, "require_starttls": True} if context else {}
    if wants_login:
        options |= {"authenticator": server.login, "auth_required": True, "auth_require_tls": context is not None}
    controller = Controller(server, hostname="127.0.0.1", port=server.port, enable_SMTPUTF8=False, **options)
    controller.start()
    try:
        yield server
    finally:
        controller.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
