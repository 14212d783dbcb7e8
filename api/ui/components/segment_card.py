"""Who is in a segment: the count, the reading back of the request, a few members, and the definition."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from nicegui import ui

from api.ui import formats
from api.ui.components.card import Local, card
from api.ui.components.charts import bar_chart
from api.ui.components.field_words import field_label, field_named, value_words
from api.ui.components.tables import grid_table
from api.ui.theme import block, fold, quiet, text

SHOWN_AT_ONCE = 7
"""Members beside the chart, and bars in it; the rest unfolds."""


def segment_card(artifact: Mapping[str, Any], local: Local) -> None:
    order_by = artifact["definition"].get("order_by")
    with card(
        "groups", "Segment", "", link=f"/segments/new?{urlencode({'definition': _json(artifact['definition'])})}"
    ):
        with block("line top flow").style("gap: 20px"):
            with block("stack snug").style("width: auto; gap: 0"):
                text(formats.count(artifact["count"]), "headline")
                text("member" if artifact["count"] == 1 else "members", "muted")
            with block("stack snug grow").style("min-width: 240px"):
                text(formats.capitalised(artifact["read_back"]), "wrap")
                text(f"As of {formats.day(artifact['as_of'])}", "small faint")
        if artifact["count"]:
            chart: Mapping[str, Any] = artifact["chart"]
            has_chart = len(chart["groups"]) > 1
            with block("halves" if has_chart else "stack"):
                if has_chart:
                    _chart(chart)
                members_table(artifact["members"][:SHOWN_AT_ONCE], order_by, local)
        if len(artifact["members"]) > SHOWN_AT_ONCE:
            with fold(f"Show {len(artifact['members'])} of {formats.count(artifact['count'])} members"):
                members_table(artifact["members"], order_by, local)
        definition_fold(artifact["definition"])


def _json(definition: Any, indent: int | None = None) -> str:
    return json.dumps(definition, ensure_ascii=False, indent=indent)


def definition_fold(definition: Any) -> None:
    written = _json(definition, indent=2)
    with fold("Exact definition"):
        text(written, "code")
        quiet("Copy", lambda: ui.clipboard.write(written), symbol="content_copy").props("dense size=sm").classes("push")


def _chart(chart: Mapping[str, Any]) -> None:
    with block("stack tight"):
        most = ", the largest" if len(chart["groups"]) > SHOWN_AT_ONCE else ""
        text(f"By {field_label(chart['by']).lower()}{most}", "small strong")
        groups = chart["groups"][:SHOWN_AT_ONCE]
        labels = ["Unknown" if group["key"] is None else formats.words(str(group["key"])) for group in groups]
        bar_chart(labels, [group["count"] for group in groups], name=f"Members by {chart['by']}")


def members_table(members: Sequence[Mapping[str, Any]], order_by: Mapping[str, Any] | None, local: Local) -> None:
    """Members without contact details; an ordered list also shows what it is ordered by."""
    headings = ["Name", "Tier", "City"]
    rows = [[_name(row), formats.words(row["tier"]), row["city"] or formats.MISSING] for row in members]
    if order_by:
        field = field_named(order_by["field"])
        headings.append(field_label(order_by["field"]))
        for row, member in zip(rows, members, strict=True):
            row.append(value_words(member.get("order_value"), field, local))
    grid_table(headings, rows, numeric=(3,))


def _name(member: Mapping[str, Any]) -> str:
    local_name = member.get("name_local")
    return f"{member['name']} · {local_name}" if local_name and local_name != member["name"] else str(member["name"])
