"""Accounts whose password everybody knows. Each is looked at once; from then on the account says it itself."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.access.models import Account
from crm.access.passwords import DEMO_PASSWORDS, fits
from crm.database import Sessions, read_only, unit_of_work


def look_once(sessions: Sessions) -> None:
    """Find out about accounts that are older than the question. Verifies outside any transaction."""
    with read_only(sessions) as session:
        unknown = list(session.scalars(select(Account).where(Account.has_demo_password.is_(None))))
    if not unknown:
        return
    found = {account.id: any(fits(known, account.password_hash) for known in DEMO_PASSWORDS) for account in unknown}
    with unit_of_work(sessions) as session:
        for account in session.scalars(select(Account).where(Account.has_demo_password.is_(None))):
            account.has_demo_password = found.get(account.id)


def people_with_demo_passwords(session: Session) -> list[Account]:
    """Accounts that anybody can sign in to, the oldest first; a disabled one is not among them."""
    query = select(Account).where(Account.has_demo_password.is_(True), Account.is_active)
    return list(session.scalars(query.order_by(Account.id)))
