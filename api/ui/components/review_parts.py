"""The parts of a campaign review, shared by the review page and the card in a conversation."""

from collections.abc import Sequence

from api.ui import formats
from api.ui.components.charts import column_chart, interval_chart, line_chart
from api.ui.components.tables import grid_table
from api.ui.components.verdicts import verdict_chip
from api.ui.theme import block, chip, icon, notice, text
from crm.reports.blocks import CampaignReview, MetricValue, MetricVerdict, NextStep, ReviewKind

OBSERVATIONAL_NOTICE = (
    "This campaign was imported and its recipients were chosen, not drawn at random. "
    "Differences to other members are associations; they do not show what the campaign caused."
)


def headline(review: CampaignReview) -> None:
    """The verdict first, then the interval that it rests on."""
    with block("stack tight"):
        with block("line flow tight"):
            verdict_chip(review.headline.verdict)
            if review.window:
                chip(review.window.words.en, "neutral", "schedule")
        text(review.headline.words.en, "wrap").style("font-size:17px; line-height:1.45; font-weight:600")
    if review.kind is ReviewKind.OBSERVATIONAL:
        notice(OBSERVATIONAL_NOTICE, "info", "visibility")


def metric_tiles(metrics: Sequence[MetricValue], currency: str) -> None:
    with block("figures"):
        for metric in metrics:
            _metric_tile(metric, currency)


def _metric_tile(metric: MetricValue, currency: str) -> None:
    with block("figure") as tile:
        tile.props["title"] = metric.definition.en
        text(metric.label.en, "small faint")
        text(formats.measure(metric.value, metric.unit, currency), "value")
        span = formats.interval(metric.low, metric.high, metric.unit, currency)
        if span:
            text(span, "small muted")
        if metric.verdict is not MetricVerdict.DESCRIPTIVE:
            with block("line").style("margin-top:4px"):
                verdict_chip(metric.verdict)


def effect_chart(metrics: Sequence[MetricValue]) -> None:
    """Intervals of the money metrics that have one; drawn in major units."""
    spanned = [metric for metric in metrics if metric.low is not None and metric.high is not None]
    same_unit = [metric for metric in spanned if metric.unit == spanned[0].unit] if spanned else []
    if not same_unit:
        return
    scale = 100 if same_unit[0].unit in ("money_cents",) else 0.01
    interval_chart(
        [metric.label.en for metric in same_unit],
        [round((metric.low or 0) / scale, 2) for metric in same_unit],
        [round((metric.value or 0) / scale, 2) for metric in same_unit],
        [round((metric.high or 0) / scale, 2) for metric in same_unit],
        name="Effects with their 95% intervals",
    )


def arms_table(review: CampaignReview) -> None:
    names = {"treatment": "Got the campaign", "holdout": "Holdout"}
    rows = [
        (
            names[arm.arm],
            formats.count(arm.members),
            formats.count(arm.ordering_members),
            formats.percent(arm.retention_rate),
            formats.money(arm.gmv_cents, review.currency),
            formats.money(arm.gmv_per_member_cents, review.currency),
            formats.money(arm.gmv_before_per_member_cents, review.currency),
        )
        for arm in review.arms
    ]
    headings = ("Arm", "Members", "Ordered", "Share", "Sales", "Per member", "Per member, 90 days before")
    grid_table(headings, rows, numeric=range(1, 7))


def channel_table(review: CampaignReview) -> None:
    rows = [
        (
            formats.channel(row.channel),
            formats.count(row.planned),
            formats.count(row.delivered),
            formats.percent(row.delivery_rate),
            formats.percent(row.open_rate),
            formats.percent(row.click_rate),
            formats.percent(row.unsubscribe_rate),
            formats.money(row.cost_cents, review.currency),
        )
        for row in review.channels
    ]
    headings = ("Channel", "Planned", "Delivered", "Delivery", "Opened", "Clicked", "Opted out", "Cost")
    grid_table(headings, rows, numeric=range(1, 8))


def exclusion_table(review: CampaignReview) -> None:
    rows = [(formats.channel(row.channel), row.label.en, formats.count(row.count)) for row in review.exclusions]
    grid_table(("Channel", "Reason", "Members"), rows, numeric=(2,))


def response_chart(review: CampaignReview) -> None:
    days = [formats.short_day(row.day) for row in review.timeseries]
    series = {
        "Delivered": [row.delivered for row in review.timeseries],
        "Opened": [row.opens for row in review.timeseries],
        "Clicked": [row.clicks for row in review.timeseries],
    }
    column_chart(days, series, name="Deliveries and responses per day")


def sales_chart(review: CampaignReview) -> None:
    days = [formats.short_day(row.day) for row in review.timeseries]
    treated = [round(row.treated_gmv_per_member_cents / 100, 2) for row in review.timeseries]
    series: dict[str, list[float | None]] = {"Got the campaign": list(treated)}
    control = [row.control_gmv_per_member_cents for row in review.timeseries]
    if any(value is not None for value in control):
        series["Holdout"] = [None if value is None else round(value / 100, 2) for value in control]
    line_chart(days, series, name=f"Sales per member and day, {review.currency}")


def next_steps(steps: Sequence[NextStep]) -> None:
    with block("stack"):
        for step in steps:
            with block("line top"):
                icon("arrow_circle_right").style("color: var(--brand); font-size: 20px; margin-top: 1px")
                with block("stack snug grow"):
                    text(step.words.en, "wrap strong")
                    for evidence in step.evidence:
                        text(evidence.en, "small muted wrap")
