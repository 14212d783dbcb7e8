"""A message as a mail: headers, a text and, where there is one, its page."""

import re
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from crm.outreach.channels.adapter import OutgoingMessage
from crm.outreach.channels.headers import address_header, text_header, verbatim_header
from crm.outreach.channels.urls import MAILBOX, MailServer

_WEB_ADDRESS = re.compile(r"https?://[!-;=?-~]{1,900}")
"""Printable ASCII without angle brackets, within the 998 characters of a line."""
_LONGEST_MAILBOX = 254
"""RFC 5321, 4.5.3.1.3, without the angle brackets."""
_POLICY = SMTP.clone(cte_type="7bit")
"""Transfer encodings that every server takes, whether or not it knows 8BITMIME. For bodies and what describes them;
whatever somebody may have typed into a header is written by `headers`."""


def envelope_address(address: str, *, speaks_utf8: bool) -> str | None:
    """The address as the server takes it; None when it is not one mailbox, or not one that this server can reach."""
    address = address.strip()
    if len(address) > _LONGEST_MAILBOX or not address.isprintable() or not MAILBOX.fullmatch(address):
        return None
    local, _, domain = address.rpartition("@")
    if not local.isascii():
        return address if speaks_utf8 else None
    try:
        reached = f"{local}@{domain.encode('idna').decode('ascii')}"
    except UnicodeError:
        return None
    # Once more: IDNA reads a wide > as >.
    return reached if MAILBOX.fullmatch(reached) else None


def compose(server: MailServer, message: OutgoingMessage, recipient: str, now: datetime) -> bytes:
    """The mail, ready for the wire. The same message always has the same Message-ID."""
    headers = [
        verbatim_header("Message-ID", f"<{message.idempotency_key}@{server.sender.rpartition('@')[2]}>"),
        verbatim_header("Date", format_datetime(now)),
        address_header("From", server.sender, server.sender_name),
        address_header("To", recipient),
    ]
    if server.reply_to is not None:
        headers.append(address_header("Reply-To", server.reply_to))
    if message.subject:
        headers.append(text_header("Subject", message.subject))
    headers += _opt_out(message.unsubscribe_url)
    content = EmailMessage(policy=_POLICY)
    content.set_content(message.body)
    if message.html is not None:
        content.add_alternative(message.html, subtype="html")
    return "".join(headers).encode() + content.as_bytes()


def _opt_out(url: str | None) -> list[str]:
    """RFC 8058: mail programs offer one click only where the address is encrypted."""
    if url is None or not _WEB_ADDRESS.fullmatch(url):
        return []
    one_click = [verbatim_header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")]
    return [verbatim_header("List-Unsubscribe", f"<{url}>"), *(one_click if url.startswith("https://") else [])]
