"""A journey: frozen steps that members walk through from a trigger on. Stored as JSON with each version."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from crm.members.models import SENDABLE_CHANNELS, Channel
from crm.outreach.priority import Priority
from crm.outreach.wording import Wording

ChannelChoice = Literal["email", "sms", "push", "preferred"]
PREFERRED = "preferred"


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SendStep(Frozen):
    """Sends one message on each of its channels, so many days after the start."""

    kind: Literal["send"] = "send"
    key: str = Field(min_length=1, max_length=40)
    offset_days: int = Field(default=0, ge=0)
    at: str | None = Field(default=None, pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
    """Time of day in the member's zone; None: that of the start."""
    channels: tuple[ChannelChoice, ...] = Field(min_length=1)
    wordings: tuple[Wording, ...]
    """At least one for each channel it can send on; several for one channel are variants of an A/B test."""

    @model_validator(mode="after")
    def _has_words_for_each_channel(self) -> "SendStep":
        if PREFERRED in self.channels and len(self.channels) > 1:
            raise ValueError(f"step {self.key}: 'preferred' stands alone, it already means each member's own channel")
        if len(set(self.channels)) != len(self.channels):
            raise ValueError(f"step {self.key} names a channel twice")
        for channel in self.possible_channels:
            variants = [wording.variant for wording in self.wordings if wording.channel is channel]
            if not variants:
                raise ValueError(f"step {self.key} has no words for {channel}")
            if len(set(variants)) != len(variants):
                raise ValueError(f"step {self.key} has two texts of one variant for {channel}")
        return self

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


class AudienceAtLaunch(Frozen):
    """Everyone who fits a definition at the moment of the launch takes part, once."""

    kind: Literal["audience_at_launch"] = "audience_at_launch"
    definition: dict[str, Any]


# Waits, branches, splits and tasks, and triggers by date, stage or event, join these two by `kind`.
JourneyStep = SendStep
JourneyTrigger = AudienceAtLaunch


class Benefits(Frozen):
    """What every member who takes part gets once, with the first delivered message."""

    words: str = ""
    """The offers in words, for the copy."""
    coupon_codes: tuple[str, ...] = ()
    unbacked: tuple[str, ...] = ()
    """Offers in words for which nothing is stocked: while there is one, nobody is sent the promise."""


class JourneySpec(Frozen):
    name: str = Field(min_length=1)
    experiment: str = Field(min_length=1)
    """Key of the random assignment: journeys with different keys draw independent holdouts."""
    trigger: JourneyTrigger
    start: datetime | None = None
    """Wall time, read in each member's zone; None: the moment of the launch."""
    holdout_share: float = Field(default=0.1, ge=0, le=0.5)
    steps: tuple[JourneyStep, ...] = Field(min_length=1)
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

    def step(self, key: str) -> SendStep:
        return next(step for step in self.steps if step.key == key)

    @property
    def messages_per_member(self) -> int:
        """How many rows the ledger holds for each member who takes part, excluded ones included."""
        return sum(len(step.channels) for step in self.steps)
