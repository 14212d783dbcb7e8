"""The parts of a campaign review, shared by the review page and the card in a conversation."""

from collections.abc import Sequence

from api.ui import formats
from api.ui.components.charts import column_chart, interval_chart, line_chart
from api.ui.components.tables import grid_table
from api.ui.components.verdicts import verdict_chip
from api.ui.theme import block, chip, icon, notice, text
from crm.reports.blocks import CampaignReview, MetricValue, MetricVerdict, NextStep, ReviewKind, Unit

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
                chip(formats.capitalised(review.window.words.en), "neutral", "schedule")
        text(review.headline.words.en, "wrap").style("font-size:17px; line-height:1.45; font-weight:600")
    if review.kind is ReviewKind.OBSERVATIONAL:
        notice(OBSERVATIONAL_NOTICE, "info", "visibility")


def effects(review: CampaignReview) -> None:
    """What the campaign changed, the interval first; the primary metric drawn against zero."""
    claims = [metric for metric in review.metrics if metric.verdict is not MetricVerdict.DESCRIPTIVE]
    primary = review.metric(review.primary_metric)
    if primary is not None:
        effect_chart(primary, review.currency)
    with block("stack").style("gap: 0"):
        for metric in claims:
            with block("claim"):
                with block("stack snug grow").style("gap: 0"):
                    text(metric.label.en, "strong wrap")
                    text(metric.definition.en, "small faint wrap")
                with block("stack snug claim-value"):
                    text(_interval_first(metric, review.currency), "number wrap")
                    verdict_chip(metric.verdict)


def descriptive_tiles(review: CampaignReview) -> None:
    with block("figures"):
        for metric in review.metrics:
            if metric.verdict is MetricVerdict.DESCRIPTIVE:
                _metric_tile(metric, review.currency)


def effect_chart(metric: MetricValue, currency: str) -> None:
    """The interval of one effect in major units or points; the point is left out where it may not be headlined."""
    if metric.low is None or metric.high is None:
        return
    scale = 100 if metric.unit is Unit.MONEY_CENTS else 0.01 if metric.unit is Unit.SHARE_DIFFERENCE else 1
    value = None if metric.value is None else round(metric.value / scale, 2)
    unit = {Unit.MONEY_CENTS: currency, Unit.SHARE_DIFFERENCE: "percentage points"}.get(metric.unit, "")
    label = f"{metric.label.en}{f', {unit}' if unit else ''}"
    interval_chart([label], [round(metric.low / scale, 2)], [value], [round(metric.high / scale, 2)], name=label)


def _interval_first(metric: MetricValue, currency: str) -> str:
    span = formats.interval(metric.low, metric.high, metric.unit, currency)
    value = formats.measure(metric.value, metric.unit, currency)
    if not span:
        return value
    return f"{span}, point {value}" if metric.value is not None else span


def _metric_tile(metric: MetricValue, currency: str) -> None:
    with block("figure") as tile:
        tile.props["title"] = metric.definition.en
        text(metric.label.en, "small faint")
        text(formats.measure(metric.value, metric.unit, currency), "value")
        span = formats.interval(metric.low, metric.high, metric.unit, currency)
        if span:
            text(span, "small muted")


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
    rows = [
        (formats.channel(row.channel), formats.capitalised(row.label.en), formats.count(row.count))
        for row in review.exclusions
    ]
    grid_table(("Channel", "Left out because", "Members"), rows, numeric=(2,))


def response_chart(review: CampaignReview) -> None:
    days = [formats.short_day(row.day) for row in review.timeseries]
    series = {
        "Delivered": [row.delivered for row in review.timeseries],
        "Opened": [row.opens for row in review.timeseries],
        "Clicked": [row.clicks for row in review.timeseries],
    }
    column_chart(days, series, name="Deliveries and responses per day")


def sales_chart(review: CampaignReview) -> None:
    own, others = (
        ("Recipients", "Others") if review.kind is ReviewKind.OBSERVATIONAL else ("Got the campaign", "Holdout")
    )
    days = [formats.short_day(row.day) for row in review.timeseries]
    treated = [round(row.treated_gmv_per_member_cents / 100, 2) for row in review.timeseries]
    series: dict[str, list[float | None]] = {own: list(treated)}
    control = [row.control_gmv_per_member_cents for row in review.timeseries]
    if any(value is not None for value in control):
        series[others] = [None if value is None else round(value / 100, 2) for value in control]
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
