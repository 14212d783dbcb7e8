"""Who is in a segment: the count, the reading back of the request, a few members, and the definition."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from nicegui import ui

from api.ui import formats
from api.ui.components.card import Local, card
from api.ui.components.charts import bar_chart
from api.ui.components.tables import grid_table
from api.ui.theme import block, fold, quiet, text


def segment_card(artifact: Mapping[str, Any], local: Local) -> None:
    with card("groups", "Segment", ""):
        with block("line top flow").style("gap: 20px"):
            with block("stack snug").style("width:auto"):
                text(formats.count(artifact["count"]), "headline")
                text("member" if artifact["count"] == 1 else "members", "muted")
            with block("stack snug grow").style("min-width: 240px"):
                text(str(artifact.get("read_back", "")), "wrap")
                text(f"As of {local.moment(artifact.get('as_of'))}", "small faint")
        charts(artifact)
        members_table(artifact)
        definition_fold(artifact["definition"])


def charts(artifact: Mapping[str, Any]) -> None:
    """The make-up of the segment, one small chart for each dimension that came with it."""
    drawn = [chart for chart in artifact.get("charts", ()) if len(chart["groups"]) > 1]
    if not drawn:
        return
    with block("halves"):
        for chart in drawn[:2]:
            with block("stack tight"):
                text(f"By {formats.words(chart['by']).lower()}", "small strong")
                labels = [str(group["key"]) if group["key"] is not None else "Unknown" for group in chart["groups"]]
                bar_chart(labels, [group["value"] for group in chart["groups"]], name=f"Members by {chart['by']}")


def members_table(artifact: Mapping[str, Any]) -> None:
    members: Sequence[Mapping[str, Any]] = artifact.get("members", ())
    if not members:
        return
    rows = [(_name(member), formats.words(member["tier"]), member.get("city") or formats.MISSING) for member in members]
    with fold(f"{formats.plural(len(rows), 'member')} of {formats.count(artifact['count'])} shown"):
        grid_table(("Name", "Tier", "City"), rows)


def definition_fold(definition: Any) -> None:
    written = json.dumps(definition, ensure_ascii=False, indent=2)
    with fold("Exact definition"):
        text(written, "code")
        quiet("Copy", lambda: ui.clipboard.write(written), symbol="content_copy").props("dense size=sm").classes("push")


def _name(member: Mapping[str, Any]) -> str:
    local_name = member.get("name_local")
    name = str(member.get("name") or f"Member {member.get('id')}")
    return f"{name} · {local_name}" if local_name and local_name != name else name
