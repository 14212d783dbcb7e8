"""People: who can sign in, for administrators."""

from collections.abc import Sequence

from fastapi import Request
from nicegui import ui

from api.account_views import AccountView, account_views
from api.bootstrap import Nurture
from api.people import make_person
from api.ui import formats
from api.ui.components.secret_dialog import show_secret
from api.ui.shell import add_page
from api.ui.theme import Tone, block, chip, icon, panel, primary, quiet, text
from api.ui.viewer import Viewer, attempt
from crm.access.accounts import MAX_NAME_LENGTH
from crm.access.actor import Permission, require
from crm.access.models import Role

ONE_TIME_WORDS = (
    "Tell it to the person. It is good for one sign-in within three days, and then they choose their own. It is shown "
    "this once."
)


def add_people(nurture: Nurture) -> None:
    add_page(nurture, "/people", section="People", build=_build)


async def _build(viewer: Viewer, _request: Request) -> None:
    require(viewer.actor, Permission.ADMINISTER)
    people = await viewer.read(lambda session, _actor, _now: account_views(session))
    with block("page"):
        with block("line flow"):
            with block("stack snug grow"):
                text("People", "page-title", "h1")
                text("Who can sign in, with which rights.", "muted")
            primary("Add a person", PersonDialog(viewer).open, symbol="person_add")
        _list(viewer, people)


def _list(viewer: Viewer, people: Sequence[AccountView]) -> None:
    with panel(classes="flush"):
        for person in people:
            with ui.link(target=f"/people/{person.username}").classes("plain list-row"):
                text(formats.initials(person.display_name), "avatar", "span")
                with block("stack snug grow"):
                    you = " (you)" if person.username == viewer.actor.username else ""
                    text(f"{person.display_name}{you}", "strong wrap")
                    text(f"{person.username} · {formats.words(person.role)}", "small muted wrap")
                    with block("line flow tight"):
                        for words, tone, symbol in marks(person):
                            chip(words, tone, symbol)
                icon("chevron_right", "faint")


def marks(person: AccountView) -> list[tuple[str, Tone, str]]:
    """What is out of the ordinary about an account."""
    found: list[tuple[str, Tone, str]] = []
    if not person.is_active:
        found.append(("Disabled", "bad", "block"))
    if person.has_demo_password:
        found.append(("Demo password", "warn", "warning_amber"))
    if person.waits_for_first_sign_in:
        found.append(("One-time password", "info", "hourglass_empty"))
    return found


class PersonDialog:
    """Asks for username, name and role, and shows the one-time password."""

    def __init__(self, viewer: Viewer) -> None:
        self._viewer = viewer
        with ui.dialog() as self._dialog, ui.card().classes("dialog"):
            text("Add a person", "section-title", "h2")
            self._username = ui.input("Username").props("maxlength=40 autofocus autocapitalize=none spellcheck=false")
            self._name = ui.input("Name, as others see it").props(f"maxlength={MAX_NAME_LENGTH}")
            roles = {role.value: formats.words(role) for role in Role}
            self._role = ui.select(roles, value=Role.OPERATIONS.value, label="Role")
            with block("line").style("justify-content: flex-end"):
                quiet("Back", self._dialog.close)
                self._yes = ui.button("Add", on_click=self._add)

    def open(self) -> None:
        self._dialog.open()

    async def _add(self) -> None:
        viewer = self._viewer
        username, name, role = self._username.value or "", self._name.value or "", Role(self._role.value)
        self._yes.props("loading")
        made = await attempt(
            viewer.at_desk(
                lambda actor: make_person(
                    viewer.nurture.sessions, username=username, display_name=name, role=role, by=actor
                )
            )
        )
        self._yes.props(remove="loading")
        if not made:
            return
        self._dialog.close()
        await show_secret(f"One-time password of {made.person.display_name}", ONE_TIME_WORDS, made.password)
        ui.navigate.to("/people")
