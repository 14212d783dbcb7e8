"""Charts of a review as SVG text: altair specifications rendered by vl-convert, without a browser or a network."""

from collections.abc import Sequence
from functools import cache
from itertools import accumulate
from typing import Any

import altair as alt
import vl_convert
from noto_cjk_sans_otc import FONT_PATH

from crm.reports.blocks import CampaignReview, DayRow, EstimateRow
from crm.reports.words import Language, Words

FONT = "Noto Sans CJK SC"
TREATED_COLOUR, CONTROL_COLOUR = "#0f766e", "#94a3b8"
ADJUSTED = ("did", "ancova", "did_matched", "ancova_matched")
INK, GRID = "#334155", "#e2e8f0"

DAY_AXIS = alt.Axis(format="%m-%d", tickCount=5, grid=False, labelOverlap=True, labelSeparation=8)

TREATED = Words(en="treated", zh="处理组")
HELD_OUT = Words(en="held out", zh="对照组")
RECIPIENTS = Words(en="recipients", zh="收件会员")
OTHERS = Words(en="others", zh="其他会员")
SPEND_TITLE = Words(en="Cumulative spend per member", zh="累计人均消费")
RESPONSE_TITLE = Words(en="Messages by day", zh="每日消息")
ESTIMATES_TITLE = Words(en="Difference per member, 95% intervals", zh="人均差异，95% 区间")
RESPONSES = {
    "delivered": Words(en="delivered", zh="送达"),
    "opens": Words(en="opened", zh="打开"),
    "clicks": Words(en="clicked", zh="点击"),
}


@cache
def _register_fonts() -> None:
    vl_convert.register_font_directory(str(FONT_PATH.parent))


def _svg(chart: alt.TopLevelMixin) -> str:
    _register_fonts()
    specification: dict[str, Any] = chart.to_dict()
    specification["config"] = {
        "font": FONT,
        "view": {"stroke": None},
        "background": "transparent",
        "title": {"font": FONT, "fontSize": 11, "fontWeight": "normal", "color": INK, "anchor": "start"},
        "axis": {
            "labelFont": FONT,
            "titleFont": FONT,
            "labelColor": INK,
            "titleColor": INK,
            "labelFontSize": 9,
            "titleFontSize": 9,
            "titleFontWeight": "normal",
            "gridColor": GRID,
            "domainColor": GRID,
            "tickColor": GRID,
        },
        "legend": {"labelFont": FONT, "labelColor": INK, "labelFontSize": 9, "title": None, "orient": "top"},
    }
    return str(vl_convert.vegalite_to_svg(specification))


def spend_chart(review: CampaignReview, language: Language) -> str | None:
    """Spend per member added up day by day, by arm; None without days."""
    if not review.timeseries:
        return None
    sides = (RECIPIENTS, OTHERS) if review.observational else (TREATED, HELD_OUT)
    treated, control = (side.in_language(language) for side in sides)
    days = review.timeseries
    rows = _cumulative(days, treated, [day.treated_gmv_per_member_cents for day in days])
    if any(day.control_gmv_per_member_cents is not None for day in days):
        rows += _cumulative(days, control, [day.control_gmv_per_member_cents or 0.0 for day in days])
    chart = (
        alt.Chart(alt.InlineData(values=rows), title=SPEND_TITLE.in_language(language), width=250, height=130)
        .mark_line(interpolate="step-after", strokeWidth=2)
        .encode(
            x=alt.X("day:T", title=None, axis=DAY_AXIS),
            y=alt.Y("amount:Q", title=review.currency, axis=alt.Axis(tickCount=4)),
            color=alt.Color(
                "side:N", scale=alt.Scale(domain=[treated, control], range=[TREATED_COLOUR, CONTROL_COLOUR])
            ),
        )
    )
    return _svg(chart)


def _cumulative(days: Sequence[DayRow], side: str, amounts: Sequence[float]) -> list[dict[str, Any]]:
    """One point at the end of each day, so that the last day's spend is seen."""
    return [
        {"day": day.day.isoformat(), "amount": total / 100, "side": side}
        for day, total in zip(days, accumulate(amounts), strict=True)
    ]


def response_chart(review: CampaignReview, language: Language) -> str | None:
    """Delivered, opened and clicked messages by day; None when nothing was delivered."""
    if not any(day.delivered for day in review.timeseries):
        return None
    names = {kind: words.in_language(language) for kind, words in RESPONSES.items()}
    rows = [
        {"day": day.day.isoformat(), "kind": name, "count": getattr(day, kind)}
        for day in review.timeseries
        for kind, name in names.items()
    ]
    chart = (
        alt.Chart(alt.InlineData(values=rows), title=RESPONSE_TITLE.in_language(language), width=250, height=130)
        .mark_bar()
        .encode(
            x=alt.X("yearmonthdate(day):T", title=None, axis=DAY_AXIS),
            xOffset=alt.XOffset("kind:N", sort=list(names.values())),
            y=alt.Y("count:Q", title=None, axis=alt.Axis(tickCount=4)),
            color=alt.Color(
                "kind:N",
                sort=list(names.values()),
                scale=alt.Scale(domain=list(names.values()), range=[CONTROL_COLOUR, "#38bdf8", TREATED_COLOUR]),
            ),
        )
    )
    return _svg(chart)


def estimates_chart(rows: Sequence[EstimateRow], currency: str, language: Language) -> str | None:
    """Every way of comparing, as an interval with its middle, around zero; None without estimates."""
    if not rows:
        return None
    values = [
        {
            "method": row.label.in_language(language),
            "low": row.low_cents / 100,
            "high": row.high_cents / 100,
            "value": row.value_cents / 100,
            "colour": TREATED_COLOUR if row.id in ADJUSTED else CONTROL_COLOUR,
        }
        for row in rows
    ]
    order = [row.label.in_language(language) for row in rows]
    base = alt.Chart(alt.InlineData(values=values), title=ESTIMATES_TITLE.in_language(language), width=380, height=120)
    method = alt.Y("method:N", sort=order, title=None, axis=alt.Axis(labelLimit=280, grid=False))
    colour = alt.Color("colour:N", scale=None)
    chart = alt.layer(
        base.mark_rule(strokeWidth=3).encode(
            y=method, x=alt.X("low:Q", title=currency, axis=alt.Axis(tickCount=6)), x2="high:Q", color=colour
        ),
        base.mark_point(filled=True, size=45).encode(y=method, x="value:Q", color=colour),
        alt.Chart(alt.InlineData(values=[{"zero": 0}])).mark_rule(color=INK, strokeDash=[3, 3]).encode(x="zero:Q"),
    )
    return _svg(chart)
