"""Passwords: how they are kept, which are good enough, and those that everybody knows."""

import secrets
from collections.abc import Iterable

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from crm.errors import InvalidRequest

DEMO_PASSWORD = "nurture-demo"  # noqa: S105 - public on purpose: demo workspaces hold no real person
"""Every demo account signs in with it; `make run` prints it."""
DEMO_PASSWORDS = (DEMO_PASSWORD,)
MIN_LENGTH = 12
MAX_LENGTH = 256
"""More than anybody types; the work of hashing grows with the length."""
MIN_DIFFERENT = 5
"""Different characters that a password needs; fewer are a pattern."""
OWN_LETTERS = 8
"""Characters that must be left of a password when the person's own names are taken out of it."""
SHORTEST_NAME = 3
"""Shorter ones (in Latin letters) stand in many words."""
_SEQUENCES = (
    "01234567890123456789",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
    "1qaz2wsx3edc4rfv5tgb",
)
_COMMON = ("password", "passwort", "letmein", "welcome", "iloveyou", "changeme", "admin", "nurture", "demo")
# Without look-alikes, so that it can be read out.
_READABLE = "abcdefghjkmnpqrstuvwxyz23456789"
_hasher = PasswordHasher()
_NOBODYS_HASH = _hasher.hash(secrets.token_urlsafe(16))
USED_UP = "used"
"""In place of a hash: no password fits."""


def hash_password(password: str) -> str:
    """Takes tens of milliseconds on purpose: never call it inside a transaction or on the event loop."""
    return _hasher.hash(password)


def fits(password: str, password_hash: str | None) -> bool:
    """Whether the password is the hashed one. Takes as long for nobody's hash (None) as for somebody's.

    As slow as `hash_password`: never call it inside a transaction or on the event loop.
    """
    is_kept = password_hash is not None and password_hash != USED_UP
    try:
        _hasher.verify(password_hash if is_kept and password_hash else _NOBODYS_HASH, _typed(password))
    except (VerificationError, InvalidHashError):
        return False
    return is_kept


def needs_rehash(password_hash: str) -> bool:
    """Whether it was made with parameters that are not today's."""
    return _hasher.check_needs_rehash(password_hash)


def is_demo_password(password: str) -> bool:
    return password in DEMO_PASSWORDS


def one_time_password() -> str:
    """Sixteen characters in groups of four, for somebody to be told."""
    return "-".join("".join(secrets.choice(_READABLE) for _ in range(4)) for _ in range(4))


def check_password(password: str, names: Iterable[str] = ()) -> None:
    """Raises InvalidRequest saying what is wrong with a new password of the person with these names."""
    trouble = _trouble(password, names)
    if trouble:
        raise InvalidRequest(trouble, path="new_password")


def _trouble(password: str, names: Iterable[str]) -> str | None:
    if len(password) < MIN_LENGTH:
        return f"the password has {len(password)} characters; use at least {MIN_LENGTH}"
    if len(password) > MAX_LENGTH:
        return f"the password has more than {MAX_LENGTH} characters"
    if _typed(password) != password.encode(errors="replace"):
        return "the password holds characters that cannot be stored"
    if is_demo_password(password.strip().lower()):
        return "this is the demo's password, which everybody knows; use another one"
    folded = password.casefold()
    if len(set(folded)) < MIN_DIFFERENT or any(_follows(folded, line) for line in _SEQUENCES):
        return "the password is a simple pattern; several words in a row are good"
    parts = [part for name in names for part in name.split() if len(part) >= SHORTEST_NAME or not part.isascii()]
    for word in sorted((*_COMMON, *parts), key=len, reverse=True):
        folded = folded.replace(word.casefold(), "")
    if sum(character.isalnum() for character in folded) < OWN_LETTERS:
        return "the password is little more than a name or a common word; several words in a row are good"
    return None


def _follows(password: str, line: str) -> bool:
    """Whether the password walks along the line, in either direction."""
    return password in line * 2 or password in line[::-1] * 2


def _typed(password: str) -> bytes:
    # JSON can hold halves of characters, which no keyboard makes: they are some wrong password, and no crash.
    return password.encode(errors="surrogatepass")
