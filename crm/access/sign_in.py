"""Proving who one is. The password is verified between two short transactions, never inside one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.access import audit
from crm.access.actor import Actor, actor_for
from crm.access.back_off import (
    NO_WAIT,
    Tally,
    count_failure,
    forget_failures,
    know_address,
    network_of,
    tallies_for,
    waiting_time,
)
from crm.access.logins import Origin, close_login, open_login
from crm.access.models import Account
from crm.access.passwords import USED_UP, fits, hash_password, is_demo_password, needs_rehash
from crm.database import Sessions, read_only, unit_of_work
from crm.errors import Forbidden, TooManyAttempts

log = structlog.get_logger()
WRONG = "username or password is wrong"
"""One sentence for an unknown name, a wrong password, a disabled person and a one-time password that is used up."""


class DemoPassword(Forbidden):
    """The right password, but one that everybody knows, where others can reach the server."""

    code = "demo_password"


@dataclass(frozen=True)
class Attempt:
    """What somebody says who they are."""

    username: str
    password: str
    origin: Origin
    replaces: str | None = None
    """The secret of the session that this browser had before: it ends with the sign-in."""


@dataclass(frozen=True)
class SignedInAs:
    actor: Actor
    token: str
    """The secret of the new session."""


@dataclass(frozen=True)
class _Proved:
    account: Account
    tallies: tuple[Tally, ...]
    """What counts failures of such an attempt."""


def sign_in(sessions: Sessions, attempt: Attempt, *, now: datetime, refuses_demo_passwords: bool = False) -> SignedInAs:
    """A new session for whoever knows the password.

    Slow on purpose: call it off the event loop, few at a time. Raises Forbidden without saying what was wrong, and
    TooManyAttempts without looking at the password. `refuses_demo_passwords` turns away passwords that everybody
    knows.
    """
    proved = _prove(sessions, attempt, now)
    account = proved.account
    if refuses_demo_passwords and is_demo_password(attempt.password):
        raise DemoPassword(
            "this account still has the demo's password, which everybody knows, and other machines can reach this "
            f"server: on its machine, `nurture user reset {account.username}` gives another one"
        )
    rehashed = hash_password(attempt.password) if needs_rehash(account.password_hash) else None
    with unit_of_work(sessions) as session:
        if attempt.replaces:
            close_login(session, attempt.replaces)
        actor = _let_in(session, account, rehashed)
        _welcome(session, account, attempt, proved.tallies, now)
        token = open_login(session, actor, now, attempt.origin)
        audit.record(
            session, now=now, actor=actor, action="session.opened", subject=_subject(account), address=_network(attempt)
        )
    log.info("sign_in.succeeded", account_id=account.id, address=_network(attempt))
    return SignedInAs(actor, token)


def prove_again(sessions: Sessions, actor: Actor, password: str, *, origin: Origin, now: datetime) -> None:
    """Raises Forbidden unless this is the signed-in person's password, TooManyAttempts as at sign-in."""
    attempt = Attempt(actor.username, password, origin)
    try:
        proved = _prove(sessions, attempt, now)
    except Forbidden as error:
        raise Forbidden("the old password is wrong", path="old_password") from error
    with unit_of_work(sessions) as session:
        _welcome(session, proved.account, attempt, proved.tallies, now)


def _prove(sessions: Sessions, attempt: Attempt, now: datetime) -> _Proved:
    """The account whose password was given; counts a failure."""
    with read_only(sessions) as session:
        account, tallies = _look(session, attempt, now)
    if fits(attempt.password, account.password_hash if account else None) and account is not None:
        is_late = account.one_time_until is not None and account.one_time_until <= now
        if account.is_active and not is_late:
            return _Proved(account, tallies)
    _fail(sessions, attempt, account, tallies, now)
    raise Forbidden(WRONG)


def _welcome(session: Session, account: Account, attempt: Attempt, tallies: Sequence[Tally], now: datetime) -> None:
    forget_failures(session, tallies)
    know_address(session, account.id, _network(attempt), now)


def _look(session: Session, attempt: Attempt, now: datetime) -> tuple[Account | None, tuple[Tally, ...]]:
    """Who is meant, and what counts. Raises TooManyAttempts when that says to wait."""
    username = attempt.username.strip()
    # No account has such a name, and not every database can be asked for it.
    is_askable = username.isprintable() and len(username) <= 200
    account = session.scalar(select(Account).where(Account.username == username)) if is_askable else None
    tallies = tallies_for(
        session, username, account_id=account.id if account else None, network=_network(attempt), now=now
    )
    wait = waiting_time(session, tallies, now)
    if wait > NO_WAIT:
        _refuse(account, attempt, wait)
    return account, tallies


def _refuse(account: Account | None, attempt: Attempt, wait: timedelta) -> None:
    seconds = max(1, round(wait.total_seconds()))
    log.warning("sign_in.put_off", account_id=account.id if account else None, address=_network(attempt))
    unit = "second" if seconds == 1 else "seconds"
    raise TooManyAttempts(f"too many wrong sign-ins of late; try again in {seconds} {unit}", wait_seconds=seconds)


def _fail(
    sessions: Sessions, attempt: Attempt, account: Account | None, tallies: Sequence[Tally], now: datetime
) -> None:
    network = _network(attempt)
    with unit_of_work(sessions) as session:
        count_failure(session, tallies, now)
        audit.record(session, now=now, actor=None, action="sign_in.failed", subject=_subject(account), address=network)
    log.warning("sign_in.failed", account_id=account.id if account else None, address=network)


def _let_in(session: Session, account: Account, rehashed: str | None) -> Actor:
    """The actor as they are now. Raises Forbidden when something changed while the password was verified."""
    current = session.get(Account, account.id, with_for_update=True)
    if current is None or not current.is_active or current.password_hash != account.password_hash:
        raise Forbidden(WRONG)
    if current.one_time_until is not None:
        current.password_hash = USED_UP
    elif rehashed is not None:
        current.password_hash = rehashed
    session.flush()
    return actor_for(current)


def _subject(account: Account | None) -> str:
    return f"account:{account.id if account else 'unknown'}"


def _network(attempt: Attempt) -> str:
    return network_of(attempt.origin.address)
