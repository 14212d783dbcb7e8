"""Writing a journey: from nothing, from a template, or from a version that exists."""

from dataclasses import dataclass
from datetime import datetime

from fastapi import Request
from nicegui import ui
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.bootstrap import Nurture
from api.ui.journeys.designer import Designer, Stock
from api.ui.journeys.draft import Draft
from api.ui.pages.addresses import id_in
from api.ui.segments.asking import Ground, ground_of
from api.ui.shell import add_page
from api.ui.theme import block, icon, text
from api.ui.viewer import Viewer
from crm.access.actor import Actor, Permission, require
from crm.catalog import CATALOG
from crm.journeys.lookup import get_journey
from crm.journeys.templates import from_template
from crm.loyalty.models import Coupon
from crm.outreach.ledger import spec_of
from crm.outreach.models import Journey

_EMPTY = {"name": "", "trigger": {"kind": "by_hand"}, "steps": []}


def add_journey_designer(nurture: Nurture) -> None:
    add_page(nurture, "/journeys/new", section="Journeys", build=_build_new, title="New journey")
    add_page(nurture, "/journeys/{journey_id:int}/edit", section="Journeys", build=_build_change, title="Journey")


@dataclass(frozen=True)
class _Facts:
    ground: Ground
    stock: Stock
    journey: Journey | None


def _load(session: Session, actor: Actor, now: datetime, journey_id: int | None) -> _Facts:
    require(actor, Permission.DRAFT_CAMPAIGN)
    coupons = session.scalars(select(Coupon).order_by(Coupon.code))
    return _Facts(
        ground=ground_of(session, actor, now),
        stock=Stock({coupon.code: f"{coupon.code}: {coupon.name}" for coupon in coupons}, _choices(session)),
        journey=None if journey_id is None else get_journey(session, journey_id),
    )


def _choices(session: Session) -> dict[str, list[str]]:
    """What narrows events: the values of each qualifier that has some to choose from."""
    found = {}
    for qualifier in (each for event in CATALOG.events.values() for each in event.qualifiers):
        if qualifier.values is not None:
            listed = qualifier.values if isinstance(qualifier.values, tuple) else session.scalars(qualifier.values)
            found[qualifier.name] = [str(value) for value in listed]
    return found


async def _build_new(viewer: Viewer, request: Request) -> None:
    facts = await viewer.read(lambda session, actor, now: _load(session, actor, now, None))
    template = request.query_params.get("template")
    draft = Draft(_EMPTY) if template is None else Draft.of(from_template(template))
    _draw(viewer, facts, draft, "New journey", "/journeys")


async def _build_change(viewer: Viewer, request: Request) -> None:
    journey_id = id_in(request, "journey_id")
    facts = await viewer.read(lambda session, actor, now: _load(session, actor, now, journey_id))
    if facts.journey is not None:
        draft = Draft.of(spec_of(facts.journey))
        _draw(viewer, facts, draft, f"Change {facts.journey.name}", f"/journeys/{journey_id}")


def _draw(viewer: Viewer, facts: _Facts, draft: Draft, title: str, back: str) -> None:
    with block("page"):
        with block("stack tight"):
            with ui.link(target=back).classes("line tight small").style("width: fit-content"):
                icon("arrow_back")
                text("Journeys" if back == "/journeys" else "Back to it", "", "span")
            text(title, "page-title", "h1")
            text(
                "Members who are under way keep the version in which they entered; what you save is a new draft.",
                "muted wrap",
            )
        Designer(viewer, facts.ground, facts.stock, draft).draw()
