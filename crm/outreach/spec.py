"""A journey: frozen steps that members walk through from a trigger on. Stored as JSON with each version.

Reading checks the shape of each part, so that everything that was ever stored stays readable. Whether the
parts fit together is asked before a journey is stored (`crm/journeys/validation.py`).
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, get_args

from pydantic import ConfigDict, Field, model_validator

from crm.bounds import MOST_ITEMS, Name
from crm.channels import PREFERRED, SENDABLE_CHANNELS, Channel, ChannelChoice
from crm.lifecycle.models import Stage
from crm.outreach.priority import Priority
from crm.outreach.template import Wording
from crm.values import Value

TIME_OF_DAY = r"^([01]\d|2[0-3]):[0-5]\d$"
Key = Annotated[str, Field(min_length=1, max_length=40)]
TimeOfDay = Annotated[str, Field(pattern=TIME_OF_DAY)]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[str, ...] = get_args(Weekday)
"""From Monday on, as `date.weekday()` counts."""


class EventMatch(Value):
    """One of some events happened to the member. Inside a journey: after the member entered it.

    There an answer to a message counts when the message is one of the same journey and occurrence. Which events there
    are, and what narrows each, the catalog says: {"events": ["ordered"], "category": "tea"} is an order of tea.
    """

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, str | None] = Field(init=False)

    events: tuple[Key, ...] = Field(min_length=1, max_length=MOST_ITEMS)
    step: str | None = None
    """Of answers to messages: to those of this step."""

    @property
    def qualifiers(self) -> Mapping[str, tuple[str, ...]]:
        """What narrows the events that have it."""
        return {name: (value,) for name, value in self.__pydantic_extra__.items() if value is not None}


class Benefits(Value):
    """What every member who takes part gets once, with the first delivered message."""

    words: str = ""
    """The offers in words, for the copy."""
    coupon_codes: tuple[Name, ...] = Field(default=(), max_length=MOST_ITEMS)
    unbacked: tuple[str, ...] = Field(default=(), max_length=MOST_ITEMS)
    """Offers in words for which nothing is stocked: while there is one, nobody is sent the promise."""

    @property
    def are_any(self) -> bool:
        return bool(self.words or self.coupon_codes or self.unbacked)


class Duration(Value):
    """How long. Days are days of the calendar in the member's zone, hours and minutes are elapsed time."""

    days: int = Field(default=0, ge=0, le=3_650)
    hours: int = Field(default=0, ge=0, le=10_000)
    minutes: int = Field(default=0, ge=0, le=100_000)

    @property
    def elapsed(self) -> timedelta:
        return timedelta(hours=self.hours, minutes=self.minutes)

    @property
    def is_positive(self) -> bool:
        return self.days > 0 or self.elapsed > timedelta()


class SendStep(Value):
    """Sends one message on each of its channels.

    `offset_days` and `at` belong to journeys that are planned whole; in one that is walked, waits say when.
    """

    kind: Literal["send"] = "send"
    key: Key
    next: str | None = None
    """The step that follows; None: the next one in the list, and after the last the end."""
    offset_days: int = Field(default=0, ge=0, le=3_650)
    at: TimeOfDay | None = None
    """Time of day in the member's zone; None: that of the start."""
    channels: tuple[ChannelChoice, ...] = Field(min_length=1)
    wordings: tuple[Wording, ...] = Field(max_length=MOST_ITEMS)
    """At least one for each channel it can send on; several for one channel are variants of an A/B test."""
    benefits: Benefits | None = None
    """What these messages bring; None: the benefits of the journey."""

    @model_validator(mode="after")
    def _has_words_for_each_channel(self) -> "SendStep":
        wrong = list(self._mistakes())
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    def _mistakes(self) -> Iterator[str]:
        if PREFERRED in self.channels and len(self.channels) > 1:
            yield f"step {self.key}: 'preferred' stands alone, it already means each member's own channel"
        if len(set(self.channels)) != len(self.channels):
            yield f"step {self.key} names a channel twice"
        for channel in self.possible_channels:
            variants = [wording.variant for wording in self.wordings if wording.channel is channel]
            if not variants:
                yield f"step {self.key} has no words for {channel}"
            if len(set(variants)) != len(variants):
                yield f"step {self.key} has two texts of one variant for {channel}"

    @property
    def possible_channels(self) -> tuple[Channel, ...]:
        """Channels on which its messages can turn out to go."""
        if PREFERRED in self.channels:
            return SENDABLE_CHANNELS
        return tuple(Channel(channel) for channel in self.channels)

    def variants_of(self, channel: Channel) -> tuple[str, ...]:
        return tuple(sorted(wording.variant for wording in self.wordings if wording.channel is channel))

    def wording(self, channel: Channel, variant: str | None) -> Wording:
        """The words for one message; without a variant the first."""
        own = [wording for wording in self.wordings if wording.channel is channel]
        return next((wording for wording in own if wording.variant == variant), own[0])


