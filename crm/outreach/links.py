"""Signed links: what a message says about itself in an address, so that nobody can say it in another's name.

A token holds a purpose, the message's id and for a click the link's id, nothing about a member, followed
by a message authentication code. Tokens of one purpose have one length, so the length of a text is known
before its message exists.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from dataclasses import dataclass, replace
from enum import IntEnum
from struct import Struct

CODE_BYTES = 10
"""80 bits of HMAC-SHA-256, the least that RFC 2104 (section 5) advises; a guess costs a request each."""


class Purpose(IntEnum):
    OPEN = 1
    CLICK = 2
    UNSUBSCRIBE = 3


_LAYOUTS = {
    Purpose.OPEN: Struct(">BI"),
    Purpose.CLICK: Struct(">BII"),
    Purpose.UNSUBSCRIBE: Struct(">BI"),
}
SAMPLE_ID = 0
"""No message and no link has this id: links of previews look right and lead nowhere."""


@dataclass(frozen=True)
class LinkToken:
    purpose: Purpose
    message_id: int
    link_id: int | None = None
    """Of a click: which `MessageLink`."""


@dataclass(frozen=True)
class Links:
    """Makes and reads the signed links of one installation."""

    keys: tuple[bytes, ...]
    """The last one signs; the older ones keep links valid that are out already."""
    base_url: str = ""
    """Where members reach this installation, without a slash at the end; empty: links are relative."""
    own_url: str = "http://127.0.0.1:8000"
    """Where this machine reaches it, for what is looked at on it alone."""

    def __repr__(self) -> str:
        return f"Links({self.base_url!r})"

    def of_previews(self) -> "Links":
        """The same with an address in any case: whoever looks at an e-mail on its own has nothing to be relative to."""
        return replace(self, base_url=self.base_url or self.own_url)

    def open_pixel(self, message_id: int) -> str:
        return f"{self.base_url}/t/o/{self._sign(Purpose.OPEN, message_id)}.gif"

    def click(self, message_id: int, link_id: int) -> str:
        return f"{self.base_url}/t/c/{self._sign(Purpose.CLICK, message_id, link_id)}"

    def unsubscribe(self, message_id: int) -> str:
        return f"{self.base_url}/u/{self._sign(Purpose.UNSUBSCRIBE, message_id)}"

    def sign(self, token: LinkToken) -> str:
        return self._sign(token.purpose, token.message_id, *([] if token.link_id is None else [token.link_id]))

    def _sign(self, purpose: Purpose, *ids: int) -> str:
        payload = _LAYOUTS[purpose].pack(purpose, *ids)
        return _text(payload + _code(self.keys[-1], payload))

    def read(self, written: str, purpose: Purpose) -> LinkToken | None:
        """The token, None unless one of our keys signed it for this purpose."""
        layout = _LAYOUTS[purpose]
        raw = _raw(written)
        if raw is None or len(raw) != layout.size + CODE_BYTES:
            return None
        payload, code = raw[: layout.size], raw[layout.size :]
        # Every key is tried, whichever fits: the time taken tells nothing.
        fits = [hmac.compare_digest(_code(key, payload), code) for key in self.keys]
        named, message_id, *link_id = layout.unpack(payload)
        if named != purpose or not any(fits):
            return None
        return LinkToken(purpose, message_id, *link_id)


def _code(key: bytes, payload: bytes) -> bytes:
    return hmac.digest(key, payload, "sha256")[:CODE_BYTES]


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _raw(written: str) -> bytes | None:
    """None for what is no base64, or is not written as we write it."""
    try:
        raw = urlsafe_b64decode(written + "=" * (-len(written) % 4))
    except (Base64Error, ValueError):
        return None
    return raw if _text(raw) == written else None
