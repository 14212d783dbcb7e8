"""All journeys: which run, who is under way, and what to start from."""

from datetime import datetime

from fastapi import Request
from nicegui import ui
from sqlalchemy.orm import Session

from api.bootstrap import Nurture
from api.ui import formats
from api.ui.components.card import Local
from api.ui.components.state_chips import state_chip
from api.ui.journeys.trigger_words import TRIGGER_WORDS
from api.ui.shell import add_page
from api.ui.theme import block, chip, empty_state, icon, panel, text
from api.ui.viewer import Viewer
from crm.access.actor import Actor, Permission
from crm.journeys.overview import JourneySummary, summarise
from crm.journeys.templates import TEMPLATES

TEMPLATE_SYMBOLS = {"welcome": "waving_hand", "reactivation": "bedtime", "birthday": "cake"}


def add_journeys(nurture: Nurture) -> None:
    add_page(nurture, "/journeys", section="Journeys", build=_build)


def _load(session: Session, actor: Actor, _now: datetime) -> list[JourneySummary]:
    return summarise(session, actor=actor)


async def _build(viewer: Viewer, _request: Request) -> None:
    journeys = await viewer.read(_load)
    local = Local(viewer.zone, viewer.currency)
    may_draft = viewer.actor.may(Permission.DRAFT_CAMPAIGN)
    with block("page"):
        with block("line top flow"):
            with block("stack snug grow"):
                text("Journeys", "page-title", "h1")
                text("Members walk through them by themselves, each at his own time.", "muted")
            if may_draft:
                with ui.link(target="/journeys/new").classes("plain button-link solid"):
                    icon("add")
                    text("New journey", "", "span")
        with panel(classes="flush"):
            if not journeys:
                hint = "Start from one of these, or from nothing." if may_draft else "Operations have made none so far."
                empty_state("route", "No journey yet", hint)
            for journey in journeys:
                _row(journey, local)
        if may_draft:
            _templates()


def _templates() -> None:
    text("Start from a template", "section-title", "h2")
    with block("suggestions templates"):
        for template in TEMPLATES.values():
            words = template.words["en"]
            with ui.link(target=f"/journeys/new?template={template.key}").classes("plain suggestion"):
                icon(TEMPLATE_SYMBOLS[template.key])
                with block("stack snug"):
                    text(words.name, "strong wrap")
                    text(words.summary, "small muted wrap")


def _row(journey: JourneySummary, local: Local) -> None:
    shown = journey.started or journey.newest
    with ui.link(target=f"/journeys/{shown.journey_id}").classes("plain list-row"):
        with block("stack snug grow"):
            with block("line tight flow"):
                text(journey.name, "strong wrap")
                state_chip(journey.end_reason or journey.state)
                if journey.has_draft:
                    chip(f"Version {journey.newest.version}: {formats.words(journey.newest.state).lower()}", "info")
            text(TRIGGER_WORDS[shown.trigger], "small muted wrap")
            if shown.note:
                text(shown.note, "small wrap").style("color: var(--warn)")
        for number, label in (
            (journey.under_way, "under way"),
            (journey.entered, "entered"),
            (journey.left, "left"),
        ):
            with block("row-fact only-wide"):
                text(formats.count(number), "strong number")
                text(label, "small faint")
        with block("row-fact wide only-wide"):
            text(local.moment(journey.activated_at), "number small")
            text("started" if journey.activated_at else "not started", "small faint")
        icon("chevron_right").style("color: var(--ink-3)")
