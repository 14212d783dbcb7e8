"""One text that members read, as it was written, with the channel that it goes by."""

from api.ui import formats
from api.ui.theme import block, chip, icon, text
from crm.channels import CHANNELS

_SYMBOLS = {channel.value: traits.symbol for channel, traits in CHANNELS.items()}


def text_card(
    channel: str, subject: str | None, body: str, *, step: str | None = None, variant: str | None = None
) -> None:
    """`step` and `variant` are named where there are several."""
    with block("message-preview"):
        with block("line tight flow"):
            icon(_SYMBOLS.get(channel, "chat")).style("font-size: 16px; color: var(--ink-3)")
            text(formats.channel(channel), "small strong")
            if step:
                text(formats.words(step), "small faint")
            if variant:
                chip(f"Variant {variant}", "info")
        if subject:
            text(subject, "strong wrap")
        text(body, "pre")
