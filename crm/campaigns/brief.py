"""What a campaign is to do, as one frozen value: what people draft, change and approve."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field, PlainSerializer, ValidationError, field_validator, model_validator

from crm import validation_messages
from crm.bounds import MOST_GOAL, MOST_ITEMS, MOST_MONEY, Name
from crm.channels import ChannelChoice
from crm.errors import InvalidRequest
from crm.loyalty.models import OfferKind
from crm.outreach.priority import Priority
from crm.reading.fields import DayIn, MomentIn
from crm.values import Value

Language = Literal["en", "zh"]
LocalTime = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
"""Time of day in the member's zone, e.g. `10:00`."""

MAX_HOLDOUT_PCT = 50.0
MOST_PARTS = 100
"""Steps or offers of one campaign."""


def _plain_number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)


Amount = Annotated[
    Decimal,
    Field(gt=0, le=MOST_MONEY, max_digits=28),
    PlainSerializer(_plain_number, return_type=int | float, when_used="json-unless-none"),
]
"""A number in whole units (yuan, percent, points, factor), printed in JSON as a number."""


class Offer(Value):
    """One benefit that the campaign promises."""

    kind: OfferKind
    value: Amount | None = None
    """Percent, money in whole units, points or factor, by kind; None for free shipping and gifts."""
    currency: Name | None = None
    min_spend: Amount | None = None
    """Money in whole units from which the offer holds."""
    item: Name | None = None
    """What a gift is, e.g. `sample`."""
    coupon_code: Name | None = None
    """The stocked coupon that backs it; found by kind and value when not given."""

    @model_validator(mode="after")
    def _value_fits_kind(self) -> "Offer":
        has_no_value = self.kind in (OfferKind.FREE_SHIPPING, OfferKind.GIFT)
        if self.value is None and not has_no_value:
            raise ValueError(f"an offer of kind {self.kind} needs a value, e.g. 15 for 15 percent or 15 yuan")
        if self.kind is OfferKind.PERCENT_OFF and self.value is not None and self.value > 100:
            raise ValueError(f"{self.value} percent off is not possible; give 1 to 100")
        return self


class Step(Value):
    """One sending within the campaign, so many days after its start."""

    key: str = Field(default="main", min_length=1, max_length=40)
    offset_days: int = Field(default=0, ge=0, le=365)
    at: LocalTime | None = None
    """None: the time of the campaign's start."""
    channels: tuple[ChannelChoice, ...] | None = None
    """None: the channels of the campaign."""


class Copy(Value):
    """The words of one channel and variant. Jinja fields: name, tier, offer, code, unsubscribe."""

    channel: ChannelChoice
    subject: Annotated[str, Field(max_length=MOST_GOAL)] | None = None
    body: str | None = Field(default=None, min_length=1)
    """None: written by `copywriting`."""
    variant: str = Field(default="A", min_length=1, max_length=20)
    step: str | None = None
    """Key of the step that it is for; None: every step without words of its own."""

    @model_validator(mode="after")
    def _says_something(self) -> "Copy":
        if self.subject is None and self.body is None:
            raise ValueError(f"the words for {self.channel} need a subject or a body")
        return self


