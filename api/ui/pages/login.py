"""Signing in and out. A plain form: the password never travels over the page's socket."""

from typing import Annotated

from fastapi import FastAPI, Form, Request
from fastapi.responses import RedirectResponse
from nicegui import ui

from api.auth import COOKIE, machine_clock, set_login_cookie
from api.bootstrap import Nurture
from api.ui import formats
from api.ui.theme import block, icon, notice, page_colours, text
from api.ui.viewer import viewer_of
from crm.access import service as access
from crm.database import read_only, unit_of_work
from crm.datasets.people import DEMO_PASSWORD, DEMO_PEOPLE
from crm.errors import CrmError
from crm.workspace import WORKSPACE_ID, Workspace

# Fills the form without a round trip; the values are read from the button's own data attributes.
_FILL = """(event) => {
  const person = event.currentTarget.dataset;
  document.getElementById('username').value = person.username;
  document.getElementById('password').value = person.password;
  document.getElementById('sign-in').focus();
}"""


def add_login(app: FastAPI, nurture: Nurture) -> None:
    @app.post("/login", include_in_schema=False)
    def sign_in(username: Annotated[str, Form()], password: Annotated[str, Form()]) -> RedirectResponse:
        try:
            with unit_of_work(nurture.sessions) as session:
                actor = access.authenticate(session, username.strip(), password)
                token = access.open_login(session, actor, machine_clock.now())
        except CrmError:
            return RedirectResponse("/login?failed=1", status_code=303)
        response = RedirectResponse("/", status_code=303)
        set_login_cookie(response, token)
        return response

    @app.post("/sign-out", include_in_schema=False)
    def sign_out(request: Request) -> RedirectResponse:
        if token := request.cookies.get(COOKIE):
            with unit_of_work(nurture.sessions) as session:
                access.close_login(session, token)
        response = RedirectResponse("/login", status_code=303)
        response.delete_cookie(COOKIE)
        return response

    @ui.page("/login", title="Sign in · Nurture")
    def login(request: Request) -> RedirectResponse | None:
        if viewer_of(nurture, request) is not None:
            return RedirectResponse("/", status_code=303)
        _draw(nurture, failed="failed" in request.query_params)
        return None


def _draw(nurture: Nurture, *, failed: bool) -> None:
    page_colours()
    with read_only(nurture.sessions) as session:
        workspace = session.get(Workspace, WORKSPACE_ID)
    with block("sign-in", "main"), block("sign-in-box"):
        with block("line"):
            with block("brand-mark", "span"):
                icon("spa")
            text("Nurture", "brand", "span")
        with block("panel").style("padding: 28px; gap: 18px"):
            with block("stack snug"):
                text("Sign in", "page-title", "h1")
                text(workspace.name if workspace else "No workspace yet", "muted")
            if failed:
                notice("Username or password is wrong.", "bad")
            if workspace is None:
                notice("This database holds no data yet. Load the demo with: nurture demo load", "warn")
            _form()
        if workspace is not None and workspace.dataset != "own":
            _demo_people()


def _form() -> None:
    with block("stack", "form").props("method=post action=/login"):
        _field("username", "Username", "autocomplete=username autofocus autocapitalize=none spellcheck=false")
        _field("password", "Password", "type=password autocomplete=current-password")
        ui.button("Sign in").props("type=submit id=sign-in").classes("full-width")


def _field(name: str, label: str, props: str) -> None:
    with block("stack snug", "label"):
        text(label, "small strong", "span")
        block("field", "input").props(f"id={name} name={name} required {props}")


def _demo_people() -> None:
    with block("panel").style("gap: 6px"):
        text("Demo people", "eyebrow")
        text("Choose one to fill in the form; everything here is made up.", "small muted")
        for person in DEMO_PEOPLE:
            with block("demo-person", "button").props("type=button") as button:
                text(formats.initials(person.display_name), "avatar", "span")
                text(person.display_name, "strong grow", "span")
                text(formats.words(person.role), "small muted", "span")
            button.props["data-username"] = person.username
            button.props["data-password"] = DEMO_PASSWORD
            button.on("click", js_handler=_FILL)
