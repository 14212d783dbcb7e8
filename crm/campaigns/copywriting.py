"""Words for what nobody has written yet: plain, true, and about nothing but the attached offers."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from crm.campaigns.brief import CampaignBrief, Copy, Language, Offer, Step
from crm.channels import CHANNELS, SENDABLE_CHANNELS, Channel
from crm.loyalty.models import OfferKind
from crm.outreach.frames import framed

_SYMBOLS = {"CNY": "¥", "USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}

_WIN_BACK = ("win-back", "winback", "win back", "召回", "唤回", "挽回")
_THANKS = ("thank", "感谢", "答谢")

_OPENINGS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "win_back": "we would be glad to see you again.",
        "thanks": "thank you for being with us.",
        "reminder": "a short reminder.",
        "plain": "we have something for you.",
        "no_offer": "we would be glad if you stopped by.",
    },
    "zh": {
        "win_back": "期待再次见到您。",
        "thanks": "感谢您一直以来的支持。",
        "reminder": "温馨提醒。",
        "plain": "我们为您准备了一份心意。",
        "no_offer": "欢迎来逛逛。",
    },
}


class WholeCopy(Copy):
    """The words of one channel as they are sent: every text is there."""

    body: str


def offers_in_words(offers: Sequence[Offer], language: Language, currency: str) -> str:
    """e.g. `15% off and free shipping`; empty without offers."""
    words = [offer_in_words(offer, language, currency) for offer in offers]
    if language == "zh":
        return "、".join(words)
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def offer_in_words(offer: Offer, language: Language, currency: str) -> str:
    """One offer as copy may state it."""
    symbol = _SYMBOLS.get(offer.currency or currency, f"{offer.currency or currency} ")
    value = _number(offer.value)
    spend = _number(offer.min_spend)
    if language == "zh":
        return _offer_in_chinese(offer, value, spend)
    words = {
        OfferKind.PERCENT_OFF: f"{value}% off",
        OfferKind.AMOUNT_OFF: f"{symbol}{value} off",
        OfferKind.FREE_SHIPPING: "free shipping",
        OfferKind.POINTS_BONUS: f"{value} bonus points",
        OfferKind.POINTS_MULTIPLIER: f"{value}x points",
        OfferKind.GIFT: f"a free gift: {offer.item}" if offer.item else "a free gift",
    }[offer.kind]
    return f"{words} on orders of {symbol}{spend} or more" if spend else words


def _offer_in_chinese(offer: Offer, value: str, spend: str) -> str:
    if offer.kind is OfferKind.AMOUNT_OFF and spend:
        return f"满{spend}元减{value}元"
    percent = offer.value or Decimal(0)
    words = {
        OfferKind.PERCENT_OFF: f"{_number((100 - percent) / 10)}折",
        OfferKind.AMOUNT_OFF: f"立减{value}元",
        OfferKind.FREE_SHIPPING: "包邮",
        OfferKind.POINTS_BONUS: f"赠送{value}积分",
        OfferKind.POINTS_MULTIPLIER: f"{value}倍积分",
        OfferKind.GIFT: f"赠品{offer.item}" if offer.item else "赠品一份",
    }[offer.kind]
    return f"满{spend}元{words}" if spend else words


def complete_copy(brief: CampaignBrief) -> tuple[WholeCopy, ...]:
    """Words for every step and every channel it can send on: people's own first, ours where there are none."""
    return tuple(
        copy
        for step in brief.steps
        for channel in _possible_channels(brief, step)
        for copy in _copy(brief, step, channel)
    )


def _possible_channels(brief: CampaignBrief, step: Step) -> Sequence[Channel]:
    chosen = brief.channels_of(step)
    return SENDABLE_CHANNELS if "preferred" in chosen else [Channel(channel) for channel in chosen]


def _copy(brief: CampaignBrief, step: Step, channel: Channel) -> list[WholeCopy]:
    """The nearest words: for the step before those for every step, for the channel before those for whichever."""
    for key in (step.key, None):
        for name in (channel.value, "preferred"):
            own = [copy for copy in brief.copy_texts if copy.step == key and copy.channel == name]
            if own:
                return [_filled(brief, step, channel, copy) for copy in own]
    return [_default_copy(brief, step, channel)]


def _filled(brief: CampaignBrief, step: Step, channel: Channel, own: Copy) -> WholeCopy:
    """People's own words, with ours where they wrote only a subject or only the text of an e-mail."""
    ours = _default_copy(brief, step, channel)
    subject = own.subject if own.subject is not None or channel is not Channel.EMAIL else ours.subject
    return WholeCopy(
        channel=channel.value, subject=subject, body=own.body or ours.body, variant=own.variant, step=step.key
    )


def _default_copy(brief: CampaignBrief, step: Step, channel: Channel) -> WholeCopy:
    language = brief.language
    opening = _OPENINGS[language][_mood(brief, step)]
    body = framed(_capitalised(opening, channel, language) + _offer_line(brief), channel, language)
    return WholeCopy(channel=channel.value, subject=_subject(brief, channel), body=body, step=step.key)


def _mood(brief: CampaignBrief, step: Step) -> str:
    purpose = f"{brief.goal} {brief.name}".casefold()
    if step.offset_days > 0:
        return "reminder"
    if any(word in purpose for word in _WIN_BACK):
        return "win_back"
    if any(word in purpose for word in _THANKS):
        return "thanks"
    return "plain" if brief.offers else "no_offer"


def _capitalised(opening: str, channel: Channel, language: Language) -> str:
    begins_sentence = language == "en" and CHANNELS[channel].is_letter
    return opening[0].upper() + opening[1:] if begins_sentence else opening


def _offer_line(brief: CampaignBrief) -> str:
    if not brief.offers:
        return ""
    if brief.language == "zh":
        until = f"，有效期至{brief.end:%Y年%m月%d日}" if brief.end else ""
        return f"您可享{{{{ offer }}}}{{% if code %}}，优惠码：{{{{ code }}}}{{% endif %}}{until}。"
    until = f", until {brief.end:%d %B %Y}" if brief.end else ""
    return f" You get {{{{ offer }}}}{{% if code %}} with the code {{{{ code }}}}{{% endif %}}{until}."


def _subject(brief: CampaignBrief, channel: Channel) -> str | None:
    if not CHANNELS[channel].has_subject:
        return None
    if not brief.offers:
        return "来自我们的问候" if brief.language == "zh" else "A note for you"
    return "为您准备：{{ offer }}" if brief.language == "zh" else "For you: {{ offer }}"


def _number(value: Decimal | None) -> str:
    return "" if value is None else f"{value.normalize():f}"
