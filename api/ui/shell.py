"""The frame around every page: navigation, workspace, clock and the person who is signed in."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from fastapi import Request
from fastapi.responses import RedirectResponse
from nicegui import ui

from api.bootstrap import Nurture
from api.demo_warning import WARNING, shows_warning
from api.ui import formats
from api.ui.components.demo_clock import clock_control
from api.ui.components.errors import error_panel
from api.ui.theme import block, icon, notice, page_colours, text
from api.ui.viewer import Viewer, viewer_of
from crm.access.actor import Permission
from crm.access.approvals import pending_approvals
from crm.trouble import explain

PAGE_TIMEOUT_S = 60.0
"""Pages are built after their data was read; a large workspace may need a while."""

Build = Callable[[Viewer, Request], Awaitable[None]]


@dataclass(frozen=True)
class Section:
    name: str
    path: str
    symbol: str
    permission: Permission | None = None
    """Who sees it; None: everybody."""


SECTIONS = (
    Section("Assistant", "/", "forum"),
    Section("Segments", "/segments", "groups"),
    Section("Campaigns", "/campaigns", "campaign"),
    Section("Journeys", "/journeys", "route"),
    Section("Tasks", "/tasks", "assignment_ind"),
    Section("Approvals", "/approvals", "task_alt"),
    Section("Reviews", "/reviews", "insights"),
    Section("Channels", "/channels", "send"),
    Section("People", "/people", "manage_accounts", Permission.ADMINISTER),
)
ACCOUNT = "/account"


def add_page(nurture: Nurture, path: str, *, section: str, build: Build, title: str | None = None) -> None:
    """Serve `build` inside the frame at `path`; who is not signed in is sent to the sign-in page."""

    @ui.page(path, title=f"{title or section} · Nurture", response_timeout=PAGE_TIMEOUT_S)
    async def show(request: Request) -> RedirectResponse | None:
        viewer = await asyncio.to_thread(viewer_of, nurture, request)
        if viewer is None:
            return RedirectResponse("/login", status_code=303)
        if viewer.actor.must_change_password and path != ACCOUNT:
            return RedirectResponse(ACCOUNT, status_code=303)
        await _draw(viewer, request, section, build)
        return None


async def _draw(viewer: Viewer, request: Request, section: str, build: Build) -> None:
    page_colours()
    ui.context.client.on_connect(_open_for_input)
    waiting = await viewer.read(lambda session, _actor, now: len(pending_approvals(session, now)))
    drawer = _navigation(viewer, section, waiting)
    _header(viewer, drawer)
    with block("framed full-width", "main").props("tabindex=-1") as main:
        if shows_warning(viewer.nurture):
            notice(WARNING, "bad").classes("over-page")
        try:
            await build(viewer, request)
        except Exception as error:  # noqa: BLE001 - the edge at which a bug of a page is logged, once
            error_panel(explain(error, "page.failed", section=section))
    ui.skip_link(target=main)


def _open_for_input() -> None:
    """Whatever is pressed before the page's socket is open would be lost, so buttons answer only from then on."""
    ui.run_javascript("document.body.classList.add('connected')")


def _navigation(viewer: Viewer, active: str, waiting: int) -> ui.left_drawer:
    drawer = ui.left_drawer(bordered=False).classes("app-drawer").props("width=216 breakpoint=1023 show-if-above")
    with drawer, block("stack snug", "nav").props('aria-label="Main"'):
        for section in SECTIONS:
            if section.permission is not None and not viewer.actor.may(section.permission):
                continue
            classes = "nav active" if section.name == active else "nav"
            with ui.link(target=section.path).classes(f"plain {classes}") as link:
                if section.name == active:
                    link.props("aria-current=page")
                icon(section.symbol)
                text(section.name, "grow", "span")
                if section.name == "Approvals" and waiting:
                    text(str(waiting), "count", "span").props(f'aria-label="{waiting} waiting"')
    return drawer


def _header(viewer: Viewer, drawer: ui.left_drawer) -> None:
    with ui.header(wrap=False).classes("app-header"):
        ui.button(icon="menu", on_click=drawer.toggle).props("flat round dense color=primary").classes(
            "only-narrow"
        ).props('aria-label="Open navigation"')
        with ui.link(target="/").classes("plain line tight").props('aria-label="Nurture, home"'):
            with block("brand-mark", "span"):
                icon("spa")
            text("Nurture", "brand only-wide", "span")
        text(viewer.workspace, "muted clip only-wide").style("padding-left: 12px; border-left: 1px solid var(--line)")
        block("grow")
        clock_control(viewer)
        _person(viewer)


def _person(viewer: Viewer) -> None:
    name, role = viewer.actor.display_name, formats.words(viewer.actor.role)
    with (
        block("person", "button")
        .props(f'aria-label="{role} menu" type=button')
        .style("border:0;background:none;font:inherit")
    ):
        text(formats.initials(name), "avatar", "span")
        with block("stack snug only-wide").style("gap:0;text-align:left;width:auto;line-height:1.25"):
            text(name, "strong clip").style("max-width:150px")
            text(role, "small faint")
        with ui.menu().props("anchor='bottom right' self='top right'"):
            ui.menu_item(f"Signed in as {viewer.actor.username}").props("disable")
            ui.separator()
            ui.menu_item("My account", on_click=lambda: ui.navigate.to(ACCOUNT))
            ui.menu_item("Sign out", on_click=lambda: ui.run_javascript("document.getElementById('sign-out').submit()"))
    with block("", "form").props("id=sign-out method=post action=/sign-out").style("display:none"):
        pass
