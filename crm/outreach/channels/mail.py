"""A message as a mail: headers, a text and, where there is one, its page."""

import re
from datetime import datetime
from email.headerregistry import Address, BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, Policy
from email.utils import format_datetime
from typing import Any

from crm.outreach.channels.adapter import OutgoingMessage
from crm.outreach.channels.urls import MAILBOX, MailServer

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_WEB_ADDRESS = re.compile(r"https?://[!-;=?-~]{1,900}")
"""Printable ASCII without angle brackets, within the 998 characters of a line."""


class _Verbatim(UnstructuredHeader, BaseHeader):
    """A header whose value stands in one piece: folded, a long address would be encoded, and lead nowhere."""

    def fold(self, *, policy: "Policy[Any]") -> str:
        return f"{self.name}: {self}{policy.linesep}"


_REGISTRY = HeaderRegistry()
_REGISTRY.map_to_type("list-unsubscribe", _Verbatim)
_REGISTRY.map_to_type("message-id", _Verbatim)
_POLICY = SMTP.clone(header_factory=_REGISTRY, cte_type="7bit")
"""Transfer encodings that every server takes, whether or not it knows 8BITMIME."""


def envelope_address(address: str, *, speaks_utf8: bool) -> str | None:
    """The address as the server takes it; None when it is not one mailbox, or not one that this server can reach."""
    address = address.strip()
    if not MAILBOX.fullmatch(address):
        return None
    local, _, domain = address.rpartition("@")
    if not local.isascii():
        return address if speaks_utf8 else None
    try:
        return f"{local}@{domain.encode('idna').decode('ascii')}"
    except UnicodeError:
        return None


def compose(server: MailServer, message: OutgoingMessage, recipient: str, now: datetime) -> bytes:
    """The mail, ready for the wire. The same message always has the same Message-ID."""
    mail = EmailMessage(policy=_POLICY if recipient.isascii() else _POLICY.clone(utf8=True))
    mail["Message-ID"] = f"<{message.idempotency_key}@{server.sender.rpartition('@')[2]}>"
    mail["Date"] = format_datetime(now)
    mail["From"] = Address(display_name=server.sender_name, addr_spec=server.sender)
    mail["To"] = recipient
    if server.reply_to is not None:
        mail["Reply-To"] = server.reply_to
    if message.subject:
        mail["Subject"] = _one_line(message.subject)
    _offer_opt_out(mail, message.unsubscribe_url)
    mail.set_content(message.body)
    if message.html is not None:
        mail.add_alternative(message.html, subtype="html")
    return mail.as_bytes()


def _offer_opt_out(mail: EmailMessage, url: str | None) -> None:
    """RFC 8058: mail programs offer one click only where the address is encrypted."""
    if url is None or not _WEB_ADDRESS.fullmatch(url):
        return
    mail["List-Unsubscribe"] = f"<{url}>"
    if url.startswith("https://"):
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"


def _one_line(text: str) -> str:
    """A name or a subject can begin no new header."""
    return " ".join(_UNPRINTABLE.sub(" ", text).split())
