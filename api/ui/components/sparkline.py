"""A small line without axes: the shape of a number over time."""

from collections.abc import Sequence

from nicegui import ui

WIDTH, HEIGHT, MARGIN = 96, 28, 3


def sparkline(values: Sequence[float], label: str) -> None:
    """Draws nothing for fewer than two values."""
    if len(values) < 2:
        return
    low, high = min(values), max(values)
    if low == high:
        low, high = low - 1, high + 1  # what did not change is a line in the middle
    step = (WIDTH - 2 * MARGIN) / (len(values) - 1)
    points = [
        f"{MARGIN + index * step:.1f},{HEIGHT - MARGIN - (value - low) / (high - low) * (HEIGHT - 2 * MARGIN):.1f}"
        for index, value in enumerate(values)
    ]
    # Numbers only: nothing that anybody typed becomes markup.
    line = f'<polyline points="{" ".join(points)}" fill="none" stroke="#0c6b58" stroke-width="1.6"/>'
    svg = f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" aria-hidden="true">{line}</svg>'
    ui.html(svg, sanitize=False).props(f'role=img aria-label="{label}"').style(f"width: {WIDTH}px; height: {HEIGHT}px")
