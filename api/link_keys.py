"""The keys that sign the links in messages: from the settings, else from a file in the data folder."""

import os
import secrets
from pathlib import Path

from filelock import FileLock

from crm.errors import InvalidRequest
from crm.outreach.links import Links
from crm.settings import Settings

KEYS_FILE = "link-keys"
"""One key a line, the newest last. Who has it can opt members out in their name: it is as private as the database."""
MIN_KEY_LENGTH = 32


def open_links(settings: Settings) -> Links:
    """The links of this installation; makes the first key.

    Raises InvalidRequest for a key that is too short, and where messages leave the machine with links that
    lead nowhere: a member must be able to opt out.
    """
    if settings.sends_out and settings.public_url is None:
        raise InvalidRequest(
            "messages leave this machine, so their links need an address that members can reach: set NURTURE_PUBLIC_URL"
        )
    if settings.link_keys is None:
        keys = _kept(settings.home) or [_new_key(settings.home, only_first=True)]
        where = str(settings.home / KEYS_FILE)
    else:
        keys = [key.strip() for key in settings.link_keys.get_secret_value().split(",")]
        where = "NURTURE_LINK_KEYS"
    if any(len(key) < MIN_KEY_LENGTH for key in keys):
        raise InvalidRequest(f"{where} holds a key of fewer than {MIN_KEY_LENGTH} characters")
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::", "") else settings.host  # noqa: S104 - as above
    own_url = f"http://{host}:{settings.port}"
    return Links(tuple(key.encode() for key in keys), settings.public_url or "", own_url)


def add_key(settings: Settings) -> int:
    """Sign with a new key from the next start on; links that are out stay valid. Gives the number of keys.

    Raises InvalidRequest where the keys come from the environment.
    """
    if settings.link_keys is not None:
        raise InvalidRequest("the keys come from NURTURE_LINK_KEYS; add the new one at its end")
    _new_key(settings.home, only_first=False)
    return len(_kept(settings.home))


def _kept(home: Path) -> list[str]:
    path = home / KEYS_FILE
    return path.read_text().split() if path.exists() else []


def _new_key(home: Path, *, only_first: bool) -> str:
    """The newest key after this: a new one, or with `only_first` the one that another process was faster with."""
    home.mkdir(parents=True, exist_ok=True)
    with FileLock(home / f"{KEYS_FILE}.lock"):
        kept = _kept(home)
        if kept and only_first:
            return kept[-1]
        key = secrets.token_urlsafe(MIN_KEY_LENGTH)
        # Whole or not at all, and never readable by others.
        new = home / f"{KEYS_FILE}.new"
        new.unlink(missing_ok=True)
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write("".join(f"{line}\n" for line in [*kept, key]))
        new.replace(home / KEYS_FILE)
        return key
