"""What a journey came to so far, in figures."""

from api.ui import formats
from api.ui.components.tables import grid_table
from api.ui.theme import block, figure, text
from crm.journeys.figures import ChannelFigures, Conversion, JourneyFigures


def draw_figures(found: JourneyFigures) -> None:
    with block("figures"):
        figure("Entered", formats.count(found.entered), f"{formats.count(found.held_out)} held back")
        figure("Under way", formats.count(found.under_way))
        figure("Reached", formats.count(found.members_reached), "members with a delivered message")
        figure("Ordered", formats.percent(found.treated.share), _of(found.treated))
        if found.held_out:
            figure("Ordered without it", formats.percent(found.held_back.share), _of(found.held_back))
    if found.channels:
        headings = ("Channel", "Messages", "Delivered", "Failed", "Unknown", "Left out", "Pending", "Opened", "Clicked")
        grid_table(headings, [_row(row) for row in found.channels], numeric=range(1, 9))
        text("Opens and clicks of machines are left out.", "small faint wrap")
    text(found.conversion_definition, "small faint wrap")


def _of(conversion: Conversion) -> str:
    return f"of {formats.count(conversion.ripe)} long enough in it"


def _row(row: ChannelFigures) -> tuple[str, ...]:
    opened = "not visible" if row.opened is None else f"{formats.count(row.opened)} ({formats.percent(row.open_rate)})"
    counts = (row.planned, row.delivered, row.failed, row.unknown, row.excluded, row.pending)
    clicked = f"{formats.count(row.clicked)} ({formats.percent(row.click_rate)})"
    return (formats.channel(row.channel), *map(formats.count, counts), opened, clicked)
