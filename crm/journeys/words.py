"""A journey in plain words: when it starts, what each step does, and what ends it early. English and Chinese."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crm.journeys.phrases import Phrases
from crm.journeys.steps.kind import WayInWords
from crm.journeys.steps.registry import STEP_KINDS
from crm.journeys.template_texts import Language
from crm.outreach.priority import Priority
from crm.outreach.spec import EventMatch, JourneySpec, JourneyStep, OnEvent, OnKeyDate, OnStage
from crm.segments.scope import SegmentScope


@dataclass(frozen=True)
class StepInWords:
    key: str
    kind: str
    words: str
    ways: tuple[WayInWords, ...]


@dataclass(frozen=True)
class JourneyInWords:
    trigger: str
    reentry: str
    exits: tuple[str, ...]
    steps: tuple[StepInWords, ...]
    holdout: str
    priority: str | None = None
    """Set where its messages go first and escape the caps."""


def journey_in_words(spec: JourneySpec, scope: SegmentScope, *, language: Language = "en") -> JourneyInWords:
    """Everything that a journey does, in the order in which it is written. `scope`: in which definitions are read."""
    writer, phrases = _Writer(spec, scope, language), Phrases(spec, scope, language)
    return JourneyInWords(
        trigger=writer.trigger(),
        reentry=writer.reentry(),
        exits=tuple(writer.exit(rule.event, rule.definition) for rule in spec.exits),
        steps=tuple(_step(phrases, step) for step in spec.steps),
        holdout=writer.holdout(),
        priority=writer.priority(),
    )


def _step(phrases: Phrases, step: JourneyStep) -> StepInWords:
    kind = STEP_KINDS[step.kind]
    return StepInWords(step.key, step.kind, kind.in_words(phrases, step), tuple(kind.ways_in_words(phrases, step)))


class _Writer:
    def __init__(self, spec: JourneySpec, scope: SegmentScope, language: Language) -> None:
        self._spec, self._scope = spec, scope
        self._phrases = Phrases(spec, scope, language)

    def priority(self) -> str | None:
        if self._spec.priority is not Priority.SERVICE:
            return None
        return self._phrases.say(
            "Its messages count as service: no frequency cap holds them back, and they carry no way to opt out",
            "消息按服务通知发送：不受频次上限限制，也不带退订方式",
        )

    def trigger(self) -> str:
        trigger = self._spec.trigger
        if trigger.kind == "audience_at_launch":
            return self._phrases.say("At the launch, once: {who}", "启动时一次性加入：{who}").format(
                who=self._phrases.who(trigger.definition)
            )
        words = self._start(trigger)
        if trigger.entry is None:
            return words
        return self._phrases.say("{words}; only {who}", "{words}；仅限{who}").format(
            words=words, who=self._phrases.who(trigger.entry)
        )

    def _start(self, trigger: Any) -> str:
        if isinstance(trigger, OnKeyDate):
            return self._key_date(trigger)
        if isinstance(trigger, OnEvent | OnStage):
            asked = trigger if isinstance(trigger, OnStage) else trigger.event
            return self._phrases.say("When a member {event}", "会员{event}时").format(event=self._phrases.event(asked))
        return self._phrases.say("When a person lets the member in", "由人工加入")

    def _key_date(self, trigger: OnKeyDate) -> str:
        key_date = self._scope.catalog.key_dates.get(trigger.date)
        name = trigger.date if key_date is None else self._phrases.text(key_date.words)
        is_often = key_date is not None and key_date.comes_by_months and trigger.every_months != 12
        every = (
            self._phrases.say(f" (every {trigger.every_months} months)", f"（每 {trigger.every_months} 个月）")
            if is_often
            else ""
        )
        if trigger.days_before == 0:
            return self._phrases.say(f"On the {name}{every} at {trigger.at}", f"{name}{every}当天 {trigger.at}")
        days = self._phrases.days(trigger.days_before)
        return self._phrases.say(
            f"{days} before the {name}{every} at {trigger.at}", f"{name}{every}前 {days} {trigger.at}"
        )

    def reentry(self) -> str:
        rule = self._spec.reentry_rule
        if rule.rule == "once":
            return self._phrases.say("Each member takes part once.", "每位会员只参加一次。")
        if rule.rule == "each_occurrence":
            return self._phrases.say("A member takes part each time.", "每次触发都可参加。")
        days = self._phrases.days(rule.days or 0)
        return self._phrases.say(f"A member can take part again after {days}.", f"{days}后可再次参加。")

    def holdout(self) -> str:
        share = f"{self._spec.holdout_share * 100:g}%"
        return self._phrases.say(
            f"{share} are held back to measure the effect.", f"{share} 作为对照组不发送，用于衡量效果。"
        )

    def exit(self, event: EventMatch | None, definition: Mapping[str, Any] | None) -> str:
        if event is not None:
            return self._phrases.say(
                f"ends as soon as the member {self._phrases.event(event)}", f"会员{self._phrases.event(event)}即结束"
            )
        return self._phrases.say("ends for {who}", "{who}即结束").format(who=self._phrases.who(definition or {}))
