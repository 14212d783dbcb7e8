"""Journeys and tasks in a conversation, each with the way to its page."""

from collections.abc import Mapping
from typing import Any

from nicegui import ui

from api.ui import formats
from api.ui.components.card import Local, card
from api.ui.components.state_chips import state_chip
from api.ui.theme import block, chip, figure, text


def journey_card(artifact: Mapping[str, Any], _local: Local) -> None:
    link = f"/journeys/{artifact['journey_id']}"
    with card("route", "Journey", str(artifact["name"]), link=link) as corner:
        with corner:
            state_chip(str(artifact.get("end_reason") or artifact["state"]))
        text(f"{artifact['trigger']}. {artifact['reentry']}", "small muted wrap")
        if artifact["entered"]:
            with block("figures"):
                for key, label in (("entered", "Entered"), ("under_way", "Under way"), ("members_reached", "Reached")):
                    figure(label, formats.count(artifact[key]))
        with block("stack tight"):
            for step in artifact["steps"]:
                with block("line tight flow"):
                    text(step["key"], "small strong", "span")
                    text(step["words"], "small wrap", "span")
                    if step["standing"]:
                        chip(f"{formats.count(step['standing'])} here", "info", "person")


def journey_list_card(artifact: Mapping[str, Any], _local: Local) -> None:
    rows = artifact["journeys"]
    with card("route", "Journeys", f"{artifact['total']} found", link="/journeys"):
        if not rows:
            text("There is none yet.", "muted")
        for row in rows:
            with block("line"):
                ui.link(row["name"], f"/journeys/{row['journey_id']}").classes("grow wrap")
                text(f"{formats.count(row['under_way'])} under way", "small faint number")
                state_chip(row.get("end_reason") or row["state"])


def task_list_card(artifact: Mapping[str, Any], _local: Local) -> None:
    rows = artifact["tasks"]
    with card("assignment_ind", "Tasks", f"{artifact['total']} open", link="/tasks"):
        for row in rows:
            with block("line top"):
                with block("stack snug grow"):
                    text(row["title"], "wrap")
                    text(f"For {row['member']}", "small muted wrap")
                if row["is_overdue"]:
                    chip("Overdue", "bad", "schedule")
                due = str(row["due_at"])
                text(f"{formats.day(due)} {due[11:16]}", "small faint number")
