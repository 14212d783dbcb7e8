"""Ending sessions and tokens: one's own, or an administrator anybody's."""

from datetime import datetime

from sqlalchemy.orm import Session

from crm.access import audit
from crm.access.actor import Actor, Permission, require
from crm.access.logins import end_login, end_logins
from crm.access.tokens import remove_token


def require_own_or_administrator(by: Actor | None, account_id: int) -> None:
    """Raises Forbidden. `by` None is the owner of the machine's data folder."""
    if by is not None and by.account_id != account_id:
        require(by, Permission.ADMINISTER)


def revoke_session(session: Session, account_id: int, login_id: int, *, by: Actor | None, now: datetime) -> None:
    """Sign one browser out. Raises Forbidden, and NotFound when the account has no such session."""
    require_own_or_administrator(by, account_id)
    end_login(session, account_id, login_id)
    _note(session, account_id, by, "session.revoked", now, session_id=login_id)


def revoke_sessions(
    session: Session, account_id: int, *, by: Actor | None, now: datetime, except_token: str | None = None
) -> int:
    """Sign all browsers out, but not the one with this secret. Gives how many there were."""
    require_own_or_administrator(by, account_id)
    ended = end_logins(session, account_id, except_token=except_token)
    _note(session, account_id, by, "session.revoked", now, sessions_ended=ended)
    return ended


def revoke_token(session: Session, account_id: int, token_id: int, *, by: Actor | None, now: datetime) -> None:
    """Raises Forbidden, and NotFound when the account has no such token."""
    require_own_or_administrator(by, account_id)
    remove_token(session, account_id, token_id)
    _note(session, account_id, by, "api_token.revoked", now, token_id=token_id)


def _note(session: Session, account_id: int, by: Actor | None, action: str, now: datetime, **detail: object) -> None:
    if by is None:
        detail["via"] = "command line"
    audit.record(session, now=now, actor=by, action=action, subject=f"account:{account_id}", **detail)