class WaitStep(Duration):
    """Waits for exactly one thing: a length of time, a time of day, a day around the key date, or an event."""

    kind: Literal["wait"] = "wait"
    key: Key
    next: str | None = None
    until_time: TimeOfDay | None = None
    """The next such time in the member's zone, at once when it is just that time."""
    weekday: Weekday | None = None
    """With `until_time`: on this day of the week."""
    until_key_date: int | None = Field(default=None, ge=-366, le=366)
    """So many days after the key date that the journey was entered for; negative: before it."""
    at: TimeOfDay | None = None
    """With `until_key_date`: the time of that day in the member's zone."""
    until_event: EventMatch | None = None
    timeout: Duration | None = None
    """With `until_event`: how long at most."""
    on_timeout: str | None = None
    """With `until_event`: the step that follows when the event did not come; None: the same as when it did."""

    @model_validator(mode="after")
    def _waits_for_one_thing(self) -> "WaitStep":
        wrong = list(self._mistakes())
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    def _mistakes(self) -> Iterator[str]:
        asked = (self.is_positive, self.until_time, self.until_key_date is not None, self.until_event)
        if sum(map(bool, asked)) != 1:
            yield (
                f"step {self.key} waits for exactly one of a length of time (days, hours, minutes), "
                "until_time, until_key_date and until_event"
            )
        if self.until_event is not None and (self.timeout is None or not self.timeout.is_positive):
            yield f"step {self.key} waits without end when the event never comes: give it a timeout, e.g. 7 days"
        if self.until_event is None and (self.timeout is not None or self.on_timeout is not None):
            yield f"step {self.key}: timeout and on_timeout belong to until_event"
        if self.weekday is not None and self.until_time is None:
            yield f"step {self.key}: weekday belongs to until_time"
        if (self.at is None) is (self.until_key_date is not None):
            yield f"step {self.key}: until_key_date and at belong together, e.g. 0 and 09:00"


class BranchStep(Value):
    """Two ways: for members who fit a definition or had an event, and for the others."""

    kind: Literal["branch"] = "branch"
    key: Key
    definition: dict[str, Any] | None = None
    event: EventMatch | None = None
    then: str
    otherwise: str | None = None
    """None: the next step in the list."""

    @property
    def next(self) -> str | None:
        return self.otherwise

    @model_validator(mode="after")
    def _asks_one_thing(self) -> "BranchStep":
        if (self.definition is None) is (self.event is None):
            raise ValueError(f"step {self.key} asks for exactly one of a definition and an event")
        return self


class Way(Value):
    to: str
    weight: int = Field(ge=1, le=10_000)
    """Its share is its weight over the sum of all."""


class SplitStep(Value):
    """Sends members different ways by chance; the same member always goes the same way."""

    kind: Literal["split"] = "split"
    key: Key
    ways: tuple[Way, ...] = Field(min_length=2, max_length=20)


class TaskStep(Value):
    """Asks the member's customer success manager to do something; without one it waits for anybody."""

    kind: Literal["task"] = "task"
    key: Key
    next: str | None = None
    title: str = Field(min_length=1, max_length=120)
    note: str = Field(default="", max_length=2_000)
    due_in_days: int = Field(default=3, ge=0, le=365)


class EndStep(Value):
    """The member has walked through."""

    kind: Literal["end"] = "end"
    key: Key


JourneyStep = Annotated[SendStep | WaitStep | BranchStep | SplitStep | TaskStep | EndStep, Field(discriminator="kind")]


class AudienceAtLaunch(Value):
    """Everyone who fits a definition at the moment of the launch takes part, once."""

    kind: Literal["audience_at_launch"] = "audience_at_launch"
    definition: dict[str, Any]


class OnKeyDate(Value):
    """A day of the member as the catalog knows it: the birthday, the day of joining, the end of a coupon."""

    kind: Literal["key_date"] = "key_date"
    date: Key
    every_months: int = Field(default=12, ge=1, le=12)
    """Of what comes back by months, as `joined` does: 12 for each year, 6 for each half."""
    days_before: int = Field(default=0, ge=0, le=60)
    """How long before the date the member enters."""
    at: TimeOfDay = "09:00"
    """When on that day, in the member's zone."""
    entry: dict[str, Any] | None = None
    """Only members who fit this definition at that moment."""


