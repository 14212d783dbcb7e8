"""Charts in the house style. Labels are data and stay values: NiceGUI evaluates option keys that begin with a colon."""

from collections.abc import Mapping, Sequence
from typing import Any

from nicegui import ui

from api.ui.theme import CHART_COLOURS

_TEXT = {"color": "#4b5a54", "fontFamily": "Segoe UI, Roboto, PingFang SC, Noto Sans CJK SC, WenQuanYi Micro Hei"}
_GRID_LINE = {"lineStyle": {"color": "#e3e8e4"}}


def bar_chart(labels: Sequence[str], values: Sequence[float], *, name: str, height: int | None = None) -> ui.echart:
    """Horizontal bars, the first label on top."""
    options = _base() | {
        "grid": {"left": 8, "right": 48, "top": 4, "bottom": 4, "containLabel": True},
        "xAxis": {"type": "value", "axisLabel": {"show": False}, "splitLine": {"show": False}},
        "yAxis": {
            "type": "category",
            "data": list(labels),
            "inverse": True,
            "axisLine": {"show": False},
            "axisTick": {"show": False},
            "axisLabel": _TEXT | {"width": 130, "overflow": "truncate"},
        },
        "series": [
            {
                "type": "bar",
                "name": name,
                "data": list(values),
                "barMaxWidth": 18,
                "itemStyle": {"borderRadius": [0, 4, 4, 0]},
                "label": _TEXT | {"show": True, "position": "right"},
            }
        ],
    }
    return _draw(options, height or 34 + 30 * len(labels), name)


def column_chart(
    labels: Sequence[str], series: Mapping[str, Sequence[float]], *, name: str, stacked: bool = False, height: int = 220
) -> ui.echart:
    """Vertical columns, one colour for each series."""
    return _axis_chart(
        labels, series, name=name, height=height, shape={"type": "bar", "barMaxWidth": 28}, stacked=stacked
    )


def line_chart(
    labels: Sequence[str], series: Mapping[str, Sequence[float | None]], *, name: str, height: int = 220
) -> ui.echart:
    shape = {"type": "line", "symbolSize": 5, "lineStyle": {"width": 2}}
    return _axis_chart(labels, series, name=name, height=height, shape=shape, stacked=False)


def interval_chart(
    labels: Sequence[str], lows: Sequence[float], values: Sequence[float | None], highs: Sequence[float], *, name: str
) -> ui.echart:
    """A point with its interval on each line; zero is drawn, because the question is whether the interval holds it."""
    spans = [
        {
            "type": "line",
            "data": [[low, index], [high, index]],
            "lineStyle": {"width": 4, "color": "#7fb5a3", "cap": "round"},
            "symbol": "none",
            "silent": True,
        }
        for index, (low, high) in enumerate(zip(lows, highs, strict=True))
    ]
    points = {
        "type": "scatter",
        "name": name,
        "symbolSize": 12,
        "data": [[value, index] for index, value in enumerate(values) if value is not None],
        "itemStyle": {"color": "#0c6b58"},
        "markLine": {
            "silent": True,
            "symbol": "none",
            "label": {"show": False},
            "lineStyle": {"color": "#66746e", "type": "dashed"},
            "data": [{"xAxis": 0}],
        },
    }
    options = _base() | {
        "grid": {"left": 8, "right": 24, "top": 8, "bottom": 4, "containLabel": True},
        "tooltip": {"show": False},
        "xAxis": {"type": "value", "axisLabel": _TEXT, "splitLine": _GRID_LINE},
        "yAxis": {
            "type": "category",
            "data": list(labels),
            "inverse": True,
            "axisTick": {"show": False},
            "axisLine": {"show": False},
            "axisLabel": _TEXT | {"width": 150, "overflow": "break"},
        },
        "series": [*spans, points],
    }
    return _draw(options, 60 + 40 * len(labels), name)


def _axis_chart(
    labels: Sequence[str],
    series: Mapping[str, Sequence[float | None]],
    *,
    name: str,
    height: int,
    shape: dict[str, Any],
    stacked: bool,
) -> ui.echart:
    extra = {"stack": "all"} if stacked else {}
    options = _base() | {
        "grid": {"left": 8, "right": 12, "top": 36 if len(series) > 1 else 12, "bottom": 4, "containLabel": True},
        "legend": {"show": len(series) > 1, "top": 0, "left": 0, "icon": "circle", "itemHeight": 8, "textStyle": _TEXT},
        "xAxis": {
            "type": "category",
            "data": list(labels),
            "axisLabel": _TEXT | {"hideOverlap": True},
            "axisTick": {"show": False},
            "axisLine": {"lineStyle": {"color": "#cdd6d0"}},
        },
        "yAxis": {"type": "value", "minInterval": 1, "axisLabel": _TEXT, "splitLine": _GRID_LINE},
        "series": [{"name": label, "data": list(data)} | shape | extra for label, data in series.items()],
    }
    return _draw(options, height, name)


def _base() -> dict[str, Any]:
    return {
        "color": CHART_COLOURS,
        "textStyle": _TEXT,
        "animationDuration": 250,
        "aria": {"enabled": True},
        "tooltip": {"trigger": "axis", "axisPointer": {"type": "shadow"}, "renderMode": "richText"},
    }


def _draw(options: dict[str, Any], height: int, name: str) -> ui.echart:
    chart = ui.echart(options, renderer="svg").style(f"height: {height}px")
    chart.props["role"] = "img"
    chart.props["aria-label"] = name
    return chart
