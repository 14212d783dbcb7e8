"""The blocks of a launched campaign's review, from its facts. Pure."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, timedelta
from math import isfinite

from crm.channels import Channel
from crm.clock import local_day
from crm.experiments.effects import Effect, Verdict, wilson_interval
from crm.outreach.models import Arm, MessageEventKind
from crm.reports.blocks import (
    ArmRow,
    ChannelRow,
    DayRow,
    ExclusionRow,
    MetricValue,
    MetricVerdict,
    ReviewWindow,
    Unit,
)
from crm.reports.metrics import METRICS, PRIMARY_METRIC, rate, return_on_investment
from crm.reports.queries import ArmTotals, ChannelCounts
from crm.reports.review_data import Comparison, LaunchedFacts
from crm.reports.words import Words, money_words, points_words, reason_words, share_words, signed_money_words

NEGLIGIBLE_COST_CENTS = 1.0
"""Cost per treated member below which a return on it is only a large number: a few e-mails cost next to nothing."""

NO_HOLDOUT_WORDS = Words(en="No random holdout: an effect cannot be claimed.", zh="没有随机对照组：无法断言任何效果。")


def window_block(facts: LaunchedFacts) -> ReviewWindow:
    span = facts.span
    starts_on = local_day(span.starts_at, facts.zone)
    ends_on = local_day(span.ends_at - timedelta(seconds=1), facts.zone)
    days = round((span.ends_at - span.starts_at) / timedelta(days=1))
    day = min(days, (span.now - span.starts_at) // timedelta(days=1) + 1)
    if span.is_complete:
        words = Words(en=f"window of {days} days closed", zh=f"{days} 天窗口已关闭")
    else:
        words = Words(en=f"window still open: day {day} of {days}", zh=f"窗口仍未关闭：第 {day} 天，共 {days} 天")
    return ReviewWindow(
        starts_at=span.starts_at,
        ends_at=span.ends_at,
        starts_on=starts_on,
        ends_on=ends_on,
        days=days,
        is_complete=span.is_complete,
        words=words,
    )


def effect_verdict(facts: LaunchedFacts, comparison: Comparison, effect: Effect) -> MetricVerdict:
    """Nothing is concluded while the window is open, because looking every day would find effects by chance, nor
    when the arms differed before launch."""
    if effect.verdict is Verdict.TOO_FEW:
        return MetricVerdict.TOO_FEW
    if not facts.span.is_complete or comparison.differed_before or not facts.fits_plan:
        return MetricVerdict.CANNOT_TELL
    return MetricVerdict(effect.verdict.value)


def metric_values(facts: LaunchedFacts, comparison: Comparison | None) -> tuple[MetricValue, ...]:
    return (*_effects(facts, comparison), *_outcomes(facts), *_rates(facts))


def _effects(facts: LaunchedFacts, comparison: Comparison | None) -> tuple[MetricValue, ...]:
    if comparison is None:
        missing = (PRIMARY_METRIC, "incremental_gmv_total", "retention_lift", "roi")
        return tuple(_without_holdout(facts, metric_id) for metric_id in missing)
    spend, members = comparison.spend, facts.treated_members
    verdict = effect_verdict(facts, comparison, spend)
    return (
        _effect(facts, PRIMARY_METRIC, spend, verdict, (spend.value, spend.low, spend.high)),
        _effect(
            facts,
            "incremental_gmv_total",
            spend,
            verdict,
            (spend.value * members, spend.low * members, spend.high * members),
        ),
        _effect(
            facts,
            "retention_lift",
            comparison.retention,
            effect_verdict(facts, comparison, comparison.retention),
            (comparison.retention.value, comparison.retention.low, comparison.retention.high),
        ),
        _roi(facts, spend, verdict),
    )


def _effect(
    facts: LaunchedFacts, metric_id: str, effect: Effect, verdict: MetricVerdict, figures: tuple[float, float, float]
) -> MetricValue:
    """`figures` = (best estimate, low, high); with too few members only the interval is given."""
    definition = METRICS[metric_id]
    estimate, low, high = figures
    finite = isfinite(low) and isfinite(high)
    value = None if verdict is MetricVerdict.TOO_FEW or not finite else estimate
    return MetricValue(
        id=metric_id,
        label=definition.label,
        value=value,
        unit=definition.unit,
        low=low if finite else None,
        high=high if finite else None,
        verdict=verdict,
        n_treated=effect.n_treated,
        n_control=effect.n_control,
        definition=definition.words,
        words=effect_words(definition.unit, value, low, high, facts.currency),
    )


def effect_words(unit: Unit, value: float | None, low: float, high: float, currency: str) -> Words:
    """The interval first, the best estimate after it."""
    if not (isfinite(low) and isfinite(high)):
        return Words(en="no interval: fewer than two members in an arm", zh="无区间：某组少于两名会员")
    span = " – ".join(difference_words(unit, end, currency) for end in (low, high))
    if value is None:
        return Words(en=f"{span} (95% interval; too few to judge)", zh=f"{span}（95% 区间；样本太少，不作判断）")
    best = difference_words(unit, value, currency)
    return Words(en=f"{span} (95% interval), best estimate {best}", zh=f"{span}（95% 区间），最佳估计 {best}")


def difference_words(unit: Unit, value: float, currency: str) -> str:
    if unit is Unit.SHARE_DIFFERENCE:
        return points_words(value)
    if unit is Unit.RATIO:
        return f"{value:+,.0f}x" if abs(value) >= 100 else f"{value:+.2f}x"
    return signed_money_words(value, currency)


def _roi(facts: LaunchedFacts, spend: Effect, verdict: MetricVerdict) -> MetricValue:
    if facts.cost_cents < NEGLIGIBLE_COST_CENTS * facts.treated_members:
        cost = money_words(facts.cost_cents, facts.currency)
        words = Words(en=f"cost of {cost}: too small for a ratio to mean anything", zh=f"成本仅 {cost}：比率没有意义")
        return missing_metric("roi", MetricVerdict.DESCRIPTIVE, words)
    figures = [
        return_on_investment(end * facts.treated_members, facts.cost_cents, facts.gross_margin_percent)
        for end in (spend.value, spend.low, spend.high)
    ]
    estimate, low, high = figures
    if estimate is None or low is None or high is None:
        nothing_spent = Words(en="nothing was spent", zh="没有产生成本")
        return missing_metric("roi", MetricVerdict.DESCRIPTIVE, nothing_spent)
    metric = _effect(facts, "roi", spend, verdict, (estimate, low, high))
    margin = facts.gross_margin_percent
    words = Words(en=f"{metric.words.en}, at {margin}% gross margin", zh=f"{metric.words.zh}，毛利率按 {margin}%")
    return metric.model_copy(update={"words": words})


def _without_holdout(facts: LaunchedFacts, metric_id: str) -> MetricValue:
    metric = missing_metric(metric_id, MetricVerdict.NO_HOLDOUT, NO_HOLDOUT_WORDS)
    return metric.model_copy(update={"n_treated": facts.treated_members, "n_control": 0})


def missing_metric(metric_id: str, verdict: MetricVerdict, words: Words) -> MetricValue:
    definition = METRICS[metric_id]
    return MetricValue(
        id=metric_id,
        label=definition.label,
        value=None,
        unit=definition.unit,
        low=None,
        high=None,
        verdict=verdict,
        n_treated=None,
        n_control=None,
        definition=definition.words,
        words=words,
    )


def _outcomes(facts: LaunchedFacts) -> tuple[MetricValue, ...]:
    treated = facts.treated
    return (
        money_metric("gmv", treated.sums.y if treated else 0, facts.treated_members, facts.currency),
        share_metric("retention_rate", treated.ordering_members if treated else 0, facts.treated_members),
        share_metric("conversion_rate", facts.reached.converted, facts.reached.people),
        share_metric("redemption_rate", facts.redeemed.members, facts.redeemed.issued_members),
        money_metric("cost", facts.cost_cents, facts.treated_members, facts.currency),
        money_metric("last_touch_gmv", facts.reached.amount_cents, facts.reached.people, facts.currency),
    )


def _rates(facts: LaunchedFacts) -> tuple[MetricValue, ...]:
    counts = facts.channels.values()
    delivered = sum(row.delivered for row in counts)
    openable = {channel: row for channel, row in facts.channels.items() if channel is not Channel.SMS}
    return (
        share_metric("coverage", facts.reached.people, facts.treated_members),
        share_metric("delivery_rate", delivered, sum(row.ended for row in counts)),
        share_metric(
            "open_rate",
            sum(row.event(MessageEventKind.OPENED) for row in openable.values()),
            sum(row.delivered for row in openable.values()),
        ),
        share_metric("click_rate", sum(row.event(MessageEventKind.CLICKED) for row in counts), delivered),
        share_metric("unsubscribe_rate", sum(row.event(MessageEventKind.UNSUBSCRIBED) for row in counts), delivered),
    )


def share_metric(metric_id: str, hits: int, n: int) -> MetricValue:
    """A plain rate with its Wilson interval; it claims no effect."""
    if n == 0:
        return missing_metric(
            metric_id, MetricVerdict.DESCRIPTIVE, Words(en="nothing to measure", zh="没有可衡量的数据")
        )
    low, high = wilson_interval(hits, n)
    definition = METRICS[metric_id]
    return MetricValue(
        id=metric_id,
        label=definition.label,
        value=hits / n,
        unit=definition.unit,
        low=low,
        high=high,
        verdict=MetricVerdict.DESCRIPTIVE,
        n_treated=n,
        n_control=None,
        definition=definition.words,
        words=Words(
            en=f"{share_words(hits / n)} ({hits:,} of {n:,})", zh=f"{share_words(hits / n)}（{n:,} 中的 {hits:,}）"
        ),
    )


def money_metric(metric_id: str, cents: float, n: int, currency: str) -> MetricValue:
    written = money_words(cents, currency)
    return _plain(metric_id, cents, n, Words(en=written, zh=written))


def count_metric(metric_id: str, count: int, n: int) -> MetricValue:
    return _plain(metric_id, count, n, Words(en=f"{count:,}", zh=f"{count:,}"))


def _plain(metric_id: str, value: float, n: int, words: Words) -> MetricValue:
    metric = missing_metric(metric_id, MetricVerdict.DESCRIPTIVE, words)
    return metric.model_copy(update={"value": value, "n_treated": n})


def arm_rows(facts: LaunchedFacts) -> tuple[ArmRow, ...]:
    rows = ((Arm.TREATMENT, facts.treated), (Arm.HOLDOUT, facts.control))
    return tuple(_arm_row(arm, totals) for arm, totals in rows if totals is not None)


def _arm_row(arm: Arm, totals: ArmTotals) -> ArmRow:
    sums = totals.sums
    return ArmRow(
        arm="treatment" if arm is Arm.TREATMENT else "holdout",
        members=sums.n,
        ordering_members=totals.ordering_members,
        retention_rate=rate(totals.ordering_members, sums.n),
        gmv_cents=round(sums.y),
        gmv_per_member_cents=sums.mean_y,
        gmv_before_per_member_cents=sums.mean_x,
    )


def channel_rows(facts: LaunchedFacts) -> tuple[ChannelRow, ...]:
    return tuple(_channel_row(facts, channel, counts) for channel, counts in sorted(facts.channels.items()))


def _channel_row(facts: LaunchedFacts, channel: Channel, counts: ChannelCounts) -> ChannelRow:
    opens = None if channel is Channel.SMS else counts.event(MessageEventKind.OPENED)
    clicks, unsubscribes = counts.event(MessageEventKind.CLICKED), counts.event(MessageEventKind.UNSUBSCRIBED)
    return ChannelRow(
        channel=channel.value,
        planned=counts.planned,
        delivered=counts.delivered,
        failed=counts.failed,
        unknown=counts.unknown,
        excluded=counts.excluded,
        pending=counts.pending,
        coverage=rate(facts.reached_by_channel.get(channel, 0), facts.treated_members),
        delivery_rate=rate(counts.delivered, counts.ended),
        opens=opens,
        open_rate=None if opens is None else rate(opens, counts.delivered),
        clicks=clicks,
        click_rate=rate(clicks, counts.delivered),
        unsubscribes=unsubscribes,
        unsubscribe_rate=rate(unsubscribes, counts.delivered),
        cost_cents=facts.channel_cost_cents(channel),
    )


def day_rows(facts: LaunchedFacts) -> tuple[DayRow, ...]:
    """Every local day from launch to the close of the window or now, quiet days included."""
    amounts: Mapping[date, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for quarter in facts.quarters:
        amounts[local_day(quarter.starts_at, facts.zone)][quarter.kind] += quarter.amount
    first = local_day(facts.span.starts_at, facts.zone)
    last = local_day(max(facts.span.starts_at, facts.span.until - timedelta(seconds=1)), facts.zone)
    days = (first + timedelta(days=offset) for offset in range((last - first).days + 1))
    held_out = facts.control.sums.n if facts.control else 0
    return tuple(
        DayRow(
            day=day,
            delivered=amounts[day]["delivered"],
            opens=amounts[day][MessageEventKind.OPENED.value],
            clicks=amounts[day][MessageEventKind.CLICKED.value],
            treated_gmv_per_member_cents=amounts[day][Arm.TREATMENT.value] / max(1, facts.treated_members),
            control_gmv_per_member_cents=amounts[day][Arm.HOLDOUT.value] / held_out if held_out else None,
        )
        for day in days
    )


def exclusion_rows(facts: LaunchedFacts) -> tuple[ExclusionRow, ...]:
    return tuple(
        ExclusionRow(channel=row.channel, reason=row.reason, label=reason_words(row.reason), count=row.count)
        for row in sorted(facts.exclusions, key=lambda row: -row.count)
    )