class OnStage(Value):
    """The member came into one of some lifecycle stages."""

    kind: Literal["stage_entered"] = "stage_entered"
    stages: tuple[Stage, ...] = Field(min_length=1)
    entry: dict[str, Any] | None = None

    @property
    def events(self) -> tuple[str, ...]:
        """It is an event, as the rooms know it, in a form of its own."""
        return (self.kind,)

    @property
    def qualifiers(self) -> Mapping[str, tuple[str, ...]]:
        return {"stage": self.stages}

    @property
    def step(self) -> None:
        return None


class OnEvent(Value):
    """Something happened to the member."""

    kind: Literal["event"] = "event"
    event: EventMatch
    entry: dict[str, Any] | None = None


class ByHand(Value):
    """A person chooses the members."""

    kind: Literal["by_hand"] = "by_hand"
    entry: dict[str, Any] | None = None


JourneyTrigger = Annotated[AudienceAtLaunch | OnKeyDate | OnStage | OnEvent | ByHand, Field(discriminator="kind")]


class ReEntry(Value):
    """Whether a member may take part again, in whatever version of the journey."""

    rule: Literal["once", "after_days", "each_occurrence"]
    days: int | None = Field(default=None, ge=1, le=3_650)
    """Of `after_days`: how long after the member entered the last time."""

    @model_validator(mode="after")
    def _has_days_where_they_count(self) -> "ReEntry":
        if (self.rule == "after_days") is (self.days is None):
            raise ValueError("re-entry after_days needs days, the other rules have none")
        return self


class ExitRule(Value):
    """Ends the way of a member early: nothing that waits for him is done any more.

    Asked before a member is moved on or written to; an event also ends the way as soon as it is seen.
    """

    definition: dict[str, Any] | None = None
    event: EventMatch | None = None

    @model_validator(mode="after")
    def _asks_one_thing(self) -> "ExitRule":
        if (self.definition is None) is (self.event is None):
            raise ValueError("an exit asks for exactly one of a definition and an event")
        return self


class JourneySpec(Value):
    name: str = Field(min_length=1)
    experiment: str = Field(min_length=1)
    """Key of the random assignment: journeys with different keys draw independent holdouts."""
    trigger: JourneyTrigger
    reentry: ReEntry | None = None
    """None: at each occurrence of a key date, once for every other trigger."""
    exits: tuple[ExitRule, ...] = Field(default=(), max_length=20)
    start: datetime | None = None
    """Of a journey planned whole: wall time, read in each member's zone; None: the moment of the launch."""
    holdout_share: float = Field(default=0.1, ge=0, le=0.5)
    steps: tuple[JourneyStep, ...] = Field(min_length=1, max_length=100)
    benefits: Benefits = Benefits()
    language: Literal["en", "zh"] = "en"
    priority: Priority = Priority.CAMPAIGN
    """Which of its messages and those of other journeys go first, and whether the frequency caps hold them back."""

    @model_validator(mode="after")
    def _step_keys_differ(self) -> "JourneySpec":
        keys = [step.key for step in self.steps]
        if len(set(keys)) != len(keys):
            raise ValueError(f"two steps bear the same key: {', '.join(keys)}")
        if self.start is not None and self.start.tzinfo is not None:
            raise ValueError("the start is wall time, read in each member's zone: give it without a zone")
        return self

    @property
    def sends(self) -> tuple[SendStep, ...]:
        return tuple(step for step in self.steps if isinstance(step, SendStep))

    @property
    def is_walked(self) -> bool:
        """Whether members walk step by step; an audience to which it is only sent is planned whole (decision 12)."""
        only_sends = len(self.sends) == len(self.steps)
        return not (
            self.trigger.kind == "audience_at_launch" and only_sends and self.reentry is None and not self.exits
        )

    @property
    def reentry_rule(self) -> ReEntry:
        usual: ReEntry = ReEntry(rule="each_occurrence" if self.trigger.kind == "key_date" else "once")
        return self.reentry or usual

    def step(self, key: str) -> SendStep:
        """The step of this key, which sends."""
        return next(step for step in self.sends if step.key == key)

    def after(self, step: SendStep | WaitStep | BranchStep | TaskStep) -> str | None:
        """The key of what follows when the step names nothing else; None: the end."""
        if step.next is not None:
            return step.next
        keys = [each.key for each in self.steps]
        following = keys.index(step.key) + 1
        return keys[following] if following < len(keys) else None

    def benefits_of(self, step: SendStep) -> Benefits:
        return self.benefits if step.benefits is None else step.benefits

    def offering(self, step: SendStep) -> "JourneySpec":
        """The journey as the texts of a step speak of it: with the benefits of that step."""
        return self if step.benefits is None else self.model_copy(update={"benefits": step.benefits})

    @property
    def messages_per_member(self) -> int:
        """How many rows the ledger of a journey planned whole holds for each member, excluded ones included."""
        return sum(len(step.channels) for step in self.sends)
