"""The blocks of an imported campaign's review: what happened, and why it proves nothing by itself. Pure."""

from datetime import date
from typing import Literal

import numpy as np

from crm.clock import day_end, day_start
from crm.reports.blocks import (
    BalanceRow,
    DayRow,
    EstimateRow,
    Headline,
    MetricValue,
    MetricVerdict,
    NextStep,
    ObservationalEvidence,
    Period,
    ReviewWindow,
    Unit,
)
from crm.reports.experiment_review import count_metric, missing_metric, money_metric, share_metric
from crm.reports.historical_data import Days, ImportedFacts
from crm.reports.matching import (
    Estimate,
    Floats,
    Matched,
    Panel,
    adjusted_estimates,
    agree,
    balance_of,
    match,
    placebo,
    unadjusted,
)
from crm.reports.metrics import METRICS
from crm.reports.words import Words, money_words, share_words, signed_money_words

OBSERVATIONAL_METRIC = "adjusted_difference"
MIN_BEFORE_DAYS = 14
"""Fewer days of history than two weeks miss whole shopping rhythms: then nothing is adjusted."""

NO_CAUSAL_NUMBER = Words(en="No causal number can be quoted.", zh="不能引用任何因果数字。")

SCALED = Words(
    en=" Spend before is scaled to the campaign's length where members are compared.",
    zh="比较时活动前消费按活动天数折算。",
)

ESTIMATE_LABELS = {
    "unadjusted": Words(en="Unadjusted difference", zh="未校正差异"),
    "placebo": Words(
        en="Placebo: two periods before the campaign, truth is zero", zh="安慰剂检验：活动前两个时期，真值为零"
    ),
    "did": Words(en="Difference in differences, all members", zh="双重差分（全部会员）"),
    "ancova": Words(
        en="Regression on spend and visits before, all members", zh="以活动前消费与到店回归校正（全部会员）"
    ),
    "did_matched": Words(en="Difference in differences, matched members", zh="双重差分（匹配会员）"),
    "ancova_matched": Words(
        en="Regression on spend and visits before, matched members", zh="以活动前消费与到店回归校正（匹配会员）"
    ),
}


def evidence_of(facts: ImportedFacts) -> ObservationalEvidence:
    panel = facts.panel()
    has_history = facts.periods.before.days >= MIN_BEFORE_DAYS and facts.periods.during.days > 0
    matched = match(panel) if has_history else Matched(panel.where(np.zeros(len(panel), bool)), np.array([]))
    estimates = adjusted_estimates(panel, matched) if has_history else ()
    earlier = facts.placebo_panel()
    tried = placebo(earlier) if earlier is not None else None
    raw = (unadjusted(panel),) if 0 < panel.recipients < len(panel) else ()
    shown = (*raw, *((tried,) if tried else ()), *estimates)
    return ObservationalEvidence(
        recipients=int(facts.spend.is_recipient.sum()),
        others=int((~facts.spend.is_recipient).sum()),
        matched_recipients=matched.panel.recipients,
        matched_others=len(matched.panel) - matched.panel.recipients,
        periods=_periods(facts),
        balance=_balance(panel, matched),
        estimates=tuple(_estimate_row(estimate) for estimate in shown),
        methods_agree=agree(estimates, tried),
        conclusion=_conclusion(facts, estimates, tried),
    )


def _conclusion(facts: ImportedFacts, estimates: tuple[Estimate, ...], tried: Estimate | None) -> Words:
    if not estimates:
        return Words(
            en="Observational: recipients were chosen, not randomised, and there is too little history or too few"
            f" comparable members to adjust for that. {NO_CAUSAL_NUMBER.en}",
            zh=f"观察性数据：收件会员是挑选而非随机的，且历史或可比会员太少，无法校正。{NO_CAUSAL_NUMBER.zh}",
        )
    low = signed_money_words(min(estimate.low for estimate in estimates), facts.currency)
    high = signed_money_words(max(estimate.high for estimate in estimates), facts.currency)
    if agree(estimates, tried):
        return Words(
            en="Observational: recipients were chosen, not randomised. Every adjustment points the same way, between"
            f" {low} and {high} per member: associated with the campaign, not shown to be caused by it.",
            zh="观察性数据：收件会员是挑选而非随机的。各种校正方向一致，"
            f"人均在 {low} 与 {high} 之间：仅为关联，未证明因果。",
        )
    if tried is not None and tried.excludes_zero:
        return Words(
            en="Observational: recipients were chosen, not randomised, and were moving apart from the others before the"
            f" campaign began (the placebo is not zero). {NO_CAUSAL_NUMBER.en}",
            zh="观察性数据：收件会员是挑选而非随机的，且在活动开始前已与其他会员走势不同（安慰剂检验不为零）。"
            f"{NO_CAUSAL_NUMBER.zh}",
        )
    return Words(
        en="Observational: recipients were chosen, not randomised. The adjustments do not agree on an effect (from"
        f" {low} to {high} per member, zero not excluded by all). {NO_CAUSAL_NUMBER.en}",
        zh=f"观察性数据：收件会员是挑选而非随机的。各种校正结论不一致（人均 {low} 至 {high}，并非都排除零）。"
        f"{NO_CAUSAL_NUMBER.zh}",
    )


