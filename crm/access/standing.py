"""Whether somebody whose work goes on for a while still is who they were, and may what they might."""

from dataclasses import replace

from sqlalchemy.orm import Session

from crm.access.actor import Actor, actor_for
from crm.access.models import Account, ApiToken, LoginSession
from crm.access.tokens import confined
from crm.errors import Forbidden

ENDED = "the sign-in behind this has ended, so nothing more is done in it; sign in again to go on"


def as_of_now(session: Session, actor: Actor) -> Actor:
    """The actor with the rights they have now; a greater role than they began with waits for what they begin next.

    Raises Forbidden when they were disabled, or the session or token by which they came was ended.
    """
    account = session.get(Account, actor.account_id)
    if account is None or not account.is_active or not _came_by_what_stands(session, actor):
        raise Forbidden(ENDED)
    current = confined(actor_for(account), actor.role)
    return replace(current, session_id=actor.session_id, token_id=actor.token_id)


def _came_by_what_stands(session: Session, actor: Actor) -> bool:
    if actor.token_id is not None:
        return session.get(ApiToken, actor.token_id) is not None
    return actor.session_id is None or session.get(LoginSession, actor.session_id) is not None
