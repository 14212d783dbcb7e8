"""Who there is: accounts and the people behind them."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.access.actor import Actor, actor_for
from crm.access.models import Account, Role
from crm.access.passwords import check_password, hash_password, is_demo_password
from crm.errors import InvalidRequest, NotFound
from crm.reading.names import same_case

ROLE_ALIASES = {"ops": Role.OPERATIONS}


def create_account(
    session: Session, *, username: str, display_name: str, role: Role, password: str, is_demo: bool = False
) -> Account:
    """Add a person of a data set or a test; people come and go by crm/access/accounts.py.

    Raises InvalidRequest for a poor password (a demo's may be known to everybody) or a username that is taken.
    """
    if not is_demo:
        check_password(password, (username, display_name))
    if session.scalar(select(Account.id).where(Account.username == username)) is not None:
        raise InvalidRequest(f"the username {username!r} is taken; choose another one")
    account = Account(
        username=username,
        display_name=display_name,
        role=role,
        password_hash=hash_password(password),
        is_active=True,
        has_demo_password=is_demo_password(password),
    )
    session.add(account)
    session.flush()
    return account


def list_accounts(session: Session) -> list[Account]:
    return list(session.scalars(select(Account).order_by(Account.display_name)))


def _called(account: Account) -> set[str]:
    return {same_case(account.username), same_case(account.display_name)}


def find_actor(session: Session, person: str) -> Actor:
    """A person by username, display name, or role (`ops`, `csm`, `manager`, ...: the first one of that role)."""
    wanted = same_case(person)
    # Compared here: the two databases fold other letters than ASCII differently, or not at all.
    accounts = session.scalars(select(Account).where(Account.is_active).order_by(Account.id))
    account = next((each for each in accounts if wanted in _called(each)), None)
    role = ROLE_ALIASES.get(wanted) or (Role(wanted) if wanted in list(Role) else None)
    if account is None and role is not None:
        account = session.scalar(select(Account).where(Account.is_active, Account.role == role).order_by(Account.id))
    if account is None:
        names = tuple(session.scalars(select(Account.display_name).where(Account.is_active).order_by(Account.id)))
        raise NotFound(f"no person is called {person!r}; there are: {', '.join(names)}", candidates=names)
    return actor_for(account)
