"""The evidence of an imported campaign: how alike the compared members are, and what the estimates say."""

from api.ui import formats
from api.ui.components.charts import interval_chart
from api.ui.components.tables import grid_table
from api.ui.theme import block, figure, panel
from crm.reports.blocks import CampaignReview, ObservationalEvidence

_PERIODS = {"before": "Before", "during": "During", "after": "After"}


def observational_panels(review: CampaignReview, evidence: ObservationalEvidence) -> None:
    with panel("Compared with other members", evidence.conclusion.en):
        with block("figures"):
            figure("Recipients", formats.count(evidence.recipients))
            figure("Others", formats.count(evidence.others))
            figure("Matched recipients", formats.count(evidence.matched_recipients))
            figure("Matched others", formats.count(evidence.matched_others))
        _estimates(review, evidence)
    with panel(
        "Before, during and after", "Sales per member and day span; days that the data does not cover are left out."
    ):
        _periods(review, evidence)
    if evidence.balance:
        with panel("How alike both groups were", "Standardised difference in standard deviations; below 0.1 is close."):
            _balance(review, evidence)


def _estimates(review: CampaignReview, evidence: ObservationalEvidence) -> None:
    rows = evidence.estimates
    if not rows:
        return
    interval_chart(
        [row.label.en for row in rows],
        [round(row.low_cents / 100, 2) for row in rows],
        [round(row.value_cents / 100, 2) for row in rows],
        [round(row.high_cents / 100, 2) for row in rows],
        name="Difference per member with 95% intervals",
    )
    cells = [
        (
            row.label.en,
            formats.money(row.value_cents, review.currency),
            f"{formats.money(row.low_cents, review.currency)} to {formats.money(row.high_cents, review.currency)}",
            f"{row.n_treated:,} / {row.n_control:,}",
        )
        for row in rows
    ]
    grid_table(("Adjustment", "Difference per member", "95% interval", "Members compared"), cells, numeric=(1, 2, 3))


def _periods(review: CampaignReview, evidence: ObservationalEvidence) -> None:
    cells = [
        (
            _PERIODS[period.id],
            f"{formats.day(period.from_on)} to {formats.day(period.to_on)}" if period.from_on else formats.MISSING,
            f"{period.days} of {period.wanted_days}",
            formats.money(period.recipients_per_member_cents, review.currency),
            formats.money(period.others_per_member_cents, review.currency),
        )
        for period in evidence.periods
    ]
    grid_table(("Period", "Days", "Covered", "Recipients, per member", "Others, per member"), cells, numeric=(2, 3, 4))


def _balance(review: CampaignReview, evidence: ObservationalEvidence) -> None:
    cells = [
        (
            row.covariate.en,
            formats.measure(row.treated_mean, row.unit, review.currency),
            formats.measure(row.control_mean, row.unit, review.currency),
            _difference(row.standardised_difference),
            _difference(row.standardised_difference_matched),
        )
        for row in evidence.balance
    ]
    grid_table(
        ("Before the campaign", "Recipients", "Others", "Difference", "After matching"), cells, numeric=(1, 2, 3, 4)
    )


def _difference(value: float | None) -> str:
    return formats.MISSING if value is None else f"{value:+.2f}"
