"""The texts of a journey as they were written, whole: what an approval covers."""

from api.ui import formats
from api.ui.components.text_card import text_card
from api.ui.theme import block, fold, text
from crm.outreach.spec import JourneySpec, SendStep


def draw_texts(spec: JourneySpec, *, is_open: bool) -> None:
    """Each step that sends, with what it offers and what it says on each channel."""
    for step in spec.sends:
        title = f"{step.key}: {formats.plural(len(step.wordings), 'text')}"
        with fold(title, value=is_open), block("stack"):
            _offer(spec, step)
            has_variants = len({words.variant for words in step.wordings}) > 1
            for words in step.wordings:
                text_card(words.channel, words.subject, words.body, variant=words.variant if has_variants else None)


def _offer(spec: JourneySpec, step: SendStep) -> None:
    benefits = spec.offering(step).benefits
    if benefits.words or benefits.coupon_codes:
        codes = ", ".join(benefits.coupon_codes)
        text(f"Offer: {benefits.words or codes}" + (f" ({codes})" if benefits.words and codes else ""), "small wrap")
