"""A demo's passwords are in its manual: what a server that others can reach does about them."""

from collections.abc import Sequence

from api.bootstrap import Nurture
from crm.access.demo_passwords import look_once, people_with_demo_passwords
from crm.database import read_only
from crm.errors import InvalidRequest

WARNING = (
    "Other machines can reach this server, and anybody can sign in here with a demo's password. Nothing in this "
    "workspace is private."
)
HOW_TO_CHANGE = (
    "Give each person another one with `nurture user reset NAME`, or shut the account with `nurture user disable NAME`"
)


def demo_usernames(nurture: Nurture) -> list[str]:
    """Whose password everybody knows."""
    look_once(nurture.sessions)
    with read_only(nurture.sessions) as session:
        return [account.username for account in people_with_demo_passwords(session)]


def refuse_demo_passwords(nurture: Nurture) -> Sequence[str]:
    """Whose password everybody knows, where that is allowed.

    Raises InvalidRequest when others can reach the server and it is not.
    """
    usernames = demo_usernames(nurture)
    settings = nurture.settings
    if usernames and settings.is_public and not settings.allow_demo_passwords:
        raise InvalidRequest(
            f"other machines can reach this server ({settings.public_url or settings.host}), and "
            f"{', '.join(usernames)} still {'have' if len(usernames) > 1 else 'has'} the demo's password, which "
            f"everybody knows. {HOW_TO_CHANGE}; or start it with --allow-demo-passwords, so that anybody can sign in"
        )
    return usernames


def shows_warning(nurture: Nurture) -> bool:
    """Whether pages say that anybody can sign in."""
    settings = nurture.settings
    if not (settings.is_public and settings.allow_demo_passwords):
        return False
    with read_only(nurture.sessions) as session:
        return bool(people_with_demo_passwords(session))
