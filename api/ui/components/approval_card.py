"""A request that somebody else must approve, with the way to it."""

from collections.abc import Mapping
from typing import Any

from nicegui import ui

from api.ui.components.card import card
from api.ui.components.state_chips import state_chip
from api.ui.theme import icon, text


def approval_card(artifact: Mapping[str, Any]) -> None:
    rooms = {"campaigns": artifact.get("campaign_id"), "journeys": artifact.get("journey_id")}
    page = next((f"/{room}/{number}" for room, number in rooms.items() if number), "/approvals")
    with card("task_alt", "Approval requested", str(artifact.get("name", ""))) as corner:
        with corner:
            state_chip("pending")
        text("Nothing is sent before somebody else, who has the right to it, approves exactly what was shown.", "wrap")
        with ui.link(target=page).classes("line tight"):
            text("See the request", tag="span")
            icon("arrow_forward")
