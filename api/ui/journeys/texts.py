"""The texts of a journey as they were written, whole: what an approval covers."""

from api.ui import formats
from api.ui.theme import block, fold, icon, text
from crm.outreach.journey import JourneySpec, SendStep
from crm.outreach.wording import Wording


def draw_texts(spec: JourneySpec, *, is_open: bool) -> None:
    """Each step that sends, with what it offers and what it says on each channel."""
    for step in spec.sends:
        title = f"{step.key}: {formats.plural(len(step.wordings), 'text')}"
        with fold(title, value=is_open), block("stack"):
            _offer(spec, step)
            has_variants = len({words.variant for words in step.wordings}) > 1
            for words in step.wordings:
                _wording(words, with_variant=has_variants)


def _offer(spec: JourneySpec, step: SendStep) -> None:
    benefits = spec.offering(step).benefits
    if benefits.words or benefits.coupon_codes:
        codes = ", ".join(benefits.coupon_codes)
        text(f"Offer: {benefits.words or codes}" + (f" ({codes})" if benefits.words and codes else ""), "small wrap")


def _wording(words: Wording, *, with_variant: bool) -> None:
    with block("stack snug"):
        with block("line tight"):
            icon(formats.CHANNEL_SYMBOLS.get(words.channel, "chat")).style("font-size: 16px; color: var(--ink-3)")
            variant = f", variant {words.variant}" if with_variant else ""
            text(f"{formats.channel(words.channel)}{variant}", "small strong")
        if words.subject:
            text(words.subject, "strong wrap")
        text(words.body, "pre")
