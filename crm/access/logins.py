"""Signed-in browsers: sessions that start, are used, and end. Only digests of their secrets are stored."""

import hashlib
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from crm.access.actor import Actor, actor_for
from crm.access.models import Account, LoginSession
from crm.errors import NotFound

LOGIN_LIFETIME = timedelta(days=7)
"""However much it is used."""
IDLE_LIFETIME = timedelta(hours=24)
"""Without being used."""
NOTED_EVERY = timedelta(minutes=5)
"""How exactly it is known when a session or a token was last used: a write for each read would be too many."""
BROWSER_LENGTH = 200


@dataclass(frozen=True)
class Origin:
    """Where a sign-in comes from."""

    address: str | None = None
    browser: str | None = None


@dataclass(frozen=True)
class Login:
    """A session that stands, and whose it is."""

    id: int
    actor: Actor
    is_worth_noting: bool
    """Whether `note_use` has something to do."""


def digest(token: str) -> str:
    # The tokens are long and random, so a plain digest is enough to keep them secret at rest.
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()


def open_login(session: Session, actor: Actor, now: datetime, origin: Origin | None = None) -> str:
    """Start a browser session; gives the secret token of its cookie. Removes sessions that have ended."""
    ended = or_(LoginSession.expires_at <= now, LoginSession.last_seen_at <= now - IDLE_LIFETIME)
    session.execute(delete(LoginSession).where(ended))
    token, origin = secrets.token_urlsafe(32), origin or Origin()
    session.add(
        LoginSession(
            token_hash=digest(token),
            account_id=actor.account_id,
            created_at=now,
            expires_at=now + LOGIN_LIFETIME,
            last_seen_at=now,
            address=origin.address,
            browser=origin.browser[:BROWSER_LENGTH] if origin.browser else None,
        )
    )
    session.flush()
    return token


def find_login(session: Session, token: str, now: datetime) -> Login | None:
    """The session with this secret; None when it is unknown, has ended, or its owner is disabled."""
    found = session.execute(
        select(Account, LoginSession)
        .join(LoginSession, LoginSession.account_id == Account.id)
        .where(
            LoginSession.token_hash == digest(token),
            LoginSession.expires_at > now,
            LoginSession.last_seen_at > now - IDLE_LIFETIME,
            Account.is_active,
        )
    ).one_or_none()
    if found is None:
        return None
    account, login = found
    actor = replace(actor_for(account), session_id=login.id)
    return Login(login.id, actor, is_worth_noting=login.last_seen_at <= now - NOTED_EVERY)


def actor_of_login(session: Session, token: str, now: datetime) -> Actor | None:
    """The person signed in with this secret; None when nobody is."""
    login = find_login(session, token, now)
    return login.actor if login else None


def note_use(session: Session, login_id: int, now: datetime) -> None:
    session.execute(update(LoginSession).where(LoginSession.id == login_id).values(last_seen_at=now))


def close_login(session: Session, token: str) -> Actor | None:
    """Sign out; gives who was signed in."""
    found = session.execute(
        select(Account, LoginSession)
        .join(LoginSession, LoginSession.account_id == Account.id)
        .where(LoginSession.token_hash == digest(token))
    ).one_or_none()
    if found is None:
        return None
    session.execute(delete(LoginSession).where(LoginSession.id == found[1].id))
    return actor_for(found[0])


def logins_of(session: Session, account_id: int, now: datetime) -> list[LoginSession]:
    """Those that stand, the last used first."""
    query = select(LoginSession).where(
        LoginSession.account_id == account_id,
        LoginSession.expires_at > now,
        LoginSession.last_seen_at > now - IDLE_LIFETIME,
    )
    return list(session.scalars(query.order_by(LoginSession.last_seen_at.desc(), LoginSession.id.desc())))


def end_login(session: Session, account_id: int, login_id: int) -> None:
    """End one session of the account. Raises NotFound when it has no such session."""
    ended = delete(LoginSession).where(LoginSession.id == login_id, LoginSession.account_id == account_id)
    if session.execute(ended.returning(LoginSession.id)).one_or_none() is None:
        raise NotFound(f"there is no session {login_id} of this person; it may have ended meanwhile")


def end_logins(session: Session, account_id: int, *, except_token: str | None = None) -> int:
    """End the account's sessions, but not the one with this secret. Gives how many ended."""
    ending = delete(LoginSession).where(LoginSession.account_id == account_id)
    if except_token is not None:
        ending = ending.where(LoginSession.token_hash != digest(except_token))
    return len(session.execute(ending.returning(LoginSession.id)).all())
