"""A journey in plain words: when it starts, what each step does, and what ends it early. English and Chinese."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from crm.journeys.event_sources import Asked, event_of
from crm.journeys.template_texts import Language
from crm.outreach.spec import (
    PREFERRED,
    BranchStep,
    Duration,
    EventMatch,
    JourneySpec,
    OnEvent,
    OnKeyDate,
    OnStage,
    SendStep,
    SplitStep,
    TaskStep,
    WaitStep,
)
from crm.segments.definition import parse_definition
from crm.segments.describe import describe
from crm.segments.scope import SegmentScope

_CHANNELS: Mapping[Language, Mapping[str, str]] = {
    "en": {"email": "e-mail", "sms": "SMS", "push": "app push", PREFERRED: "each member's preferred channel"},
    "zh": {"email": "邮件", "sms": "短信", "push": "App 推送", PREFERRED: "会员偏好的渠道"},
}
_WEEKDAYS_ZH = {
    "monday": "周一",
    "tuesday": "周二",
    "wednesday": "周三",
    "thursday": "周四",
    "friday": "周五",
    "saturday": "周六",
    "sunday": "周日",
}


@dataclass(frozen=True)
class WayInWords:
    """One way out of a step."""

    label: str
    """When it is taken; empty where there is no other."""
    to: str | None
    """The key of what follows; None: the end."""


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


def journey_in_words(spec: JourneySpec, scope: SegmentScope, *, language: Language = "en") -> JourneyInWords:
    """Everything that a journey does, in the order in which it is written. `scope`: in which definitions are read."""
    writer = _Writer(spec, scope, language)
    return JourneyInWords(
        trigger=writer.trigger(),
        reentry=writer.reentry(),
        exits=tuple(writer.exit(rule.event, rule.definition) for rule in spec.exits),
        steps=tuple(
            StepInWords(step.key, step.kind, writer.step(step), tuple(writer.ways(step))) for step in spec.steps
        ),
        holdout=writer.holdout(),
    )


class _Writer:
    def __init__(self, spec: JourneySpec, scope: SegmentScope, language: Language) -> None:
        self._spec, self._scope, self._language = spec, scope, language

    def trigger(self) -> str:
        trigger = self._spec.trigger
        if trigger.kind == "audience_at_launch":
            return self._say("At the launch, once: {who}", "启动时一次性加入：{who}").format(
                who=self._who(trigger.definition)
            )
        words = self._start(trigger)
        if trigger.entry is None:
            return words
        return self._say("{words}; only {who}", "{words}；仅限{who}").format(words=words, who=self._who(trigger.entry))

    def _start(self, trigger: Any) -> str:
        if isinstance(trigger, OnKeyDate):
            return self._key_date(trigger)
        if isinstance(trigger, OnEvent | OnStage):
            asked = trigger if isinstance(trigger, OnStage) else trigger.event
            return self._say("When a member {event}", "会员{event}时").format(event=self._event(asked))
        return self._say("When a person lets the member in", "由人工加入")

    def _key_date(self, trigger: OnKeyDate) -> str:
        key_date = self._scope.catalog.key_dates.get(trigger.date)
        name = trigger.date if key_date is None else key_date.words.in_language(self._language)
        is_often = key_date is not None and key_date.comes_by_months and trigger.every_months != 12
        every = (
            self._say(f" (every {trigger.every_months} months)", f"（每 {trigger.every_months} 个月）")
            if is_often
            else ""
        )
        if trigger.days_before == 0:
            return self._say(f"On the {name}{every} at {trigger.at}", f"{name}{every}当天 {trigger.at}")
        days = self._days(trigger.days_before)
        return self._say(f"{days} before the {name}{every} at {trigger.at}", f"{name}{every}前 {days} {trigger.at}")

    def reentry(self) -> str:
        rule = self._spec.reentry_rule
        if rule.rule == "once":
            return self._say("Each member takes part once.", "每位会员只参加一次。")
        if rule.rule == "each_occurrence":
            return self._say("A member takes part each time.", "每次触发都可参加。")
        days = self._days(rule.days or 0)
        return self._say(f"A member can take part again after {days}.", f"{days}后可再次参加。")

    def holdout(self) -> str:
        share = f"{self._spec.holdout_share * 100:g}%"
        return self._say(f"{share} are held back to measure the effect.", f"{share} 作为对照组不发送，用于衡量效果。")

    def exit(self, event: EventMatch | None, definition: Mapping[str, Any] | None) -> str:
        if event is not None:
            return self._say(f"ends as soon as the member {self._event(event)}", f"会员{self._event(event)}即结束")
        return self._say("ends for {who}", "{who}即结束").format(who=self._who(definition or {}))

    def step(self, step: Any) -> str:
        write: dict[type, Callable[[Any], str]] = {
            SendStep: self._send,
            WaitStep: self._wait,
            BranchStep: self._branch,
            SplitStep: self._split,
            TaskStep: self._task,
        }
        return write[type(step)](step) if type(step) in write else self._say("End", "结束")

    def ways(self, step: Any) -> Iterator[WayInWords]:
        """Where members go from a step, each way once."""
        if isinstance(step, SplitStep):
            total = sum(way.weight for way in step.ways)
            yield from (WayInWords(f"{way.weight / total * 100:.3g}%", way.to) for way in step.ways)
        elif isinstance(step, BranchStep):
            yield WayInWords(self._say("yes", "是"), step.then)
            yield WayInWords(self._say("no", "否"), self._spec.after(step))
        elif isinstance(step, WaitStep) and step.on_timeout is not None:
            yield WayInWords(self._say("it came", "已发生"), self._spec.after(step))
            yield WayInWords(self._say("it did not", "未发生"), step.on_timeout)
        elif isinstance(step, SendStep | WaitStep | TaskStep):
            yield WayInWords("", self._spec.after(step))

    def _send(self, step: SendStep) -> str:
        channels = self._listed([_CHANNELS[self._language][channel] for channel in step.channels])
        subject = next((words.subject for words in step.wordings if words.subject), None)
        about = self._say(f": “{subject}”", f"：“{subject}”") if subject else ""
        offer = self._spec.benefits_of(step).words
        bringing = self._say(f", with {offer}", f"，附{offer}") if offer else ""
        return self._say(f"Send by {channels}{about}{bringing}", f"通过{channels}发送{about}{bringing}")

    def _wait(self, step: WaitStep) -> str:
        if step.until_event is not None:
            event, limit = self._event(step.until_event), self._length(step.timeout or Duration())
            return self._say(f"Wait until the member {event}, at most {limit}", f"等待会员{event}，最多 {limit}")
        if step.until_time is not None:
            day = step.weekday or ""
            at = self._say(
                f"{day.capitalize()} {step.until_time}", f"{_WEEKDAYS_ZH.get(day, '')}{step.until_time}"
            ).strip()
            return self._say(f"Wait until {at}", f"等到 {at}")
        if step.until_key_date is not None:
            return self._until_key_date(step.until_key_date, step.at or "")
        length = self._length(step)
        return self._say(f"Wait {length}", f"等待 {length}")

    def _until_key_date(self, day: int, at: str) -> str:
        if day == 0:
            return self._say(f"Wait until the day itself at {at}", f"等到当天 {at}")
        days = self._days(abs(day))
        if day < 0:
            return self._say(f"Wait until {days} before the day at {at}", f"等到前 {days} {at}")
        return self._say(f"Wait until {days} after the day at {at}", f"等到后 {days} {at}")

    def _branch(self, step: BranchStep) -> str:
        if step.event is not None:
            event = self._event(step.event)
            return self._say(f"Look whether the member {event} after entering", f"查看会员加入旅程后是否{event}")
        return self._say("Look whether the member is one of {who}", "查看会员是否属于{who}").format(
            who=self._who(step.definition or {})
        )

    def _split(self, step: SplitStep) -> str:
        return self._say(f"Split by chance into {len(step.ways)} ways", f"随机分为 {len(step.ways)} 路")

    def _task(self, step: TaskStep) -> str:
        days = self._days(step.due_in_days)
        return self._say(
            f"Task for the customer success manager, due in {days}: {step.title}",
            f"给客户成功经理的任务（{days}内）：{step.title}",
        )

    def _who(self, definition: Mapping[str, Any]) -> str:
        found = describe(parse_definition(definition, self._scope.catalog), self._scope, language=self._language)
        return found[:1].lower() + found[1:]

    def _event(self, event: Asked) -> str:
        words = [self._narrowed(name, event) for name in event.events]
        joined = self._say(" or ", "或").join(words)
        return joined + (self._say(f" (step {event.step})", f"（步骤 {event.step}）") if event.step else "")

    def _narrowed(self, name: str, match: Asked) -> str:
        event = event_of(self._scope.catalog.events, name)
        asked = match.qualifiers
        for qualifier in event.qualifiers:
            if qualifier.name in asked:
                called = qualifier.value_words
                values = [
                    called[value].in_language(self._language) if value in called else value
                    for value in asked[qualifier.name]
                ]
                return qualifier.words.in_language(self._language).format(value=self._say(" or ", "或").join(values))
        return event.words.in_language(self._language)

    def _length(self, length: Duration) -> str:
        parts = [(length.days, "day", "天"), (length.hours, "hour", "小时"), (length.minutes, "minute", "分钟")]
        return self._say(" ", "").join(self._counted(number, en, zh) for number, en, zh in parts if number)

    def _days(self, number: int) -> str:
        return self._counted(number, "day", "天")

    def _counted(self, number: int, en: str, zh: str) -> str:
        return self._say(f"{number} {en}{'' if number == 1 else 's'}", f"{number} {zh}")

    def _listed(self, parts: list[str]) -> str:
        return self._say(", ", "、").join(parts)

    def _say(self, en: str, zh: str) -> str:
        return zh if self._language == "zh" else en