class CampaignBrief(Value):
    """Everything that decides what a campaign does. Times are local to the workspace."""

    name: str = Field(default="", max_length=80)
    """Unique; empty: made from goal, tier and date when the draft is saved."""
    goal: str = Field(default="", max_length=MOST_GOAL)
    audience: dict[str, Any]
    """Segment definition in its JSON form."""
    exclude_campaigns: tuple[Name, ...] = Field(default=(), max_length=MOST_ITEMS)
    """Whoever ever took part in one of these is left out."""
    channels: tuple[ChannelChoice, ...] = Field(max_length=MOST_PARTS)
    offers: tuple[Offer, ...] = Field(default=(), max_length=MOST_PARTS)
    start: MomentIn | None = None
    """Local wall time without a zone; None: as soon as it is approved."""
    end: DayIn | None = None
    """Last local day on which the offers hold."""
    steps: tuple[Step, ...] = Field(default=(Step(),), max_length=MOST_PARTS)
    copy_texts: tuple[Copy, ...] = Field(default=(), max_length=MOST_ITEMS)
    """Words that people wrote; what is missing is written by `copywriting`."""
    language: Language = "en"
    """Language of the words that are written for it."""
    holdout_pct: float = 10.0
    holdout_waiver: Annotated[str, Field(max_length=MOST_GOAL)] | None = None
    """Why the campaign does without a holdout, when it does."""
    budget_cents: int | None = Field(default=None, gt=0, le=MOST_MONEY * 100)
    attribution_window_days: int = Field(default=14, ge=1, le=180)
    priority: Priority = Priority.CAMPAIGN
    """Care goes before campaigns within the frequency caps; service is not held back by them."""

    @field_validator("channels")
    @classmethod
    def _has_channels(cls, channels: tuple[ChannelChoice, ...]) -> tuple[ChannelChoice, ...]:
        if not channels:
            raise ValueError("a campaign needs at least one channel: email, sms, push or preferred")
        return _distinct_channels(channels)

    @field_validator("holdout_pct", "budget_cents", "attribution_window_days", mode="before")
    @classmethod
    def _is_no_yes_or_no(cls, value: Any) -> Any:
        if isinstance(value, bool):
            raise ValueError(f"a number is needed, not {str(value).lower()}")
        return value

    @field_validator("holdout_pct")
    @classmethod
    def _holdout_is_a_share(cls, holdout_pct: float) -> float:
        if not 0 <= holdout_pct <= MAX_HOLDOUT_PCT:
            raise ValueError(f"a holdout of {holdout_pct:g}% is not possible; give 0 to {MAX_HOLDOUT_PCT:g}")
        return holdout_pct

    @field_validator("start")
    @classmethod
    def _start_is_local(cls, start: datetime | None) -> datetime | None:
        if start is not None and start.tzinfo is not None:
            raise ValueError("the start is local wall time of the workspace: give it without a zone")
        return start

    @model_validator(mode="after")
    def _parts_fit_together(self) -> "CampaignBrief":
        keys = [step.key for step in self.steps]
        if not keys:
            raise ValueError("a campaign needs at least one step")
        if len(set(keys)) != len(keys):
            raise ValueError(f"two steps bear the same key ({', '.join(keys)}); give each its own")
        for step in self.steps:
            if step.channels is not None:
                _distinct_channels(step.channels)
        unknown = {copy.step for copy in self.copy_texts if copy.step is not None} - set(keys)
        if unknown:
            raise ValueError(f"there are words for the step {min(unknown)}, but the steps are: {', '.join(keys)}")
        if self.start is not None and self.end is not None and self.end < self.start.date():
            raise ValueError(f"the campaign ends on {self.end}, before it starts on {self.start.date()}")
        return self

    def channels_of(self, step: Step) -> tuple[ChannelChoice, ...]:
        return step.channels or self.channels

    def changed(self, changes: Mapping[str, Any]) -> "CampaignBrief":
        """This brief with some fields replaced. Raises InvalidRequest with one sentence for the first mistake."""
        return parse_brief(self.model_dump(mode="json") | dict(changes))


def _distinct_channels(channels: tuple[ChannelChoice, ...]) -> tuple[ChannelChoice, ...]:
    if "preferred" in channels and len(channels) > 1:
        raise ValueError("'preferred' already means each member's own channel; do not name others beside it")
    return tuple(dict.fromkeys(channels))


def parse_brief(data: Mapping[str, Any]) -> CampaignBrief:
    """A brief from its JSON form. Raises InvalidRequest with one sentence and the path of the first mistake."""
    try:
        return CampaignBrief.model_validate(dict(data))
    except ValidationError as error:
        first = error.errors()[0]
        path = ".".join(str(part) for part in first["loc"])
        message = validation_messages.in_words(first)
        if first["type"] == "extra_forbidden":
            message = f"a campaign has no {path!r}; it has: {', '.join(CampaignBrief.model_fields)}"
        elif first["type"] != "value_error":
            message = f"{path}: {message}"
        raise InvalidRequest(message, path=path) from error
