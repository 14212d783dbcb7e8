"""A segment broken down into groups: table and chart."""

from collections.abc import Mapping, Sequence
from typing import Any

from api.ui import formats
from api.ui.components.card import Local, card
from api.ui.components.charts import bar_chart, column_chart
from api.ui.components.segment_card import definition_fold
from api.ui.components.tables import grid_table
from api.ui.theme import block, text

MOST_BARS = 12
MOST_ROWS = 60
_FUNCTIONS = {"count": "Members", "sum": "Total", "avg": "Average", "median": "Median", "share": "Share"}


def breakdown_card(artifact: Mapping[str, Any], local: Local) -> None:
    groups: Sequence[Mapping[str, Any]] = artifact["groups"]
    group_by = [formats.words(name) for name in artifact["group_by"]]
    measured = metric_words(artifact.get("metric"))
    with card("bar_chart", "Breakdown", f"{measured} by {' and '.join(name.lower() for name in group_by)}"):
        text(str(artifact.get("read_back", "")), "wrap muted")
        with block("line flow small faint"):
            text(f"{formats.count(artifact.get('count'))} members in all")
            text(f"As of {local.moment(artifact.get('as_of'))}")
        if len(groups) > 1:
            _chart(groups, measured)
        with block("").style("max-height: 360px; overflow-y: auto"):
            _table(groups, group_by, artifact.get("metric"), local)
        if len(groups) > MOST_ROWS:
            text(f"The first {MOST_ROWS} of {len(groups)} groups are shown.", "small faint")
        definition_fold(artifact["definition"])


def metric_words(metric: Mapping[str, Any] | None) -> str:
    if not metric or metric.get("fn") == "count":
        return "Members"
    words = _FUNCTIONS.get(str(metric["fn"]), str(metric["fn"]))
    return f"{words} of {formats.words(metric['field']).lower()}" if metric.get("field") else words


def _chart(groups: Sequence[Mapping[str, Any]], measured: str) -> None:
    shown = groups[:MOST_BARS]
    if len(shown[0]["key"]) == 1:
        bar_chart([_key(part) for group in shown for part in group["key"]], [_plain(g) for g in shown], name=measured)
        return
    outer = list(dict.fromkeys(_key(group["key"][0]) for group in groups))[:MOST_BARS]
    inner = list(dict.fromkeys(_key(group["key"][1]) for group in groups))[:7]
    cells = {(_key(group["key"][0]), _key(group["key"][1])): _plain(group) for group in groups}
    series = {second: [cells.get((first, second), 0) for first in outer] for second in inner}
    column_chart(outer, series, name=measured, stacked=True, height=260)


def _table(
    groups: Sequence[Mapping[str, Any]], group_by: Sequence[str], metric: Mapping[str, Any] | None, local: Local
) -> None:
    counted = not metric or metric.get("fn") == "count"
    headings = [*group_by, "Members"] if counted else [*group_by, metric_words(metric), "Members"]
    rows = []
    for group in groups[:MOST_ROWS]:
        keys = [_key(part) for part in group["key"]]
        value = [] if counted else [value_words(group["value"], metric, local)]
        rows.append([*keys, *value, formats.count(group["count"])])
    grid_table(headings, rows, numeric=range(len(group_by), len(headings)))


def value_words(value: float | None, metric: Mapping[str, Any] | None, local: Local) -> str:
    unit = (metric or {}).get("unit")
    if unit == "money":
        return local.money(None if value is None else value * 100)
    if (metric or {}).get("fn") == "share":
        return formats.percent(value)
    return formats.count(value)


def _plain(group: Mapping[str, Any]) -> float:
    return round(float(group["value"] or 0), 2)


def _key(part: Any) -> str:
    return "Unknown" if part is None else str(part)
