"""What becomes of accounts: made, renamed, given another role, disabled, enabled, given another password.

Passwords come hashed: hashing takes long, and happens before the transaction.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.access import audit
from crm.access.actor import Actor, Permission, require
from crm.access.back_off import forget_addresses
from crm.access.logins import end_logins
from crm.access.models import Account, Role
from crm.access.tokens import remove_tokens
from crm.errors import Conflict, Forbidden, InvalidRequest, NotFound

ONE_TIME_FOR = timedelta(days=3)
"""How long a password that an administrator gave waits for its only use."""
MAX_NAME_LENGTH = 80
USERNAME_WORDS = "a username has 1 to 40 characters: letters, digits, and . _ - between them, e.g. ana.ruiz"


@dataclass(frozen=True)
class Cut:
    """What ended for a person."""

    sessions: int
    tokens: int


def account_named(session: Session, username: str) -> Account:
    """Raises NotFound."""
    name = username.strip()
    found = session.scalar(select(Account).where(Account.username == name)) if name.isprintable() else None
    if found is None:
        raise NotFound(f"nobody has the username {name!r}")
    return found


def add_account(
    session: Session,
    *,
    username: str,
    display_name: str,
    role: Role,
    password_hash: str,
    by: Actor | None,
    now: datetime,
    is_one_time: bool,
) -> Account:
    """Make an account. `by` is an administrator, None the owner of the machine's data folder.

    Raises Forbidden, and InvalidRequest for a name that is taken or makes no sense.
    """
    _require_administrator(by)
    username, display_name = username.strip(), display_name.strip()
    check_names(session, username, display_name)
    account = Account(
        username=username,
        display_name=display_name,
        role=role,
        password_hash=password_hash,
        is_active=True,
        password_changed_at=now,
        one_time_until=now + ONE_TIME_FOR if is_one_time else None,
    )
    session.add(account)
    session.flush()
    _note(session, account, by, "account.created", now, role=role)
    return account


def check_names(session: Session, username: str, display_name: str) -> None:
    """Raises InvalidRequest for names that a new account cannot have."""
    core = username.replace(".", "a").replace("_", "a").replace("-", "a")
    if not 1 <= len(username) <= 40 or not core.isalnum() or not (username[0].isalnum() and username[-1].isalnum()):
        raise InvalidRequest(USERNAME_WORDS, path="username")
    if not 1 <= len(display_name) <= MAX_NAME_LENGTH or not display_name.isprintable():
        raise InvalidRequest(f"give a name of 1 to {MAX_NAME_LENGTH} characters", path="display_name")
    taken = select(Account.id).where(func.lower(Account.username) == username.lower())
    if session.scalar(taken.limit(1)) is not None:
        raise InvalidRequest(f"the username {username!r} is taken; choose another one", path="username")


def set_own_password(session: Session, actor: Actor, *, password_hash: str, keeps: str | None, now: datetime) -> Cut:
    """After the old password was proved: store the new one and end the person's other sessions.

    `keeps` is the secret of the session that goes on. API tokens stay: each can be revoked by itself.
    """
    account = session.get_one(Account, actor.account_id, with_for_update=True)
    if actor.must_change_password and account.one_time_until is None:
        raise Conflict("the password was changed meanwhile; sign in with the new one")
    account.password_hash, account.password_changed_at = password_hash, now
    account.has_demo_password, account.one_time_until = False, None
    ended = end_logins(session, account.id, except_token=keeps)
    session.flush()
    _note(session, account, actor, "password.changed", now, sessions_ended=ended)
    return Cut(ended, 0)


def reset_password(session: Session, account: Account, *, password_hash: str, by: Actor | None, now: datetime) -> Cut:
    """Give a password that is good for one sign-in, and end everything that the old one opened.

    Raises Forbidden for who is no administrator, and for one's own account.
    """
    _require_administrator(by)
    if by is not None and by.account_id == account.id:
        raise Forbidden("change your own password on your account's page; it asks for the old one")
    account.password_hash, account.password_changed_at = password_hash, now
    account.has_demo_password, account.one_time_until = False, now + ONE_TIME_FOR
    cut = _cut_off(session, account)
    _note(session, account, by, "password.reset", now, sessions_ended=cut.sessions, tokens_revoked=cut.tokens)
    return cut


def disable(session: Session, account: Account, *, by: Actor | None, now: datetime) -> Cut:
    """Shut the account: sessions and tokens end, and nobody signs in with it. What the person made goes on.

    Raises Conflict for the last administrator and for who is disabled already.
    """
    _require_administrator(by)
    if not account.is_active:
        raise Conflict(f"{account.display_name} is disabled already")
    _keep_one_administrator(session, account)
    account.is_active = False
    cut = _cut_off(session, account)
    _note(session, account, by, "account.disabled", now, sessions_ended=cut.sessions, tokens_revoked=cut.tokens)
    return cut


def enable(session: Session, account: Account, *, by: Actor | None, now: datetime) -> None:
    """Let the person sign in again, with the password they had. Raises Conflict for who is not disabled."""
    _require_administrator(by)
    if account.is_active:
        raise Conflict(f"{account.display_name} is not disabled")
    account.is_active = True
    session.flush()
    _note(session, account, by, "account.enabled", now)


def change_role(session: Session, account: Account, role: Role, *, by: Actor | None, now: datetime) -> None:
    """Holds from the person's next act on. Raises Conflict for the last administrator."""
    _require_administrator(by)
    if account.role is role:
        raise Conflict(f"{account.display_name} has the role {role} already")
    if account.role is Role.ADMIN:
        _keep_one_administrator(session, account)
    before, account.role = account.role, role
    session.flush()
    _note(session, account, by, "account.role_changed", now, before=before, after=role)


def _require_administrator(by: Actor | None) -> None:
    if by is not None:
        require(by, Permission.ADMINISTER)


def _keep_one_administrator(session: Session, account: Account) -> None:
    # Locked, so that two administrators cannot shut out each other at one moment.
    administrators = session.scalars(
        select(Account.id).where(Account.role == Role.ADMIN, Account.is_active).order_by(Account.id).with_for_update()
    ).all()
    if list(administrators) == [account.id]:
        raise Conflict(f"{account.display_name} is the last administrator; make another one first")


def _cut_off(session: Session, account: Account) -> Cut:
    cut = Cut(end_logins(session, account.id), remove_tokens(session, account.id))
    forget_addresses(session, account.id)
    session.flush()
    return cut


def _note(session: Session, account: Account, by: Actor | None, action: str, now: datetime, **detail: object) -> None:
    if by is None:
        detail["via"] = "command line"
    audit.record(session, now=now, actor=by, action=action, subject=f"account:{account.id}", **detail)
