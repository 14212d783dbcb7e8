"""The web pages, built with NiceGUI over the same services as the JSON API."""

import html

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse
from nicegui import app as nicegui_app
from nicegui import ui

from api.bootstrap import Nurture
from api.ui.pages.account import add_account
from api.ui.pages.approvals import add_approvals
from api.ui.pages.assistant import add_assistant
from api.ui.pages.campaign import add_campaign
from api.ui.pages.campaigns import add_campaigns
from api.ui.pages.channels import add_channels
from api.ui.pages.journey import add_journey
from api.ui.pages.journey_designer import add_journey_designer
from api.ui.pages.journeys import add_journeys
from api.ui.pages.login import add_login
from api.ui.pages.people import add_people
from api.ui.pages.person import add_person
from api.ui.pages.review import add_review
from api.ui.pages.reviews import add_reviews
from api.ui.pages.segment import add_segment
from api.ui.pages.segments import add_segments
from api.ui.pages.tasks import add_tasks
from api.ui.theme import FAVICON, apply_theme
from crm.trouble import explain

RECONNECT_TIMEOUT_S = 30.0
"""How long a page's state waits for a browser that lost its connection."""

PAGES = (
    add_assistant,
    add_segments,
    add_segment,
    add_campaigns,
    add_campaign,
    add_journeys,
    add_journey_designer,
    add_journey,
    add_tasks,
    add_approvals,
    add_reviews,
    add_review,
    add_channels,
    add_account,
    add_people,
    add_person,
)


def mount_ui(app: FastAPI, nurture: Nurture) -> None:
    """Serve the pages under `/`, after every route that `app` already has.

    Once in a process: NiceGUI keeps one registry of pages. Nothing is kept in NiceGUI's own storage, so it
    gets no secret, sets no cookie and writes no file; who is signed in comes from our own session cookie.
    """
    apply_theme()
    nicegui_app.add_exception_handler(Exception, _broken_page)
    nicegui_app.on_exception(_broken_action)
    add_login(app, nurture)
    for add in PAGES:
        add(nurture)
    ui.run_with(
        app,
        title="Nurture",
        favicon=FAVICON,
        dark=False,
        language="en-US",
        tailwind=False,
        mount_path="/",
        reconnect_timeout=RECONNECT_TIMEOUT_S,
        show_welcome_message=False,
    )


def _broken_page(_request: Request, error: Exception) -> HTMLResponse:
    """In place of the framework's page, which shows the error's own words."""
    told = html.escape(explain(error, "page.failed").message)
    return HTMLResponse(
        f"<!doctype html><title>Nurture</title><h1>This page cannot be shown</h1><p>{told}</p>", status_code=500
    )


def _broken_action(error: Exception) -> None:
    """Of a button or field whose action nobody awaited."""
    explain(error, "action.failed")
