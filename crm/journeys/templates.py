"""Journeys to start from: whole specs with their words, and the few choices that each asks for.

The API, the command line, the pages and the assistant all begin here, so that one template means the same.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from pydantic import Field

from crm.channels import ChannelChoice
from crm.errors import NotFound
from crm.journeys.template_texts import Language, TextKey, wordings
from crm.lifecycle.models import Stage
from crm.outreach.priority import Priority
from crm.outreach.spec import (
    Benefits,
    BranchStep,
    Duration,
    EndStep,
    EventMatch,
    ExitRule,
    JourneySpec,
    OnEvent,
    OnKeyDate,
    OnStage,
    ReEntry,
    SendStep,
    TaskStep,
    WaitStep,
)
from crm.values import Value

TemplateKey = Literal["welcome", "reactivation", "birthday"]
SETTLE_DAYS = 3
"""How long a new member is left alone before goods are suggested."""
FIRST_ORDER_DAYS = 14
"""How long the welcome waits for the first order."""
ANSWER_DAYS = 7
"""How long a dormant member has to answer before somebody calls (lifecycle scenario B-1)."""
WARM_UP_DAYS = 7
"""How long before the birthday the first message goes out (membership scenario B-1)."""
QUARTER_DAYS = 90
"""A member who falls dormant again earlier is not asked again."""


class TemplateChoices(Value):
    """What can be chosen when a journey is made from a template; what is left out is as the template has it."""

    name: str | None = Field(default=None, min_length=1, max_length=80)
    language: Language = "en"
    stages: tuple[Stage, ...] = ()
    """Of reactivation: entering one of these stages starts it."""
    tiers: tuple[str, ...] = ()
    """Only members of these tiers enter."""
    channels: tuple[ChannelChoice, ...] = Field(default=("preferred",), min_length=1)
    offer: str = Field(default="", max_length=200)
    """The offers in words, e.g. `15% off`."""
    coupon_codes: tuple[str, ...] = ()
    unbacked: tuple[str, ...] = ()
    """Offers for which nothing is stocked; nothing is sent while there are any."""
    days: int | None = Field(default=None, ge=1, le=365)
    """How long it waits for an answer or a first order; before a birthday: how early it begins."""
    holdout_share: float = Field(default=0.1, ge=0, le=0.5)

    @property
    def benefits(self) -> Benefits:
        return Benefits(words=self.offer, coupon_codes=self.coupon_codes, unbacked=self.unbacked)


@dataclass(frozen=True)
class TemplateWords:
    name: str
    summary: str


@dataclass(frozen=True)
class JourneyTemplate:
    key: TemplateKey
    words: Mapping[Language, TemplateWords]
    default_days: int
    build: Callable[["_Maker"], JourneySpec]


@dataclass(frozen=True)
class _Maker:
    """The choices with what the template says about them."""

    choices: TemplateChoices
    name: str
    days: int

    def send(self, key: str, text: TextKey, *, next_step: str | None = None, is_offering: bool = False) -> SendStep:
        chosen = self.choices
        has_offer = is_offering and bool(chosen.offer)
        return SendStep(
            key=key,
            next=next_step,
            channels=chosen.channels,
            wordings=wordings(text, chosen.channels, chosen.language, has_offer=has_offer),
            benefits=Benefits() if chosen.benefits.are_any and not is_offering else None,
        )

    def words(self, en: str, zh: str) -> str:
        return zh if self.choices.language == "zh" else en

    @property
    def entry(self) -> dict[str, Any] | None:
        tiers = list(self.choices.tiers)
        return {"all": [{"field": "tier", "op": "in", "value": tiers}]} if tiers else None


def _welcome(maker: _Maker) -> JourneySpec:
    chosen, ordered = maker.choices, EventMatch(events=("ordered",))
    return JourneySpec(
        name=maker.name,
        experiment=maker.name,
        trigger=OnEvent(event=EventMatch(events=("joined",)), entry=maker.entry),
        holdout_share=chosen.holdout_share,
        language=chosen.language,
        priority=Priority.CARE,
        benefits=chosen.benefits,
        steps=(
            maker.send("welcome", "welcome"),
            WaitStep(key="settle", days=SETTLE_DAYS),
            BranchStep(key="has-ordered", event=ordered, then="thanks"),
            maker.send("picks", "picks", is_offering=True),
            WaitStep(
                key="first-order",
                until_event=ordered,
                timeout=Duration(days=maker.days),
                next="thanks",
                on_timeout="done",
            ),
            maker.send("thanks", "thanks"),
            EndStep(key="done"),
        ),
    )


def _reactivation(maker: _Maker) -> JourneySpec:
    chosen = maker.choices
    answered = EventMatch(events=("clicked", "ordered", "redeemed", "visit"))
    return JourneySpec(
        name=maker.name,
        experiment=maker.name,
        trigger=OnStage(stages=chosen.stages or ("dormant",), entry=maker.entry),
        reentry=ReEntry(rule="after_days", days=QUARTER_DAYS),
        exits=(ExitRule(event=EventMatch(events=("unsubscribed",))),),
        holdout_share=chosen.holdout_share,
        language=chosen.language,
        benefits=chosen.benefits,
        steps=(
            maker.send("miss-you", "miss_you", is_offering=True),
            WaitStep(
                key="answer",
                until_event=answered,
                timeout=Duration(days=maker.days),
                next="done",
                on_timeout="ask-csm",
            ),
            TaskStep(
                key="ask-csm",
                title=maker.words("Win back a member who did not answer", "联系未回应召回消息的会员"),
                note=maker.words(
                    f"No click, visit or order within {maker.days} days of our message. Call, ask what was missing, "
                    "and write down what came of it.",
                    f"召回消息发出 {maker.days} 天内没有点击、到访或下单。请致电了解原因，并记录结果。",
                ),
            ),
            EndStep(key="done"),
        ),
    )


def _birthday(maker: _Maker) -> JourneySpec:
    chosen = maker.choices
    return JourneySpec(
        name=maker.name,
        experiment=maker.name,
        trigger=OnKeyDate(date="birthday", days_before=maker.days, at="09:00", entry=maker.entry),
        holdout_share=chosen.holdout_share,
        language=chosen.language,
        priority=Priority.CARE,
        benefits=chosen.benefits,
        steps=(
            maker.send("warm-up", "warm_up", is_offering=True),
            WaitStep(key="until-birthday", until_key_date=0, at="09:00"),
            maker.send("birthday", "birthday"),
            EndStep(key="done"),
        ),
    )


TEMPLATES: Mapping[TemplateKey, JourneyTemplate] = {
    template.key: template
    for template in (
        JourneyTemplate(
            "welcome",
            {
                "en": TemplateWords(
                    "Welcome of new members",
                    "Greets whoever joins, suggests goods after a few days, and thanks for the first order.",
                ),
                "zh": TemplateWords("新会员欢迎", "欢迎新加入的会员，几天后推荐好物，并感谢首次购买。"),
            },
            FIRST_ORDER_DAYS,
            _welcome,
        ),
        JourneyTemplate(
            "reactivation",
            {
                "en": TemplateWords(
                    "Reactivation of dormant members",
                    "Writes to whoever falls dormant; without an answer the customer success manager gets a task.",
                ),
                "zh": TemplateWords("沉睡会员唤醒", "会员进入沉睡阶段时发送消息；没有回应则给客户经理派任务。"),
            },
            ANSWER_DAYS,
            _reactivation,
        ),
        JourneyTemplate(
            "birthday",
            {
                "en": TemplateWords(
                    "Birthday care", "A warm-up before the birthday, with a benefit, and wishes on the day itself."
                ),
                "zh": TemplateWords("生日关怀", "生日前预热并附上权益，生日当天送上祝福。"),
            },
            WARM_UP_DAYS,
            _birthday,
        ),
    )
}


def find_template(key: str) -> JourneyTemplate:
    """Raises NotFound naming those that there are."""
    if key not in get_args(TemplateKey):
        raise NotFound(f"there is no template {key!r}; there are {', '.join(TEMPLATES)}", candidates=tuple(TEMPLATES))
    return next(template for template in TEMPLATES.values() if template.key == key)


def from_template(key: str, choices: TemplateChoices | None = None) -> JourneySpec:
    """A journey as a template makes it, not saved yet. Raises NotFound for an unknown template."""
    template, chosen = find_template(key), choices or TemplateChoices()
    name = chosen.name or template.words[chosen.language].name
    return template.build(_Maker(chosen, name, chosen.days or template.default_days))
