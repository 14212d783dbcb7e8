"""Channels as settings name them: one URL says how the messages of a channel leave."""

import re
from dataclasses import dataclass, field
from email.utils import parseaddr
from enum import StrEnum
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from crm.channels import Channel
from crm.errors import InvalidRequest

TIMEOUT_SECONDS = 10.0
"""For each answer of a provider; nobody else waits for it."""
LONGEST_TIMEOUT_SECONDS = 20.0
SHORTEST_SECRET = 16

MAILBOX = re.compile(r"(?!.*=\?)[^\s<>()\[\]\\,;:\"@\x00-\x1f\x7f]+@[^\s<>()\[\]\\,;:\"@\x00-\x1f\x7f]+")
"""One address, with nothing in it that a header or a mail server could read as more than one, or as an encoded word."""
ADDRESS_PLACE = "{address}"


class Encryption(StrEnum):
    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


@dataclass(frozen=True)
class Outbox:
    """Messages stay here."""


@dataclass(frozen=True)
class MailServer:
    host: str
    port: int
    encryption: Encryption
    sender: str
    sender_name: str
    reply_to: str | None
    user: str | None
    password: str | None = field(repr=False)
    ca_file: str | None
    """Certificates to trust instead of the system's."""
    timeout_seconds: float


@dataclass(frozen=True)
class Gateway:
    url: str = field(repr=False)
    """May hold a key of the gateway's own in its query."""
    host: str
    secret: str = field(repr=False)
    honours_idempotency_key: bool
    sends_receipts: bool
    timeout_seconds: float


@dataclass(frozen=True)
class AppriseService:
    url: str = field(repr=False)
    """With ADDRESS_PLACE where the member's address belongs."""


ChannelUrl = Outbox | MailServer | Gateway | AppriseService


def read_channel_url(text: str, channel: Channel, *, variable: str) -> ChannelUrl:
    """What the URL says. Raises InvalidRequest naming the variable, and never quoting the URL: it holds secrets."""
    reading = _Reading(variable)
    scheme, _, rest = text.strip().partition(":")
    match scheme.lower():
        case "outbox" if not rest:
            return Outbox()
        case "smtp" | "smtps":
            if channel is not Channel.EMAIL:
                raise reading.wrong("a mail server sends e-mail only; use a webhook+https or apprise+ URL here")
            return _mail_server(reading, text.strip())
        case "webhook+https" | "webhook+http":
            return _gateway(reading, text.strip().partition("+")[2])
        case name if name.startswith("apprise+"):
            url = text.strip().partition("+")[2]
            if ADDRESS_PLACE not in url:
                raise reading.wrong(f"write {ADDRESS_PLACE} where the member's address belongs in the Apprise URL")
            return AppriseService(url)
    raise reading.wrong(
        "begin with outbox:, smtp://, smtps://, webhook+https:// or apprise+; docs/operators.md has examples"
    )


@dataclass(frozen=True)
class _Reading:
    variable: str

    def wrong(self, why: str) -> InvalidRequest:
        return InvalidRequest(f"{self.variable}: {why}")

    def split(self, text: str) -> SplitResult:
        try:
            if not (text.isascii() and text.isprintable()):
                raise ValueError
            parts = urlsplit(text)
            _ = parts.port
        except ValueError:
            # Without the error's own words, which quote what may be a password.
            raise self.wrong(
                "this is no URL in plain ASCII; in a password write @ as %40, / as %2F, # as %23, ? as %3F, : as %3A"
            ) from None
        if not parts.hostname:
            raise self.wrong("the URL names no host")
        return parts

    def options(self, text: str, *, known: tuple[str, ...]) -> dict[str, str]:
        pairs = parse_qsl(text, keep_blank_values=True)
        for name, _ in pairs:
            if name not in known:
                raise self.wrong(f"there is no option {name[:20]!r}; there are: {', '.join(known)}")
        return dict(pairs)

    def choice(self, options: dict[str, str], name: str, choices: dict[str, bool], *, default: str) -> bool:
        chosen = options.get(name, default)
        if chosen not in choices:
            raise self.wrong(f"{name} is one of: {', '.join(choices)}")
        return choices[chosen]

    def timeout(self, options: dict[str, str]) -> float:
        text = options.get("timeout_seconds", str(TIMEOUT_SECONDS))
        try:
            seconds = float(text)
        except ValueError:
            seconds = 0.0
        if not 0 < seconds <= LONGEST_TIMEOUT_SECONDS:
            raise self.wrong(f"timeout_seconds is a number up to {LONGEST_TIMEOUT_SECONDS:.0f}")
        return seconds


def _mail_server(reading: _Reading, text: str) -> MailServer:
    parts = reading.split(text)
    options = reading.options(parts.query, known=("from", "reply_to", "tls", "ca", "timeout_seconds"))
    if parts.path.strip("/") or parts.fragment:
        raise reading.wrong("after the host stand only options, as in ?from=club@example.com")
    encryption = _encryption(reading, parts, options)
    name, sender = parseaddr(options.get("from", ""))
    reply_to = options.get("reply_to")
    if not MAILBOX.fullmatch(sender) or not sender.isascii() or not options["from"].isprintable():
        raise reading.wrong(
            "from=... is missing or no address; write from=club@example.com or from=Club%20%3Cclub@example.com%3E"
        )
    if reply_to is not None and not (MAILBOX.fullmatch(reply_to) and reply_to.isascii()):
        raise reading.wrong("reply_to=... is no address")
    ca_file = options.get("ca")
    if ca_file is not None and not Path(ca_file).is_file():
        raise reading.wrong("ca=... names no file")
    return MailServer(
        host=str(parts.hostname),
        port=parts.port or (465 if encryption is Encryption.TLS else 587),
        encryption=encryption,
        sender=sender,
        sender_name=name,
        reply_to=reply_to,
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        ca_file=ca_file,
        timeout_seconds=reading.timeout(options),
    )


def _encryption(reading: _Reading, parts: SplitResult, options: dict[str, str]) -> Encryption:
    if parts.scheme == "smtps":
        if "tls" in options:
            raise reading.wrong("smtps:// is encrypted from the start; leave tls=... out")
        return Encryption.TLS
    if not reading.choice(options, "tls", {"starttls": True, "none": False}, default="starttls"):
        if parts.password and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
            raise reading.wrong("with tls=none the password would cross the network for everybody to read")
        return Encryption.NONE
    return Encryption.STARTTLS


def _gateway(reading: _Reading, text: str) -> Gateway:
    parts = reading.split(text)
    options = reading.options(parts.fragment, known=("keys", "receipts", "timeout_seconds"))
    secret = unquote(parts.password or "")
    if parts.username or len(secret) < SHORTEST_SECRET:
        raise reading.wrong(
            f"the shared secret stands before the host, as in webhook+https://:SECRET@host/path, "
            f"and has at least {SHORTEST_SECRET} characters"
        )
    return Gateway(
        url=parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment="").geturl(),
        host=str(parts.hostname),
        secret=secret,
        honours_idempotency_key=reading.choice(
            options, "keys", {"honoured": True, "ignored": False}, default="ignored"
        ),
        sends_receipts=reading.choice(options, "receipts", {"yes": True, "no": False}, default="yes"),
        timeout_seconds=reading.timeout(options),
    )
