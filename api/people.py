"""Acts of administrators on accounts that the page, the API and the command line share; each is slow, since a
password is hashed: run them at the sign-in desk."""

from dataclasses import dataclass

from api.account_views import AccountView
from api.auth import machine_clock
from crm.access.accounts import Cut, account_named, add_account, check_names, reset_password
from crm.access.actor import Actor, Permission, require
from crm.access.models import Role
from crm.access.passwords import hash_password, one_time_password
from crm.database import Sessions, read_only, unit_of_work


@dataclass(frozen=True)
class OneTime:
    person: AccountView
    password: str
    """To be told to the person; good for one sign-in, within some days."""
    cut: Cut


def make_person(sessions: Sessions, *, username: str, display_name: str, role: Role, by: Actor | None) -> OneTime:
    """A new account with a one-time password. Raises Forbidden and InvalidRequest before it hashes anything."""
    if by is not None:
        require(by, Permission.ADMINISTER)
    with read_only(sessions) as session:
        check_names(session, username.strip(), display_name.strip())
    password = one_time_password()
    password_hash = hash_password(password)
    with unit_of_work(sessions) as session:
        account = add_account(
            session,
            username=username,
            display_name=display_name,
            role=role,
            password_hash=password_hash,
            by=by,
            now=machine_clock.now(),
            is_one_time=True,
        )
        return OneTime(AccountView.of(account), password, Cut(0, 0))


def give_new_password(sessions: Sessions, username: str, *, by: Actor | None) -> OneTime:
    """A one-time password in place of whatever the person had. Raises Forbidden and NotFound."""
    if by is not None:
        require(by, Permission.ADMINISTER)
    with read_only(sessions) as session:
        account_named(session, username)
    password = one_time_password()
    password_hash = hash_password(password)
    with unit_of_work(sessions) as session:
        account = account_named(session, username)
        cut = reset_password(session, account, password_hash=password_hash, by=by, now=machine_clock.now())
        return OneTime(AccountView.of(account), password, cut)