def headline_of(evidence: ObservationalEvidence) -> Headline:
    return Headline(verdict=MetricVerdict.OBSERVATIONAL, words=evidence.conclusion)


def _estimate_row(estimate: Estimate) -> EstimateRow:
    return EstimateRow(
        id=estimate.id,
        label=ESTIMATE_LABELS[estimate.id],
        value_cents=estimate.value,
        low_cents=estimate.low,
        high_cents=estimate.high,
        n_treated=estimate.n_recipients,
        n_control=estimate.n_others,
    )


def _periods(facts: ImportedFacts) -> tuple[Period, ...]:
    spend, periods = facts.spend, facts.periods
    return (
        _period("before", periods.before, spend.before, facts),
        _period("during", periods.during, spend.during, facts),
        _period("after", periods.after, spend.after, facts),
    )


def _period(
    period_id: Literal["before", "during", "after"], days: Days, amounts: Floats, facts: ImportedFacts
) -> Period:
    recipients = amounts[facts.spend.is_recipient]
    others = amounts[~facts.spend.is_recipient]
    return Period(
        id=period_id,
        from_on=days.from_on if days.days else None,
        to_on=days.to_on if days.days else None,
        days=days.days,
        wanted_days=days.wanted_days,
        recipients_cents=round(float(recipients.sum())),
        recipients_per_member_cents=float(recipients.mean()) if len(recipients) else None,
        others_per_member_cents=float(others.mean()) if len(others) else None,
    )


def _balance(panel: Panel, matched: Matched) -> tuple[BalanceRow, ...]:
    if not 0 < panel.recipients < len(panel):
        return ()
    visits, spend = Words(en="Visit days before", zh="活动前到店天数"), Words(en="Spend before", zh="活动前消费")
    return (
        _balance_row(spend, Unit.MONEY_CENTS, panel, matched, (panel.spend_before, matched.panel.spend_before)),
        _balance_row(visits, Unit.COUNT, panel, matched, (panel.visit_days_before, matched.panel.visit_days_before)),
    )


def _balance_row(
    covariate: Words, unit: Unit, panel: Panel, matched: Matched, values: tuple[Floats, Floats]
) -> BalanceRow:
    """`values` = the covariate over everybody and over matched members."""
    everyone = balance_of(values[0], panel.is_recipient, np.ones(len(panel)))
    after = None
    if 0 < matched.panel.recipients < len(matched.panel):
        after = balance_of(values[1], matched.panel.is_recipient, matched.weights)
    return BalanceRow(
        covariate=covariate,
        unit=unit,
        treated_mean=everyone.recipients_mean,
        control_mean=everyone.others_mean,
        treated_mean_matched=after.recipients_mean if after else None,
        control_mean_matched=after.others_mean if after else None,
        standardised_difference=everyone.standardised_difference,
        standardised_difference_matched=after.standardised_difference if after else None,
    )


def window_of(facts: ImportedFacts, today: date) -> ReviewWindow:
    days = (facts.ends_on - facts.starts_on).days + 1
    is_complete = facts.ends_on < today
    state = Words(en="over", zh="已结束") if is_complete else Words(en="still running", zh="仍在进行")
    return ReviewWindow(
        starts_at=day_start(facts.starts_on, facts.zone),
        ends_at=day_end(facts.ends_on, facts.zone),
        starts_on=facts.starts_on,
        ends_on=facts.ends_on,
        days=days,
        is_complete=is_complete,
        words=Words(en=f"campaign of {days} days, {state.en}", zh=f"{days} 天的活动，{state.zh}"),
    )


def observed_metrics(facts: ImportedFacts, evidence: ObservationalEvidence) -> tuple[MetricValue, ...]:
    recipients, currency = evidence.recipients, facts.currency
    before, during, after = evidence.periods
    return (
        _adjusted_difference(facts, evidence),
        count_metric("reach", recipients, recipients),
        count_metric("redemptions", facts.redemptions, recipients),
        count_metric("redeemers", facts.redeemers, recipients),
        share_metric("redeemer_rate", facts.redeemers, recipients),
        *(_spend_metric(f"spend_{period.id}", period, recipients, currency) for period in (during, before, after)),
    )


def _spend_metric(metric_id: str, period: Period, recipients: int, currency: str) -> MetricValue:
    if period.days == 0:
        words = Words(en="no data for these days", zh="这些日期没有数据")
        return missing_metric(metric_id, MetricVerdict.DESCRIPTIVE, words)
    return money_metric(metric_id, period.recipients_cents, recipients, currency)


