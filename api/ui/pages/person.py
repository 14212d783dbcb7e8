"""One person who can sign in, for administrators: rights, password, sessions, tokens."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from fastapi import Request
from nicegui import ui
from sqlalchemy.orm import Session

from api.account_views import AccountView, SessionView, TokenView, session_views, token_views
from api.auth import machine_clock
from api.bootstrap import Nurture
from api.people import give_new_password
from api.ui import formats
from api.ui.components.access_lists import Owner, session_list, token_list
from api.ui.components.dialogs import ask
from api.ui.components.secret_dialog import show_secret
from api.ui.components.tables import facts
from api.ui.pages.people import ONE_TIME_WORDS, marks
from api.ui.shell import add_page
from api.ui.theme import block, chip, danger, panel, quiet, secondary, text
from api.ui.viewer import Viewer, attempt
from crm.access import accounts
from crm.access.actor import Actor, Permission, require
from crm.access.models import Account, Role

DISABLE_WORDS = (
    "Sessions end and API tokens are revoked. Campaigns and journeys of theirs go on, what they asked approval for "
    "stays, and they can decide nothing any more."
)
RESET_WORDS = "Sessions end and API tokens are revoked. You are shown a password for one sign-in."


@dataclass(frozen=True)
class _Shown:
    account_id: int
    person: AccountView
    sessions: Sequence[SessionView]
    tokens: Sequence[TokenView]


def add_person(nurture: Nurture) -> None:
    add_page(nurture, "/people/{username}", section="People", build=_build, title="Person")


async def _build(viewer: Viewer, request: Request) -> None:
    require(viewer.actor, Permission.ADMINISTER)
    username = request.path_params["username"]

    def load(session: Session, _actor: Actor, _now: datetime) -> _Shown:
        account = accounts.account_named(session, username)
        return _Shown(
            account.id,
            AccountView.of(account),
            session_views(session, account.id, viewer.token),
            token_views(session, account.id),
        )

    shown = await viewer.read(load)
    person = shown.person
    is_viewer = shown.account_id == viewer.actor.account_id
    owner = Owner(shown.account_id, is_viewer=is_viewer, name=person.display_name)
    with block("page narrow"):
        with block("line flow"):
            with block("stack snug grow"):
                text(person.display_name, "page-title", "h1")
                with block("line flow tight"):
                    text(person.username, "muted wrap")
                    for words, tone, symbol in marks(person):
                        chip(words, tone, symbol)
            with block("line flow tight"):
                PersonActions(viewer, person).draw(is_viewer=is_viewer)
        with panel("Rights"):
            changed = formats.moment(person.password_changed_at, viewer.zone)
            facts((("Role", formats.words(person.role)), ("Password changed", changed)))
        session_list(viewer, owner, shown.sessions)
        with panel("API tokens"):
            token_list(viewer, owner, shown.tokens)


class PersonActions:
    """Whatever is done draws the page anew."""

    def __init__(self, viewer: Viewer, person: AccountView) -> None:
        self._viewer, self._person = viewer, person

    def draw(self, *, is_viewer: bool) -> None:
        secondary("Change role", self._change_role, symbol="badge")
        if not is_viewer:
            secondary("Reset password", self._reset, symbol="lock_reset")
        if self._person.is_active:
            danger("Disable", self._disable, symbol="block")
        else:
            secondary("Enable", self._enable, symbol="check")

    async def _disable(self) -> None:
        if await ask(f"Disable {self._person.display_name}?", DISABLE_WORDS, yes="Disable", is_dangerous=True):
            await self._do(
                lambda session, account, by: accounts.disable(session, account, by=by, now=machine_clock.now())
            )

    async def _enable(self) -> None:
        await self._do(lambda session, account, by: accounts.enable(session, account, by=by, now=machine_clock.now()))

    async def _change_role(self) -> None:
        with ui.dialog() as dialog, ui.card().classes("dialog"):
            text(f"Role of {self._person.display_name}", "section-title wrap", "h2")
            roles = {role.value: formats.words(role) for role in Role}
            chosen = ui.select(roles, value=self._person.role.value, label="Role")
            with block("line").style("justify-content: flex-end"):
                quiet("Back", lambda: dialog.submit(None))
                ui.button("Change", on_click=lambda: dialog.submit(chosen.value))
        given = await dialog
        dialog.delete()
        if given is not None:
            await self._do(
                lambda session, account, by: accounts.change_role(
                    session, account, Role(given), by=by, now=machine_clock.now()
                )
            )

    async def _reset(self) -> None:
        viewer, name = self._viewer, self._person.display_name
        if not await ask(f"Reset the password of {name}?", RESET_WORDS, yes="Reset password", is_dangerous=True):
            return
        made = await attempt(
            viewer.at_desk(lambda actor: give_new_password(viewer.nurture.sessions, self._person.username, by=actor))
        )
        if made:
            await show_secret(f"One-time password of {name}", ONE_TIME_WORDS, made.password)
            ui.navigate.reload()

    async def _do(self, work: Callable[[Session, Account, Actor], object]) -> None:
        def write(session: Session, actor: Actor, _now: datetime) -> bool:
            work(session, accounts.account_named(session, self._person.username), actor)
            return True

        if await attempt(self._viewer.write(write)):
            ui.navigate.reload()
