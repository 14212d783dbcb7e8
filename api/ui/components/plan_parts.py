"""The parts of a campaign's brief and plan, shared by its page, its approval and its card in a conversation."""

from collections.abc import Sequence

from api.ui import formats
from api.ui.components.card import Local
from api.ui.components.charts import column_chart
from api.ui.components.tables import facts, grid_table
from api.ui.components.text_card import text_card
from api.ui.theme import block, chip, figure, icon, notice, text
from crm.campaigns.benefits import benefits_of
from crm.campaigns.brief import CampaignBrief, Step
from crm.campaigns.copywriting import complete_copy, offer_in_words
from crm.campaigns.plan import CampaignPlan
from crm.errors import InvalidRequest
from crm.journeys.exclusions import ExclusionCount
from crm.outreach.models import ExclusionReason
from crm.outreach.priority import Priority
from crm.outreach.sms import Encoding
from crm.outreach.template import render

_PLACEHOLDERS = {"name": "[name]", "tier": "[tier]", "unsubscribe": "[opt-out link]"}
"""What differs from member to member."""


def plan_figures(plan: CampaignPlan, local: Local) -> None:
    budget = {
        "within": f"within {local.money(plan.budget_cents)}",
        "over": f"over the budget of {local.money(plan.budget_cents)}",
        "no_budget": "to send the messages",
    }[plan.budget_verdict]
    with block("figures"):
        figure("Audience", formats.count(plan.audience_count), "members")
        figure("Messages", formats.count(plan.total_messages), "after every check")
        figure("Holdout", formats.count(plan.holdout_count), "people kept back to measure")
        figure("Cost", local.money(plan.cost_cents), budget)


def plan_warnings(plan: CampaignPlan) -> None:
    for warning in plan.warnings:
        notice(warning, "warn")


def messages_chart(plan: CampaignPlan) -> None:
    if not plan.messages_per_day:
        return
    days = sorted({row.day for row in plan.messages_per_day})
    channels = list(dict.fromkeys(row.channel for row in plan.messages_per_day))
    cells = {(row.day, row.channel): row.count for row in plan.messages_per_day}
    series = {formats.channel(name): [cells.get((day, name), 0) for day in days] for name in channels}
    with block("stack tight"):
        text("Messages per day", "small strong")
        column_chart(
            [formats.short_day(day) for day in days], series, name="Messages per day", stacked=True, height=180
        )


def exclusions_table(exclusions: Sequence[ExclusionCount]) -> None:
    """Messages that are not sent, one line a reason, in the order in which the gate asks."""
    if not exclusions:
        text("Nobody is left out.", "small muted")
        return
    channels = list(dict.fromkeys(row.channel for row in exclusions))
    cells = {(row.reason, row.channel): row.count for row in exclusions}
    known = [reason.value for reason in ExclusionReason]
    reasons = sorted({row.reason for row in exclusions}, key=known.index)
    rows = []
    for reason in reasons:
        counts = [cells.get((reason, channel), 0) for channel in channels]
        rows.append([formats.reason(reason), *(formats.count(number) for number in [*counts, sum(counts)])])
    headings = ["Left out because", *(formats.channel(name) for name in channels), "Messages"]
    grid_table(headings, rows, numeric=range(1, len(headings)))


def benefits_list(plan: CampaignPlan) -> None:
    """Coupons needed against stock; a shortage stands out."""
    for benefit in plan.benefits:
        with block("line flow tight"):
            icon("confirmation_number").style("color: var(--ink-3); font-size: 18px")
            text(benefit.name, "strong wrap")
            text(
                f"{formats.count(benefit.needed)} needed, {formats.count(benefit.stock_available)} in stock",
                "muted number",
            )
            if benefit.short:
                chip(f"{formats.count(benefit.short)} short", "bad", "warning_amber")
            else:
                chip("covered", "good", "check")


def text_lengths(plan: CampaignPlan, local: Local) -> None:
    """How many parts the text messages take."""
    for row in plan.sms_texts:
        fewest = f"{row.least_parts} to " if row.least_parts < row.most_parts else ""
        alphabet = "the GSM alphabet" if row.encoding is Encoding.GSM_7 else "UCS-2"
        with block("line tight small"):
            icon("sms").style("color: var(--ink-3); font-size: 18px")
            text(
                f"Text message, {formats.words(row.step)}, variant {row.variant}: "
                f"{fewest}{formats.plural(row.most_parts, 'part')} in {alphabet}, "
                f"{local.money(row.cost_by_part_cents)} if each part is charged",
                "wrap",
            )


def conflicts_list(plan: CampaignPlan) -> None:
    for conflict in plan.conflicts:
        where = "the journey " if conflict.kind == "journey" else ""
        with block("line tight small"):
            icon("call_split").style("color: var(--ink-3); font-size: 18px")
            text(f"{formats.plural(conflict.shared_members, 'member')} are also in {where}{conflict.campaign}", "wrap")


def brief_facts(brief: CampaignBrief, local: Local) -> None:
    pairs = [
        ("Goal", brief.goal or formats.MISSING),
        ("Channels", ", ".join(formats.channel(name) for name in brief.channels)),
        ("Offer", _offers(brief, local) or "None"),
        ("Start", f"{formats.day(brief.start)} {brief.start:%H:%M}" if brief.start else "As soon as it is approved"),
        ("Offer ends", formats.day(brief.end)),
        ("Rhythm", "; ".join(step_words(step) for step in brief.steps)),
        ("Holdout", _holdout(brief)),
        ("Attribution", f"{brief.attribution_window_days} days"),
    ]
    if brief.priority is not Priority.CAMPAIGN:
        pairs.append(("Priority", formats.words(brief.priority)))
    if brief.budget_cents is not None:
        pairs.append(("Budget", local.money(brief.budget_cents)))
    if brief.exclude_campaigns:
        pairs.append(("Left out", f"Whoever was in {', '.join(brief.exclude_campaigns)}"))
    facts(pairs)


def step_words(step: Step) -> str:
    when = "At the start" if step.offset_days == 0 else f"Day {step.offset_days}"
    at = f" at {step.at}" if step.at else ""
    channels = ", ".join(formats.channel(name) for name in step.channels or ())
    return f"{when}{at}{f' by {channels}' if channels else ''}"


def copy_preview(brief: CampaignBrief, local: Local) -> None:
    """What members will read: words with the offer filled in, and brackets for what differs by member."""
    benefits = benefits_of(brief, local.currency)
    values = _PLACEHOLDERS | {"offer": benefits.words, "code": ", ".join(benefits.coupon_codes)}
    copies = complete_copy(brief)
    has_variants = len({copy.variant for copy in copies}) > 1
    for copy in copies:
        try:
            subject = render(copy.subject, values, brief.language) if copy.subject else None
            body = render(copy.body, values, brief.language)
        except InvalidRequest as error:
            notice(f"This text cannot be sent: {error.message}", "bad")
            subject, body = copy.subject, copy.body
        text_card(
            copy.channel,
            subject,
            body,
            step=copy.step if len(brief.steps) > 1 else None,
            variant=copy.variant if has_variants else None,
        )


def _offers(brief: CampaignBrief, local: Local) -> str:
    words = []
    for offer in brief.offers:
        said = formats.capitalised(offer_in_words(offer, "en", local.currency))
        words.append(f"{said} (coupon {offer.coupon_code})" if offer.coupon_code else said)
    return "; ".join(words)


def _holdout(brief: CampaignBrief) -> str:
    share = f"{brief.holdout_pct:g}%"
    return f"{share}, waived: {brief.holdout_waiver}" if brief.holdout_waiver else share
