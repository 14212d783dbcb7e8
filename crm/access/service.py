"""Accounts, sign-in and tokens. Secrets are stored as hashes only."""

import hashlib
import secrets
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlalchemy import delete, func, or_, select
from sqlalchemy.orm import Session

from crm.access.actor import Actor
from crm.access.models import Account, ApiToken, LoginSession, Role
from crm.errors import Forbidden, InvalidRequest, NotFound

LOGIN_LIFETIME = timedelta(days=7)
MIN_PASSWORD_LENGTH = 10
ROLE_ALIASES = {"ops": Role.OPERATIONS}
_hasher = PasswordHasher()
_NO_ACCOUNT_HASH = _hasher.hash("no such account")


def create_account(session: Session, *, username: str, display_name: str, role: Role, password: str) -> Account:
    """Add a person. Raises InvalidRequest for a short password or a username that is taken."""
    if len(password) < MIN_PASSWORD_LENGTH:
        raise InvalidRequest(f"the password has {len(password)} characters; use at least {MIN_PASSWORD_LENGTH}")
    if session.scalar(select(Account.id).where(Account.username == username)) is not None:
        raise InvalidRequest(f"the username {username!r} is taken; choose another one")
    account = Account(
        username=username, display_name=display_name, role=role, password_hash=_hasher.hash(password), is_active=True
    )
    session.add(account)
    session.flush()
    return account


def list_accounts(session: Session) -> list[Account]:
    return list(session.scalars(select(Account).order_by(Account.display_name)))


def actor_for(account: Account) -> Actor:
    return Actor(account.id, account.username, account.display_name, account.role)


def authenticate(session: Session, username: str, password: str) -> Actor:
    """The person with these credentials. Raises Forbidden without saying which of the two was wrong."""
    account = session.scalar(select(Account).where(Account.username == username, Account.is_active))
    try:
        # Verified even for an unknown name, so that timing does not tell which names exist.
        _hasher.verify(account.password_hash if account else _NO_ACCOUNT_HASH, password)
    except VerificationError:
        account = None
    if account is None:
        raise Forbidden("username or password is wrong")
    return actor_for(account)


def find_actor(session: Session, person: str) -> Actor:
    """A person by username, display name, or role (`ops`, `csm`, `manager`, ...: the first one of that role)."""
    wanted = person.strip().casefold()
    by_name = or_(func.lower(Account.username) == wanted, func.lower(Account.display_name) == wanted)
    account = session.scalar(select(Account).where(Account.is_active, by_name).order_by(Account.id))
    role = ROLE_ALIASES.get(wanted) or (Role(wanted) if wanted in list(Role) else None)
    if account is None and role is not None:
        account = session.scalar(select(Account).where(Account.is_active, Account.role == role).order_by(Account.id))
    if account is None:
        names = tuple(session.scalars(select(Account.display_name).where(Account.is_active).order_by(Account.id)))
        raise NotFound(f"no person is called {person!r}; there are: {', '.join(names)}", candidates=names)
    return actor_for(account)


def open_login(session: Session, actor: Actor, now: datetime) -> str:
    """Start a browser session; gives the secret token of its cookie. Removes sessions that have expired."""
    session.execute(delete(LoginSession).where(LoginSession.expires_at <= now))
    token = secrets.token_urlsafe(32)
    session.add(
        LoginSession(
            token_hash=_digest(token), account_id=actor.account_id, created_at=now, expires_at=now + LOGIN_LIFETIME
        )
    )
    session.flush()
    return token


def actor_of_login(session: Session, token: str, now: datetime) -> Actor | None:
    """The person signed in with this token; None when it is unknown or has expired."""
    account = session.scalar(
        select(Account)
        .join(LoginSession, LoginSession.account_id == Account.id)
        .where(LoginSession.token_hash == _digest(token), LoginSession.expires_at > now, Account.is_active)
    )
    return actor_for(account) if account else None


def close_login(session: Session, token: str) -> None:
    session.execute(delete(LoginSession).where(LoginSession.token_hash == _digest(token)))


def create_api_token(session: Session, actor: Actor, *, name: str, now: datetime) -> str:
    """A personal bearer token with its owner's rights; shown once, stored as a hash."""
    token = f"nurture_{secrets.token_urlsafe(32)}"
    session.add(ApiToken(token_hash=_digest(token), account_id=actor.account_id, name=name, created_at=now))
    session.flush()
    return token


def actor_of_api_token(session: Session, token: str) -> Actor | None:
    account = session.scalar(
        select(Account)
        .join(ApiToken, ApiToken.account_id == Account.id)
        .where(ApiToken.token_hash == _digest(token), Account.is_active)
    )
    return actor_for(account) if account else None


def _digest(token: str) -> str:
    # The tokens are long and random, so a plain digest is enough to keep them secret at rest.
    return hashlib.sha256(token.encode()).hexdigest()
