"""Signing in and out. A plain form: the password never travels over the page's socket."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import FastAPI, Form, Request
from fastapi.responses import RedirectResponse
from nicegui import ui

from api.auth import clear_login_cookie, login_token, origin_of, refuses_demo_passwords, set_login_cookie
from api.bootstrap import Nurture
from api.demo_warning import WARNING, shows_warning
from api.own_account import sign_out
from api.ui import formats
from api.ui.theme import block, icon, notice, page_colours, text
from api.ui.viewer import viewer_of
from crm.access.demo_passwords import people_with_demo_passwords
from crm.access.models import Account
from crm.access.passwords import DEMO_PASSWORD
from crm.access.sign_in import Attempt
from crm.database import read_only
from crm.errors import CrmError, TooManyAttempts, Unavailable
from crm.workspace import WORKSPACE_ID, Workspace

# Fills the form without a round trip; the values are read from the button's own data attributes.
_FILL = """(event) => {
  const person = event.currentTarget.dataset;
  document.getElementById('username').value = person.username;
  document.getElementById('password').value = person.password;
  document.getElementById('sign-in').focus();
}"""


def add_login(app: FastAPI, nurture: Nurture) -> None:
    public_url = nurture.settings.public_url

    @app.post("/login", include_in_schema=False)
    async def sign_in(
        request: Request,
        username: Annotated[str, Form()] = "",
        password: Annotated[str, Form()] = "",
    ) -> RedirectResponse:
        attempt = Attempt(username, password, origin_of(request), replaces=login_token(request, public_url))
        try:
            signed_in = await nurture.sign_in_desk.sign_in(
                attempt, refuses_demo_passwords=refuses_demo_passwords(request)
            )
        except TooManyAttempts as error:
            return RedirectResponse(f"/login?wait={error.wait_seconds}", status_code=303)
        except CrmError as error:
            return RedirectResponse(f"/login?failed={error.code}", status_code=303)
        response = RedirectResponse("/", status_code=303)
        set_login_cookie(request, response, signed_in.token, public_url)
        return response

    @app.post("/sign-out", include_in_schema=False)
    def end_session(request: Request) -> RedirectResponse:
        sign_out(nurture, login_token(request, public_url))
        response = RedirectResponse("/login", status_code=303)
        clear_login_cookie(request, response, public_url)
        return response

    @ui.page("/login", title="Sign in · Nurture")
    def login(request: Request) -> RedirectResponse | None:
        if viewer_of(nurture, request) is not None:
            return RedirectResponse("/", status_code=303)
        _draw(nurture, _trouble(request))
        return None


def _trouble(request: Request) -> str | None:
    """What came of the last attempt, in words of ours: the address may say anything."""
    wait, failed = request.query_params.get("wait", ""), request.query_params.get("failed")
    if wait.isascii() and wait.isdigit() and len(wait) < 5:
        return f"Too many wrong sign-ins of late. Try again in {formats.plural(int(wait), 'second')}."
    if failed == "demo_password":
        return "This account still has the demo's password, which everybody knows; ask whoever runs this server."
    if failed == Unavailable.code:
        return "Very many people are signing in just now. Try again in a few seconds."
    return "Username or password is wrong." if failed is not None else None


def _draw(nurture: Nurture, trouble: str | None) -> None:
    page_colours()
    with read_only(nurture.sessions) as session:
        workspace = session.get(Workspace, WORKSPACE_ID)
        known = people_with_demo_passwords(session)
    with block("sign-in", "main"), block("sign-in-box"):
        with block("line"):
            with block("brand-mark", "span"):
                icon("spa")
            text("Nurture", "brand", "span")
        with block("panel").style("padding: 28px; gap: 18px"):
            with block("stack snug"):
                text("Sign in", "page-title", "h1")
                text(workspace.name if workspace else "No workspace yet", "muted")
            if shows_warning(nurture):
                notice(WARNING, "bad")
            if trouble:
                notice(trouble, "bad")
            if workspace is None:
                notice("This database holds no data yet. Load the demo with: nurture demo load", "warn")
            _form()
        if known and not _is_refused(nurture):
            _demo_people(known)


def _form() -> None:
    with block("stack", "form").props("method=post action=/login"):
        _field("username", "Username", "autocomplete=username autofocus autocapitalize=none spellcheck=false")
        _field("password", "Password", "type=password autocomplete=current-password")
        ui.button("Sign in").props("type=submit id=sign-in").classes("full-width")


def _field(name: str, label: str, props: str) -> None:
    with block("stack snug", "label"):
        text(label, "small strong", "span")
        block("field", "input").props(f"id={name} name={name} required {props}")


def _is_refused(nurture: Nurture) -> bool:
    """Whether passwords that everybody knows open nothing here."""
    return nurture.settings.is_public and not nurture.settings.allow_demo_passwords


def _demo_people(people: Sequence[Account]) -> None:
    with block("panel").style("gap: 6px"):
        text("Demo people", "eyebrow")
        text("Choose one to fill in the form; everything here is made up.", "small muted")
        for person in people:
            with block("demo-person", "button").props("type=button") as button:
                text(formats.initials(person.display_name), "avatar", "span")
                text(person.display_name, "strong grow", "span")
                text(formats.words(person.role), "small muted", "span")
            button.props["data-username"] = person.username
            button.props["data-password"] = DEMO_PASSWORD
            button.on("click", js_handler=_FILL)
