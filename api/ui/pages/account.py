"""My account: password, sessions and API tokens of whoever looks."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import Request
from nicegui import ui
from sqlalchemy.orm import Session

from api.account_views import SessionView, TokenView, session_views, token_views
from api.auth import machine_clock
from api.bootstrap import Nurture
from api.ui import formats
from api.ui.components.access_lists import Owner, session_list, token_list
from api.ui.components.secret_dialog import show_secret
from api.ui.components.tables import facts
from api.ui.shell import add_page
from api.ui.theme import block, notice, panel, quiet, secondary, text
from api.ui.viewer import Viewer, attempt
from crm.access.actor import Actor, is_within
from crm.access.models import Role
from crm.access.passwords import MAX_LENGTH, MIN_LENGTH
from crm.access.tokens import DEFAULT_DAYS, MAX_DAYS, MAX_NAME_LENGTH, create_api_token

# The passwords go to the API by a request of their own: they never travel over the page's socket.
_CHANGE = """async (event) => {
  event.preventDefault();
  const form = event.target, field = (name) => form.elements.namedItem(name);
  const trouble = document.getElementById('password-trouble'), button = form.querySelector('button');
  const say = (words) => { trouble.textContent = words; trouble.hidden = !words; };
  if (field('new').value !== field('again').value) { say('The new password and its repetition differ.'); return; }
  const body = { new_password: field('new').value };
  if (field('old')) body.old_password = field('old').value;
  button.disabled = true;
  say('');
  try {
    const answer = await fetch('/api/me/password', {
      method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body),
    });
    if (answer.ok) { window.location = '/account?changed=1'; return; }
    const words = (await answer.json()).detail;
    say(words.charAt(0).toUpperCase() + words.slice(1) + '.');
  } catch { say('The server did not answer. Nothing was changed.'); }
  button.disabled = false;
}"""
OWN_RIGHTS = "own"


@dataclass(frozen=True)
class _Shown:
    sessions: Sequence[SessionView]
    tokens: Sequence[TokenView]


def add_account(nurture: Nurture) -> None:
    add_page(nurture, "/account", section="My account", build=_build)


async def _build(viewer: Viewer, request: Request) -> None:
    def load(session: Session, actor: Actor, _now: object) -> _Shown:
        return _Shown(session_views(session, actor.account_id, viewer.token), token_views(session, actor.account_id))

    shown = await viewer.read(load)
    actor = viewer.actor
    owner = Owner(actor.account_id, is_viewer=True, name=actor.display_name)
    with block("page narrow"):
        with block("stack snug"):
            text("My account", "page-title", "h1")
            text("Your password, where you are signed in, and the tokens of your programs.", "muted")
        if "changed" in request.query_params:
            notice("Your password is changed, and your other sessions are ended.", "good")
        if not actor.must_change_password:
            with panel("You"):
                facts(
                    (
                        ("Name", actor.display_name),
                        ("Username", actor.username),
                        ("Role", formats.words(actor.role)),
                    )
                )
        _password(actor)
        if actor.must_change_password:
            return
        session_list(viewer, owner, shown.sessions)
        with panel("API tokens", "For programs that use the JSON API in your name. A token is shown once."):
            token_list(viewer, owner, shown.tokens)
            with block("line"):
                secondary("New token", TokenDialog(viewer).open, symbol="add")


def _password(actor: Actor) -> None:
    hint = f"At least {MIN_LENGTH} characters; several words in a row are good. Your other sessions end."
    with panel("Password", hint):
        if actor.must_change_password:
            notice("You signed in with a one-time password. Choose one of your own to go on.", "warn")
        with block("stack", "form").style("max-width: 420px").on("submit", js_handler=_CHANGE):
            if not actor.must_change_password:
                _field("old", "Old password", "current-password")
            _field("new", "New password", "new-password")
            _field("again", "New password again", "new-password")
            block("password-trouble", "p").props("id=password-trouble role=alert hidden")
            with block("line"):
                ui.button("Change password").props("type=submit")


def _field(name: str, label: str, autocomplete: str) -> None:
    with block("stack snug", "label"):
        text(label, "small strong", "span")
        block("field", "input").props(
            f"name={name} type=password required maxlength={MAX_LENGTH} autocomplete={autocomplete}"
        )


class TokenDialog:
    """Asks for the name, the end and the rights of a token, and shows its secret."""

    def __init__(self, viewer: Viewer) -> None:
        self._viewer = viewer
        rights = {OWN_RIGHTS: "All of mine"} | {
            role.value: f"Only those of: {formats.words(role)}"
            for role in Role
            if role is not viewer.actor.role and is_within(role, viewer.actor.role)
        }
        with ui.dialog() as self._dialog, ui.card().classes("dialog"):
            text("New API token", "section-title", "h2")
            self._name = ui.input("What is it for?").props(f"maxlength={MAX_NAME_LENGTH} autofocus")
            self._days = ui.number("Days until it ends", value=DEFAULT_DAYS, min=1, max=MAX_DAYS, precision=0)
            self._role = ui.select(rights, value=OWN_RIGHTS, label="Rights")
            with block("line").style("justify-content: flex-end"):
                quiet("Back", self._dialog.close)
                ui.button("Make token", on_click=self._make)

    def open(self) -> None:
        self._dialog.open()

    async def _make(self) -> None:
        name, days = self._name.value or "", int(self._days.value or 0)
        role = None if self._role.value == OWN_RIGHTS else Role(self._role.value)
        made = await attempt(
            self._viewer.write(
                lambda session, actor, _now: create_api_token(
                    session, actor, name=name, now=machine_clock.now(), days=days, role=role
                )
            )
        )
        if made is None:
            return
        self._dialog.close()
        await show_secret("Your new token", "It is shown this once. Keep it where passwords are kept.", made.secret)
        ui.navigate.reload()
