"""Acts on one's own account that the page and the API share."""

from api.auth import machine_clock
from api.bootstrap import Nurture
from crm.access import audit
from crm.access.accounts import Cut, set_own_password
from crm.access.actor import Actor
from crm.access.logins import Origin, close_login
from crm.access.passwords import check_password, hash_password
from crm.access.sign_in import prove_again
from crm.database import unit_of_work
from crm.errors import InvalidRequest


def change_password(
    nurture: Nurture, actor: Actor, *, old: str | None, new: str, origin: Origin, token: str | None
) -> Cut:
    """Prove the old password, store the new one, end every session but the one with the secret `token`.

    Slow: run it at the sign-in desk. The old one is not asked for after a sign-in with a one-time password: that was
    it. Raises InvalidRequest for a poor new one, Forbidden for a wrong old one, TooManyAttempts after several.
    """
    check_password(new, (actor.username, actor.display_name))
    if not actor.must_change_password:
        if old is None:
            raise InvalidRequest("give the old password, too", path="old_password")
        if old == new:
            raise InvalidRequest("the new password is the old one; choose another", path="new_password")
        prove_again(nurture.sessions, actor, old, origin=origin, now=machine_clock.now())
    password_hash = hash_password(new)
    with unit_of_work(nurture.sessions) as session:
        return set_own_password(session, actor, password_hash=password_hash, keeps=token, now=machine_clock.now())


def sign_out(nurture: Nurture, token: str | None) -> None:
    """End the session with this secret, in the database and not only in the browser."""
    if not token:
        return
    with unit_of_work(nurture.sessions) as session:
        actor = close_login(session, token)
        if actor is not None:
            now, subject = machine_clock.now(), f"account:{actor.account_id}"
            audit.record(session, now=now, actor=actor, action="session.closed", subject=subject)
