"""Signatures on what goes to a gateway and on the receipts it sends back: HMAC-SHA256 over time and body."""

import hashlib
import hmac

TIMESTAMP_HEADER = "Nurture-Timestamp"
SIGNATURE_HEADER = "Nurture-Signature"
TOLERANCE_SECONDS = 300
"""How far apart the two clocks may be; an intercepted request is worth nothing after that."""
_VERSION = "v1"


def sign(secret: str, timestamp: int, body: bytes) -> str:
    """The value of the signature's header for a body sent at `timestamp` (epoch seconds)."""
    digest = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256)
    return f"{_VERSION}={digest.hexdigest()}"


def is_signed(secret: str, *, timestamp: str, signature: str, body: bytes, now_seconds: float) -> bool:
    """Whether the holder of the secret signed this body, and did so just now."""
    if not (timestamp.isascii() and timestamp.isdigit()):
        return False
    expected = sign(secret, int(timestamp), body)
    is_recent = abs(now_seconds - int(timestamp)) <= TOLERANCE_SECONDS
    return hmac.compare_digest(expected.encode(), signature.encode()) and is_recent
