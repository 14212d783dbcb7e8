"""What the messages of the templates say, in English and Chinese. Whoever starts from one may change every word."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from crm.channels import CHANNELS, PREFERRED, SENDABLE_CHANNELS, Channel, ChannelChoice
from crm.outreach.frames import framed
from crm.outreach.template import Wording

Language = Literal["en", "zh"]
TextKey = Literal["welcome", "picks", "thanks", "miss_you", "warm_up", "birthday"]


@dataclass(frozen=True)
class Text:
    """One message: the paragraphs of the e-mail, and the one sentence of a text message or push."""

    subject: str
    paragraphs: tuple[str, ...]
    short: str


_GOODS_EN = "{% if goods %}Picked for you: {{ goods }}.{% endif %}"
_GOODS_ZH = "{% if goods %}为您挑选：{{ goods }}。{% endif %}"

TEXTS: Mapping[Language, Mapping[TextKey, Text]] = {
    "en": {
        "welcome": Text(
            "Welcome, {{ name }}",
            (
                "Welcome as a {{ tier }} member. Every order earns points and counts towards the next tier; points "
                "and benefits stand in your account, and a question is answered there too.",
                _GOODS_EN,
            ),
            "welcome as a {{ tier }} member: every order earns points. " + _GOODS_EN,
        ),
        "picks": Text(
            "A few things you may like",
            ("You have looked around for a few days, so here is where others like to begin.", _GOODS_EN),
            "still looking around? " + _GOODS_EN,
        ),
        "thanks": Text(
            "Thank you for your first order",
            ("Thank you for your first order. The points for it are in your account.",),
            "thank you for your first order; its points are in your account.",
        ),
        "miss_you": Text(
            "It has been a while, {{ name }}",
            ("It has been a while, and we would be glad to see you again.", _GOODS_EN),
            "it has been a while, we would be glad to see you again. " + _GOODS_EN,
        ),
        "warm_up": Text(
            "Your birthday is coming, {{ name }}",
            ("Your birthday is near, and we have put something aside for it. It waits in your account.",),
            "your birthday is near, and something waits for you in your account.",
        ),
        "birthday": Text(
            "Happy birthday, {{ name }}",
            ("Happy birthday! Thank you for being with us another year.",),
            "happy birthday! Thank you for being with us another year.",
        ),
    },
    "zh": {
        "welcome": Text(
            "{{ name }}，欢迎加入",
            (
                "欢迎成为{{ tier }}会员。每笔订单都会累积积分并计入升级；"
                "积分和权益可在账户中查看，有问题也可在那里咨询。",
                _GOODS_ZH,
            ),
            "欢迎成为{{ tier }}会员，每笔订单都有积分。" + _GOODS_ZH,
        ),
        "picks": Text(
            "您可能喜欢的好物",
            ("您加入已有几天，这些是大家常从这里开始的选择。", _GOODS_ZH),
            "还在挑选吗？" + _GOODS_ZH,
        ),
        "thanks": Text(
            "感谢您的首次购买",
            ("感谢您的首次购买，积分已存入您的账户。",),
            "感谢您的首次购买，积分已存入账户。",
        ),
        "miss_you": Text(
            "{{ name }}，好久不见",
            ("好久不见，期待再次见到您。", _GOODS_ZH),
            "好久不见，期待再次见到您。" + _GOODS_ZH,
        ),
        "warm_up": Text(
            "{{ name }}，您的生日快到了",
            ("您的生日快到了，我们为您准备了一份心意，已放入您的账户。",),
            "您的生日快到了，一份心意已放入您的账户。",
        ),
        "birthday": Text(
            "{{ name }}，生日快乐",
            ("祝您生日快乐！感谢您又陪伴了我们一年。",),
            "祝您生日快乐！感谢您又陪伴了我们一年。",
        ),
    },
}
_OFFER: Mapping[Language, str] = {
    "en": "You get {{ offer }}{% if code %} with the code {{ code }}{% endif %}.",
    "zh": "您可享{{ offer }}{% if code %}，优惠码：{{ code }}{% endif %}。",
}


def wordings(
    key: TextKey, channels: Sequence[ChannelChoice], language: Language, *, has_offer: bool
) -> tuple[Wording, ...]:
    """The words of one message for every channel on which it can turn out to go."""
    possible = SENDABLE_CHANNELS if PREFERRED in channels else tuple(Channel(channel) for channel in channels)
    text = TEXTS[language][key]
    return tuple(
        Wording(
            channel=channel,
            subject=text.subject if CHANNELS[channel].has_subject else None,
            body=_body(text, channel, language, has_offer=has_offer),
        )
        for channel in possible
    )


def _body(text: Text, channel: Channel, language: Language, *, has_offer: bool) -> str:
    offer = (_OFFER[language],) if has_offer else ()
    space = " " if language == "en" else ""
    long, short = "\n\n".join((*text.paragraphs, *offer)), space.join((text.short.strip(), *offer))
    return framed(long if CHANNELS[channel].is_letter else short, channel, language)
