"""People by what is stored of them."""

from sqlalchemy.orm import Session

from crm.access.actor import Actor
from crm.access.models import Account


def actor_of_account(session: Session, account_id: int) -> Actor | None:
    """The person of an account; None when there is none, or they may not sign in any more."""
    account = session.get(Account, account_id)
    if account is None or not account.is_active:
        return None
    return Actor(account.id, account.username, account.display_name, account.role)
