"""How long somebody waits after wrong sign-ins. Counted in the database, so that all processes know of them.

Whoever guesses is slowed down by the account, from wherever they try, and by the address, whomever they try. Neither
wait grows beyond a minute: it is there to slow a guesser down, and must not lock the account's owner out. At an
address from which the owner signed in of late only what was tried there for this account counts, so nobody elsewhere
can make the owner wait.
"""

import hashlib
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from crm.access.models import KnownAddress, SignInTally

FREE_BY_ACCOUNT = 5
FREE_BY_ADDRESS = 20
"""An office shares one address."""
LONGEST_BY_ACCOUNT = timedelta(seconds=30)
LONGEST_BY_ADDRESS = timedelta(seconds=60)
FORGOTTEN_AFTER = timedelta(hours=1)
KNOWN_FOR = timedelta(days=30)
NO_WAIT = timedelta(0)


@dataclass(frozen=True)
class Tally:
    """What is counted together, and how it slows down."""

    key: str
    free: int
    longest: timedelta


def wait_after(failures: int, tally: Tally) -> timedelta:
    """From the last failure on: nothing at first, then 1, 2, 4, 8 ... seconds, up to the longest wait."""
    if failures < tally.free:
        return NO_WAIT
    return min(timedelta(seconds=2 ** min(failures - tally.free, 10)), tally.longest)


def network_of(address: str | None) -> str:
    """What counts as one address: an IPv4 address, or the /64 network that one IPv6 customer has."""
    try:
        ip = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return str(ip.ipv4_mapped)
        return str(ipaddress.ip_network((ip, 64), strict=False))
    return str(ip)


def tallies_for(
    session: Session, username: str, *, account_id: int | None, network: str, now: datetime
) -> tuple[Tally, ...]:
    """Those that count for an attempt. Unknown names are counted like known ones: waiting tells nobody who exists."""
    # A digest, since people type their password into the wrong field.
    name = hashlib.sha256(username.casefold().encode(errors="surrogatepass")).hexdigest()[:32]
    if account_id is not None and _is_known(session, account_id, network, now):
        return (Tally(f"account:{name}@{network}", FREE_BY_ACCOUNT, LONGEST_BY_ACCOUNT),)
    return (
        Tally(f"account:{name}", FREE_BY_ACCOUNT, LONGEST_BY_ACCOUNT),
        Tally(f"address:{network}", FREE_BY_ADDRESS, LONGEST_BY_ADDRESS),
    )


def waiting_time(session: Session, tallies: Sequence[Tally], now: datetime) -> timedelta:
    """How long until the next attempt is looked at; nothing when it is at once."""
    counted = {
        row.key: row
        for row in session.scalars(select(SignInTally).where(SignInTally.key.in_([tally.key for tally in tallies])))
    }
    waits = [NO_WAIT]
    for tally in tallies:
        row = counted.get(tally.key)
        if row is not None and row.last_failed_at > now - FORGOTTEN_AFTER:
            waits.append(row.last_failed_at + wait_after(row.failures, tally) - now)
    return max(waits)


def count_failure(session: Session, tallies: Sequence[Tally], now: datetime) -> None:
    """Add one to each, and forget what is long past."""
    session.execute(delete(SignInTally).where(SignInTally.last_failed_at <= now - FORGOTTEN_AFTER))
    insert = _insert(session)
    for tally in sorted(tallies, key=lambda tally: tally.key):
        added = insert(SignInTally).values(key=tally.key, failures=1, last_failed_at=now)
        session.execute(
            added.on_conflict_do_update(
                index_elements=[SignInTally.key],
                set_={"failures": SignInTally.failures + 1, "last_failed_at": added.excluded.last_failed_at},
            )
        )


def forget_failures(session: Session, tallies: Sequence[Tally]) -> None:
    """After the right password. What was tried from the address stays counted: it was for other accounts, too."""
    keys = [tally.key for tally in tallies if not tally.key.startswith("address:")]
    session.execute(delete(SignInTally).where(SignInTally.key.in_(keys)))


def know_address(session: Session, account_id: int, network: str, now: datetime) -> None:
    """Note that the account's owner signed in from there."""
    session.execute(delete(KnownAddress).where(KnownAddress.last_seen_at <= now - KNOWN_FOR))
    seen = _insert(session)(KnownAddress).values(account_id=account_id, address=network, last_seen_at=now)
    keys = [KnownAddress.account_id, KnownAddress.address]
    session.execute(seen.on_conflict_do_update(index_elements=keys, set_={"last_seen_at": seen.excluded.last_seen_at}))


def forget_addresses(session: Session, account_id: int) -> None:
    session.execute(delete(KnownAddress).where(KnownAddress.account_id == account_id))


def _insert(session: Session) -> Any:
    """The database's own INSERT, which can update instead; the two have no type in common."""
    return postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert


def _is_known(session: Session, account_id: int, network: str, now: datetime) -> bool:
    known = session.get(KnownAddress, (account_id, network))
    return known is not None and known.last_seen_at > now - KNOWN_FOR
