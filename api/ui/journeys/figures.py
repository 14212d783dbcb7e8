"""What a journey came to so far: who entered, what was sent to them, and who ordered."""

from api.ui import formats
from api.ui.components.card import Local
from api.ui.components.monitor_parts import channel_table, identity_line, paused_channels, responses_chart
from api.ui.theme import block, figure, text
from crm.journeys.comparison import Conversion, JourneyFigures
from crm.journeys.monitor import JourneyMonitor


def draw_figures(found: JourneyFigures, monitor: JourneyMonitor, local: Local) -> None:
    paused_channels(monitor, local)
    if monitor.counts.planned:
        identity_line(monitor)
    with block("figures"):
        figure("Entered", formats.count(found.entered), _entries(found))
        figure("Under way", formats.count(found.under_way), "people")
        figure("Reached", formats.count(monitor.members_reached), f"coverage {formats.percent(monitor.coverage)}")
        figure("Ordered", formats.count(monitor.conversions), f"conversion {formats.percent(monitor.conversion_rate)}")
    if monitor.by_channel:
        channel_table(monitor)
        responses_chart(monitor)
    if found.held_out:
        _comparison(found, monitor)
    if monitor.next_due_at:
        text(f"Next message due {local.moment(monitor.next_due_at)}", "small muted")


def _comparison(found: JourneyFigures, monitor: JourneyMonitor) -> None:
    """Those who walk it beside those who are held back, from the moment when both entered."""
    with block("figures"):
        figure("Held back", formats.count(monitor.holdout), "people")
        figure("Ordered after entering", formats.percent(found.treated.share), _of(found.treated))
        figure("Ordered, held back", formats.percent(found.held_back.share), _of(found.held_back))
    text(found.conversion_definition, "small faint wrap")


def _entries(found: JourneyFigures) -> str:
    """People, and how often they entered where that is another number."""
    return "people" if found.entries == found.entered else f"people, in {formats.count(found.entries)} entries"


def _of(conversion: Conversion) -> str:
    return f"of {formats.count(conversion.ripe)} long enough in it"
