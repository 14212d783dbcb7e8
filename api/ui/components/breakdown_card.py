"""A segment broken down into groups: table and chart."""

from collections.abc import Mapping, Sequence
from typing import Any

from api.ui import formats
from api.ui.components.card import Local, card
from api.ui.components.charts import bar_chart, column_chart
from api.ui.components.field_words import field_label, field_named, value_words
from api.ui.components.segment_card import definition_fold
from api.ui.components.tables import grid_table
from api.ui.theme import block, text

MOST_BARS = 12
MOST_SERIES = 7
MOST_ROWS = 60
_FUNCTIONS = {"sum": "Total", "avg": "Average", "median": "Median", "share": "Share"}
Metric = Mapping[str, Any]
Group = Mapping[str, Any]


def breakdown_card(artifact: Mapping[str, Any], local: Local) -> None:
    groups: Sequence[Group] = artifact["groups"]
    group_by = [field_label(name) for name in artifact["group_by"]]
    metric: Metric = artifact["metric"]
    measured = metric_words(metric)
    with card("bar_chart", "Breakdown", f"{measured} by {' and '.join(name.lower() for name in group_by)}"):
        text(formats.capitalised(artifact["read_back"]), "wrap muted")
        text(
            f"{formats.count(artifact['count'])} members in all · as of {formats.day(artifact['as_of'])}", "small faint"
        )
        if len(groups) > 1:
            breakdown_chart(groups, measured)
        with block("").style("max-height: 360px; overflow-y: auto"):
            breakdown_table(groups[:MOST_ROWS], group_by, metric, local)
        if len(groups) > MOST_ROWS:
            text(f"The first {MOST_ROWS} of {len(groups)} groups are shown.", "small faint")
        definition_fold(artifact["definition"])


def metric_words(metric: Metric) -> str:
    if metric["fn"] == "count":
        return "Members"
    words = _FUNCTIONS[metric["fn"]]
    if not metric.get("field"):
        return f"{words} of members"
    return f"{words} of {field_label(metric['field']).lower()}{_window_words(metric)}"


def _window_words(metric: Metric) -> str:
    for name in ("days", "months"):
        if metric.get(f"window_{name}"):
            return f" in {metric[f'window_{name}']} {name}"
    window = metric.get("window")
    if not window:
        return ""
    return f" from {formats.day(window.get('from'))} to {formats.day(window.get('to'))}"


def breakdown_chart(groups: Sequence[Group], measured: str) -> None:
    if len(groups[0]["key"]) == 1:
        shown = groups[:MOST_BARS]
        bar_chart([_key(group["key"][0]) for group in shown], [_plain(group) for group in shown], name=measured)
        return
    outer = list(dict.fromkeys(_key(group["key"][0]) for group in groups))[:MOST_BARS]
    inner = list(dict.fromkeys(_key(group["key"][1]) for group in groups))[:MOST_SERIES]
    cells = {(_key(group["key"][0]), _key(group["key"][1])): _plain(group) for group in groups}
    series = {second: [cells.get((first, second), 0) for first in outer] for second in inner}
    column_chart(outer, series, name=measured, stacked=measured == "Members", height=260)


def breakdown_table(groups: Sequence[Group], group_by: Sequence[str], metric: Metric, local: Local) -> None:
    is_count = metric["fn"] == "count"
    headings = [*group_by, "Members"] if is_count else [*group_by, metric_words(metric), "Members"]
    rows = []
    for group in groups:
        value = [] if is_count else [_value(group["value"], metric, local)]
        rows.append([*(_key(part) for part in group["key"]), *value, formats.count(group["count"])])
    grid_table(headings, rows, numeric=range(len(group_by), len(headings)))


def _value(value: float | None, metric: Metric, local: Local) -> str:
    if metric["fn"] == "share":
        return formats.percent(value)
    field = field_named(metric["field"]) if metric.get("field") else None
    return value_words(value, field, local)


def _plain(group: Group) -> float:
    return round(float(group["value"] or 0), 2)


def _key(part: Any) -> str:
    if part is None:
        return "Unknown"
    return formats.words(part) if isinstance(part, str) and part.islower() else str(part)
