"""Where somebody is signed in, and the tokens of their programs: each line with the way to end it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from nicegui import ui
from sqlalchemy.orm import Session

from api.account_views import SessionView, TokenView
from api.auth import machine_clock
from api.ui import formats
from api.ui.components.dialogs import ask
from api.ui.theme import block, chip, empty_state, icon, panel, quiet, secondary, text
from api.ui.viewer import Viewer, attempt
from crm.access.actor import Actor
from crm.access.revoking import revoke_session, revoke_sessions, revoke_token

_BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"))
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)

Act = Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class Owner:
    """Whose sessions and tokens these are."""

    account_id: int
    is_viewer: bool
    name: str


def browser_words(agent: str | None) -> str:
    """`Firefox on Windows`; what a program calls itself, cut short."""
    if not agent:
        return "Unknown browser"
    browser = next((name for mark, name in _BROWSERS if f"{mark}/" in agent), None)
    system = next((name for mark, name in _SYSTEMS if mark in agent), None)
    if browser is None:
        return agent[:40]
    return f"{browser} on {system}" if system else browser


def session_list(viewer: Viewer, owner: Owner, sessions: Sequence[SessionView]) -> None:
    hint = "Each ends after a day without use, and after a week at the latest."
    with panel("Signed in", hint):
        if not sessions:
            empty_state("devices", "Signed in nowhere", f"{owner.name} has no session now.")
        for login in sessions:
            _session_row(viewer, owner, login)
        others = [login for login in sessions if not login.is_this]
        if len(others) > 1 or (others and owner.is_viewer):
            words = "Sign out everywhere else" if owner.is_viewer else "Sign out everywhere"
            with block("line"):
                secondary(words, _ender(viewer, owner, words), symbol="logout")


def token_list(viewer: Viewer, owner: Owner, tokens: Sequence[TokenView]) -> None:
    """The lines alone; who may make one adds the button."""
    if not tokens:
        empty_state("key", "No API tokens", "A token lets a program act with the rights of its owner, or fewer.")
    now = machine_clock.now()
    for token in tokens:
        with block("line flow access-row"):
            icon("key", "faint")
            with block("stack snug grow"):
                with block("line flow tight"):
                    text(token.name, "strong wrap")
                    if token.role:
                        chip(formats.words(token.role))
                    if token.expires_at <= now:
                        chip("Expired", "bad", "timer_off")
                text(_token_words(viewer, token), "small muted wrap")
            quiet("Revoke", _revoker(viewer, owner, token)).props(f'aria-label="Revoke token {token.id}"')


def _token_words(viewer: Viewer, token: TokenView) -> str:
    used = f"last used {formats.moment(token.last_used_at, viewer.zone)}" if token.last_used_at else "never used"
    made = formats.moment(token.created_at, viewer.zone)
    return f"Made {made} · {used} · good until {formats.moment(token.expires_at, viewer.zone)}"


def _session_row(viewer: Viewer, owner: Owner, login: SessionView) -> None:
    with block("line flow access-row"):
        icon("devices", "faint")
        with block("stack snug grow"):
            with block("line flow tight"):
                text(browser_words(login.browser), "strong wrap")
                if login.is_this:
                    chip("This browser", "good", "check")
            since = formats.moment(login.created_at, viewer.zone)
            seen = formats.moment(login.last_seen_at, viewer.zone)
            text(f"From {login.address or 'an unknown address'} · since {since} · last used {seen}", "small muted wrap")
        if not login.is_this:
            end = _done(
                viewer,
                lambda session, actor, now: revoke_session(session, owner.account_id, login.id, by=actor, now=now),
            )
            quiet("Sign out", end).props(f'aria-label="Sign out session {login.id}"')


def _ender(viewer: Viewer, owner: Owner, words: str) -> Act:
    kept = viewer.token if owner.is_viewer else None
    end = _done(
        viewer,
        lambda session, actor, now: revoke_sessions(session, owner.account_id, by=actor, now=now, except_token=kept),
    )

    async def press() -> None:
        question = "Open pages there ask for the password at their next act. API tokens stay."
        if await ask(f"{words}?", question, yes=words, is_dangerous=True):
            await end()

    return press


def _revoker(viewer: Viewer, owner: Owner, token: TokenView) -> Act:
    end = _done(
        viewer,
        lambda session, actor, now: revoke_token(session, owner.account_id, token.id, by=actor, now=now),
    )

    async def press() -> None:
        question = "Programs that use it are refused from now on. This cannot be undone."
        if await ask(f"Revoke {token.name}?", question, yes="Revoke", is_dangerous=True):
            await end()

    return press


def _done(viewer: Viewer, work: Callable[[Session, Actor, datetime], object]) -> Act:
    """Does it in the machine's time, in which sessions and tokens live, and draws the page anew."""

    async def act() -> None:
        def write(session: Session, actor: Actor, _workspace_now: datetime) -> bool:
            work(session, actor, machine_clock.now())
            return True

        if await attempt(viewer.write(write)):
            ui.navigate.reload()

    return act
