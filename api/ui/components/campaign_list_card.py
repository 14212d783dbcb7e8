"""Campaigns in a conversation, each with the way to its page."""

from collections.abc import Mapping
from typing import Any

from nicegui import ui

from api.ui import formats
from api.ui.components.card import Local, card
from api.ui.components.state_chips import state_chip
from api.ui.theme import block, text


def campaign_list_card(artifact: Mapping[str, Any], _local: Local) -> None:
    rows = artifact["campaigns"]
    with card("campaign", "Campaigns", f"{artifact['total']} found"):
        if not rows:
            text("No campaign fits.", "muted")
        with block("stack tight").style("max-height: 360px; overflow-y: auto"):
            for row in rows:
                with block("line"):
                    ui.link(row["name"], f"/campaigns/{row['campaign_id']}").classes("grow wrap")
                    starts = row.get("starts_at")
                    text(f"{formats.day(starts)} {starts[11:16]}" if starts else "no start", "small faint number")
                    state_chip(row.get("end_reason") or row["state"])