def _adjusted_difference(facts: ImportedFacts, evidence: ObservationalEvidence) -> MetricValue:
    """The interval of the matched difference in differences where all methods agree; never a point estimate."""
    definition = METRICS[OBSERVATIONAL_METRIC]
    row = None
    words = NO_CAUSAL_NUMBER
    if evidence.methods_agree:
        row = next(row for row in evidence.estimates if row.id == "did_matched")
        span = " – ".join(signed_money_words(end, facts.currency) for end in (row.low_cents, row.high_cents))
        words = Words(en=f"{span} (95% interval), association only", zh=f"{span}（95% 区间），仅为关联")
    return MetricValue(
        id=definition.id,
        label=definition.label,
        value=None,
        unit=definition.unit,
        low=row.low_cents if row else None,
        high=row.high_cents if row else None,
        verdict=MetricVerdict.OBSERVATIONAL,
        n_treated=row.n_treated if row else None,
        n_control=row.n_control if row else None,
        definition=definition.words,
        words=words,
    )


def observed_days(facts: ImportedFacts, evidence: ObservationalEvidence) -> tuple[DayRow, ...]:
    recipients, others = max(1, evidence.recipients), evidence.others
    return tuple(
        DayRow(
            day=day,
            delivered=0,
            opens=0,
            clicks=0,
            treated_gmv_per_member_cents=own / recipients,
            control_gmv_per_member_cents=rest / others if others else None,
        )
        for day, (own, rest) in sorted(facts.daily.items())
    )


def observed_limits(facts: ImportedFacts, evidence: ObservationalEvidence) -> tuple[Words, ...]:
    return (
        Words(
            en="Imported history: there was no random holdout and no message ledger, so neither an effect nor"
            " deliveries, opens, clicks or costs can be reported.",
            zh="导入的历史活动：没有随机对照组，也没有消息台账，因此无法报告效果、送达、打开、点击或成本。",
        ),
        *_clipped(facts),
        *_overlaps(facts, evidence),
        Words(
            en="Matching: strata of spend (10 quantiles) and visit days (5 quantiles) before the campaign, cut at the"
            " recipients' quantiles; others weighted to the recipients of their stratum.",
            zh="匹配方法：按活动前消费（10 分位）与到店天数（5 分位）分层，以收件会员分位切割；"
            "其余会员按所在层的收件会员加权。",
        ),
    )


def _clipped(facts: ImportedFacts) -> tuple[Words, ...]:
    names = {
        "before": Words(en="before", zh="活动前"),
        "during": Words(en="during", zh="活动期"),
        "after": Words(en="after", zh="活动后"),
    }
    periods = facts.periods
    clipped = {"before": periods.before, "during": periods.during, "after": periods.after}
    return tuple(
        Words(
            en=f"The period {names[key].en} covers {days.days} of {days.wanted_days} days: orders are known from"
            f" {facts.data_from_on} to {facts.data_to_on}." + (SCALED.en if key == "before" and days.days else ""),
            zh=f"{names[key].zh}只覆盖 {days.wanted_days} 天中的 {days.days} 天：订单数据自 {facts.data_from_on} 至"
            f" {facts.data_to_on}。" + (SCALED.zh if key == "before" and days.days else ""),
        )
        for key, days in clipped.items()
        if days.is_clipped
    )


def _overlaps(facts: ImportedFacts, evidence: ObservationalEvidence) -> tuple[Words, ...]:
    count, others = facts.others_in_overlapping, evidence.others
    if count == 0 or others == 0:
        return ()
    share = share_words(count / others)
    return (
        Words(
            en=f"{count:,} of the {others:,} members compared with ({share}) got another campaign on some of these"
            " days.",
            zh=f"作比较的 {others:,} 名会员中有 {count:,} 名（{share}）在此期间收到了其他活动。",
        ),
    )


def observed_steps(facts: ImportedFacts, evidence: ObservationalEvidence) -> tuple[NextStep, ...]:
    steps = [
        NextStep(
            id="add_holdout",
            words=Words(
                en="Hold out a random 10% of the next such campaign: only that can show what it causes.",
                zh="下次同类活动随机留出 10% 作对照：只有这样才能知道其效果。",
            ),
            evidence=(evidence.conclusion,),
        )
    ]
    if evidence.recipients and facts.redeemers < 0.5 * evidence.recipients:
        steps.append(_aim_at_redeemers(facts, evidence))
    return tuple(steps)


def _aim_at_redeemers(facts: ImportedFacts, evidence: ObservationalEvidence) -> NextStep:
    share = share_words(facts.redeemers / evidence.recipients)
    during = evidence.periods[1]
    spend = money_words(during.recipients_per_member_cents or 0, facts.currency)
    return NextStep(
        id="aim_at_redeemers",
        words=Words(
            en="Choose recipients by past redemptions and by products they buy: most did not use the coupons.",
            zh="按历史核销与所购商品挑选收件会员：多数人没有使用优惠券。",
        ),
        evidence=(
            Words(
                en=f"{facts.redeemers:,} of {evidence.recipients:,} recipients redeemed ({share});"
                f" spend per recipient during the campaign {spend}.",
                zh=f"{evidence.recipients:,} 名收件会员中 {facts.redeemers:,} 名核销（{share}）；"
                f"活动期人均消费 {spend}。",
            ),
        ),
    )
