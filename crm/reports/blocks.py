"""The shape of a campaign review: typed blocks that chat, web page, PDF and knowledge base all read.

Amounts are minor units (`money_cents`), shares 0 to 1, moments aware UTC. Sentences are written by code.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Literal

from crm.reports.words import Words
from crm.values import Value


class Unit(StrEnum):
    COUNT = "count"
    SHARE = "share"
    """0 to 1."""
    SHARE_DIFFERENCE = "share_difference"
    """Difference of two shares; 0.01 is one percentage point."""
    MONEY_CENTS = "money_cents"
    RATIO = "ratio"
    """A multiple, e.g. a return of 1.5 for each unit spent."""


class MetricVerdict(StrEnum):
    """What may be concluded from a number."""

    EFFECT = "effect"
    """The 95% interval against a random holdout excludes zero."""
    CANNOT_TELL = "cannot_tell"
    """The interval includes zero."""
    TOO_FEW = "too_few"
    """Fewer than 30 members in an arm: the interval is shown, nothing is headlined."""
    NO_HOLDOUT = "no_holdout"
    """No random holdout: no effect can be claimed."""
    OBSERVATIONAL = "observational"
    """Recipients were chosen, not randomised: associated at most."""
    DESCRIPTIVE = "descriptive"
    """A plain count or rate that claims no effect."""


class ReviewKind(StrEnum):
    NOT_LAUNCHED = "not_launched"
    RANDOMISED = "randomised"
    NO_HOLDOUT = "no_holdout"
    OBSERVATIONAL = "observational"


class ReviewWindow(Value):
    """The attribution window [starts_at, ends_at), or an imported campaign's own days."""

    starts_at: datetime
    ends_at: datetime
    starts_on: date
    ends_on: date
    """Local day of the last moment of the window."""
    days: int
    is_complete: bool
    words: Words
    """e.g. `window still open: day 3 of 14`."""


class Headline(Value):
    verdict: MetricVerdict
    words: Words


class MetricValue(Value):
    id: str
    """Id in `crm.reports.metrics.METRICS`."""
    label: Words
    value: float | None
    """None when there is nothing to measure, e.g. a rate over no delivery; `words` says so."""
    unit: Unit
    low: float | None
    """Lower end of the 95% interval; None where no interval applies."""
    high: float | None
    verdict: MetricVerdict
    n_treated: int | None
    n_control: int | None
    definition: Words
    words: Words
    """The number as it may be quoted: interval first where there is one."""


class ArmRow(Value):
    """One arm of the randomised comparison, over all members enrolled in it."""

    arm: Literal["treatment", "holdout"]
    members: int
    ordering_members: int
    retention_rate: float | None
    gmv_cents: int
    gmv_per_member_cents: float | None
    gmv_before_per_member_cents: float | None
    """Spend per member in the 90 days before launch: the arms should agree here."""


class SampleRatio(Value):
    """Whether the arms are as large as planned, but for chance. People, each counted once."""

    planned_share: float
    """Of all who take part, to be held out."""
    treated: int
    held_out: int
    p_value: float
    """How often chance alone strays this far."""
    fits: bool
    """False blocks every claim: the arms lost or gained people on one side."""


class ChannelRow(Value):
    channel: str
    planned: int
    """Messages in the ledger for this channel, members held out left aside."""
    delivered: int
    failed: int
    unknown: int
    excluded: int
    pending: int
    coverage: float | None
    delivery_rate: float | None
    opens: int | None
    """Delivered messages opened by a person; None where opens cannot be seen (SMS)."""
    open_rate: float | None
    clicks: int
    click_rate: float | None
    unsubscribes: int
    unsubscribe_rate: float | None
    cost_cents: float


class DayRow(Value):
    day: date
    delivered: int
    opens: int
    clicks: int
    treated_gmv_per_member_cents: float
    control_gmv_per_member_cents: float | None


class ExclusionRow(Value):
    channel: str
    reason: str
    label: Words
    count: int


class Anomaly(Value):
    """A rate outside what this house's other campaigns on the same channel show."""

    metric: str
    channel: str
    value: float
    usual_low: float
    usual_high: float
    peers: int
    n: int
    words: Words


class NextStep(Value):
    id: str
    words: Words
    evidence: tuple[Words, ...]
    """The numbers of this review that the step rests on."""


class BalanceRow(Value):
    """How far recipients and comparison differ before the campaign, per member; standardised difference in sd."""

    covariate: Words
    unit: Unit
    treated_mean: float
    control_mean: float
    control_mean_matched: float | None
    treated_mean_matched: float | None
    standardised_difference: float | None
    standardised_difference_matched: float | None


class EstimateRow(Value):
    """One way to adjust the comparison, in minor units per member over the campaign's days."""

    id: str
    label: Words
    value_cents: float
    low_cents: float
    high_cents: float
    n_treated: int
    n_control: int


class Period(Value):
    """Whole local days, both ends included; the wanted length and what the data covers."""

    id: Literal["before", "during", "after"]
    from_on: date | None
    to_on: date | None
    days: int
    wanted_days: int
    recipients_cents: int
    recipients_per_member_cents: float | None
    others_per_member_cents: float | None


class ObservationalEvidence(Value):
    recipients: int
    others: int
    matched_recipients: int
    matched_others: int
    periods: tuple[Period, ...]
    balance: tuple[BalanceRow, ...]
    estimates: tuple[EstimateRow, ...]
    methods_agree: bool
    """Every adjustment has one sign and excludes zero, and the placebo does not; even then only an association."""
    conclusion: Words


class CampaignReview(Value):
    campaign_id: int
    campaign: str
    goal: str
    channels_used: tuple[str, ...]
    tiers: tuple[str, ...]
    """Tiers that the audience names, for the scope of lessons; empty when it names none."""
    kind: ReviewKind
    review_id: int | None = None
    version: int = 0
    """0 until stored; counts up each time the facts changed."""
    as_of: datetime
    currency: str
    zone_name: str
    window: ReviewWindow | None
    """None when the campaign was never launched."""
    headline: Headline
    primary_metric: str
    metrics: tuple[MetricValue, ...] = ()
    arms: tuple[ArmRow, ...] = ()
    sample_ratio: SampleRatio | None = None
    """None where no share was planned, and in reviews of earlier versions."""
    channels: tuple[ChannelRow, ...] = ()
    timeseries: tuple[DayRow, ...] = ()
    exclusions: tuple[ExclusionRow, ...] = ()
    anomalies: tuple[Anomaly, ...] = ()
    observational: ObservationalEvidence | None = None
    notes: tuple[Words, ...] = ()
    """Limits: what the data is, what is missing, what must not be concluded."""
    next_steps: tuple[NextStep, ...] = ()

    def metric(self, metric_id: str) -> MetricValue | None:
        return next((metric for metric in self.metrics if metric.id == metric_id), None)
