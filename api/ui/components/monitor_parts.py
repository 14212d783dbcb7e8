"""A campaign or journey under way: the identity of its ledger, rates by channel, and who was left out."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from typing import Any

from api.ui import formats
from api.ui.components.card import Local, card
from api.ui.components.charts import column_chart
from api.ui.components.plan_parts import exclusions_table
from api.ui.components.state_chips import state_chip
from api.ui.components.tables import grid_table
from api.ui.theme import block, chip, figure, fold, notice, text
from crm.campaigns.monitor import CampaignMonitor
from crm.journeys.figures import ChannelProgress, DeliveryFigures
from crm.journeys.monitor import JourneyMonitor


def monitor_card(artifact: Mapping[str, Any], local: Local) -> None:
    monitor = CampaignMonitor.model_validate(artifact.get("monitor", artifact))
    with card("monitor_heart", "Monitor", monitor.name, link=f"/campaigns/{monitor.campaign_id}") as corner:
        with corner:
            state_chip(monitor.end_reason or monitor.state)
        text(f"As of {local.moment(monitor.as_of)}", "small faint")
        if not monitor.members:
            text("It has not started, so there is nothing to watch yet.", "muted")
            return
        identity_line(monitor)
        paused_channels(monitor, local)
        monitor_figures(monitor)
        channel_table(monitor)
        responses_chart(monitor)
        with fold("Who was left out, and why"):
            exclusions_table(monitor.exclusions)


def identity_line(monitor: CampaignMonitor | JourneyMonitor) -> None:
    """planned = delivered + failed + unknown + excluded + pending, with its figures."""
    counts = monitor.counts
    parts = (
        ("delivered", counts.delivered),
        ("failed", counts.failed),
        ("unknown", counts.unknown),
        ("excluded", counts.excluded),
        ("pending", counts.pending),
    )
    with block("line flow tight number identity"):
        text(formats.count(counts.planned), "strong")
        text("messages for the audience =", "muted")
        for index, (name, number) in enumerate(parts):
            with block("line").style("gap: 5px"):
                if index:
                    text("+", "faint")
                text(formats.count(number), "strong")
                text(name, "muted")
        if monitor.adds_up:
            chip("adds up", "good", "done_all")
        else:
            chip("does not add up", "bad", "error_outline")
    if monitor.state_note:
        notice(monitor.state_note, "warn")
    if monitor.held:
        due = formats.plural(monitor.held, "message")
        notice(f"Held back by the pause: {due} whose time has come. Resumed too late, they are left out.", "warn")


def paused_channels(monitor: DeliveryFigures, local: Local) -> None:
    """What a person holds back, who it was and why."""
    for pause in monitor.paused_channels:
        name, waiting = formats.CHANNELS[pause.channel], formats.plural(pause.waiting, "message")
        words = f"{name} is paused by {pause.by} since {local.moment(pause.since)} ({pause.reason}): "
        notice(f"{words}{waiting} wait here until it is resumed.", "warn", "pause_circle")


def monitor_figures(monitor: DeliveryFigures) -> None:
    with block("figures"):
        figure("Members", formats.count(monitor.members), f"{formats.count(monitor.holdout)} in the holdout")
        figure("Reached", formats.count(monitor.members_reached), f"coverage {formats.percent(monitor.coverage)}")
        figure("Ordered", formats.count(monitor.conversions), f"conversion {formats.percent(monitor.conversion_rate)}")


def channel_table(monitor: DeliveryFigures) -> None:
    rows = [
        (
            formats.channel(row.channel),
            formats.count(row.counts.planned),
            formats.count(row.counts.delivered),
            formats.percent(row.coverage),
            _opened(row),
            f"{formats.count(row.clicked)} ({formats.percent(row.click_rate)})",
            formats.count(row.unsubscribed),
            formats.count(row.given_up),
        )
        for row in monitor.by_channel
    ]
    headings = ("Channel", "Planned", "Delivered", "Coverage", "Opened", "Clicked", "Opted out", "Addresses given up")
    grid_table(headings, rows, numeric=range(1, 8))
    text(f"Opens and clicks of machines are left out. {monitor.conversion_definition}", "small faint wrap")


def responses_chart(monitor: DeliveryFigures) -> None:
    if not monitor.timeseries:
        return
    totals: dict[date, list[int]] = defaultdict(lambda: [0, 0, 0])
    for row in monitor.timeseries:
        for index, number in enumerate((row.delivered, row.opened, row.clicked)):
            totals[row.day][index] += number
    days = sorted(totals)
    names = ("Delivered", "Opened", "Clicked")
    series = {name: [totals[day][index] for day in days] for index, name in enumerate(names)}
    with block("stack tight"):
        text("Deliveries and responses per day", "small strong")
        column_chart(
            [formats.short_day(day) for day in days], series, name="Deliveries and responses per day", height=200
        )


def _opened(row: ChannelProgress) -> str:
    if row.opened is None:
        return "not visible"
    return f"{formats.count(row.opened)} ({formats.percent(row.open_rate)})"
