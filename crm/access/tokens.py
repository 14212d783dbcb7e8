"""Personal API tokens: each has a name, an end, and at most its owner's rights. Only digests are stored."""

import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from crm.access import audit
from crm.access.actor import Actor, actor_for, is_within
from crm.access.logins import NOTED_EVERY, digest
from crm.access.models import Account, ApiToken, Role
from crm.errors import Conflict, Forbidden, InvalidRequest, NotFound

DEFAULT_DAYS = 90
MAX_DAYS = 366
MAX_TOKENS = 50
"""Of one person, those that have expired included."""
MAX_NAME_LENGTH = 80


@dataclass(frozen=True)
class NewToken:
    id: int
    secret: str
    """Shown once: only its digest is stored."""
    expires_at: datetime


@dataclass(frozen=True)
class TokenUse:
    """A token that stands, and on whose behalf it acts."""

    id: int
    actor: Actor
    is_worth_noting: bool


def create_api_token(
    session: Session,
    actor: Actor,
    *,
    name: str,
    now: datetime,
    days: int = DEFAULT_DAYS,
    role: Role | None = None,
) -> NewToken:
    """A personal bearer token of `actor`, confined to the rights of `role` when one is given.

    Raises InvalidRequest for a name or a number of days that makes no sense, Forbidden for a role that may more
    than the owner's, Conflict when the person has too many.
    """
    name = name.strip()
    if not 1 <= len(name) <= MAX_NAME_LENGTH or not name.isprintable():
        raise InvalidRequest(f"give the token a name of 1 to {MAX_NAME_LENGTH} characters", path="name")
    if not 1 <= days <= MAX_DAYS:
        raise InvalidRequest(f"a token lasts 1 to {MAX_DAYS} days, not {days}", path="days")
    if role is not None and not is_within(role, actor.role):
        raise Forbidden(f"a token of {actor.display_name} ({actor.role}) cannot have the role {role}: it may more")
    held = session.scalar(select(func.count(ApiToken.id)).where(ApiToken.account_id == actor.account_id)) or 0
    if held >= MAX_TOKENS:
        raise Conflict(f"{actor.display_name} has {held} tokens; revoke those that nobody uses")
    secret = f"nurture_{secrets.token_urlsafe(32)}"
    token = ApiToken(
        token_hash=digest(secret),
        account_id=actor.account_id,
        name=name,
        created_at=now,
        expires_at=now + timedelta(days=days),
        role=role,
    )
    session.add(token)
    session.flush()
    subject, detail = f"account:{actor.account_id}", {"token_id": token.id, "role": role, "days": days}
    audit.record(session, now=now, actor=actor, action="api_token.created", subject=subject, **detail)
    return NewToken(token.id, secret, token.expires_at)


def find_api_token(session: Session, secret: str, now: datetime) -> TokenUse | None:
    """The token with this secret; None when it is unknown, has expired, or its owner is disabled."""
    found = session.execute(
        select(Account, ApiToken)
        .join(ApiToken, ApiToken.account_id == Account.id)
        .where(ApiToken.token_hash == digest(secret), ApiToken.expires_at > now, Account.is_active)
    ).one_or_none()
    if found is None:
        return None
    account, token = found
    used = token.last_used_at
    actor = replace(confined(actor_for(account), token.role), token_id=token.id)
    return TokenUse(token.id, actor, used is None or used <= now - NOTED_EVERY)


def note_token_use(session: Session, token_id: int, now: datetime) -> None:
    session.execute(update(ApiToken).where(ApiToken.id == token_id).values(last_used_at=now))


def tokens_of(session: Session, account_id: int) -> list[ApiToken]:
    """All of them, the newest first; those that have expired stay until they are revoked."""
    query = select(ApiToken).where(ApiToken.account_id == account_id)
    return list(session.scalars(query.order_by(ApiToken.id.desc())))


def remove_token(session: Session, account_id: int, token_id: int) -> None:
    """Raises NotFound when the account has no such token."""
    revoking = delete(ApiToken).where(ApiToken.id == token_id, ApiToken.account_id == account_id)
    if session.execute(revoking.returning(ApiToken.id)).one_or_none() is None:
        raise NotFound(f"there is no API token {token_id} of this person; it may be revoked already")


def remove_tokens(session: Session, account_id: int) -> int:
    """All of the account's; gives how many there were."""
    revoking = delete(ApiToken).where(ApiToken.account_id == account_id)
    return len(session.execute(revoking.returning(ApiToken.id)).all())


def confined(actor: Actor, role: Role | None) -> Actor:
    """With this role, e.g. a token's, unless the owner's own has become a smaller one."""
    if role is None or not is_within(role, actor.role):
        return actor
    return replace(actor, role=role)
