"""Headline and limits of a launched campaign's review, in words. Pure."""

from datetime import timedelta

from crm.clock import local_day
from crm.experiments.effects import MIN_ARM, Effect
from crm.reports.blocks import Headline, MetricVerdict, ReviewWindow, Unit
from crm.reports.experiment_review import NO_HOLDOUT_WORDS, difference_words, effect_verdict, effect_words
from crm.reports.review_data import Comparison, LaunchedFacts
from crm.reports.words import Words, money_words, share_words

STALE_AFTER = timedelta(days=2)
"""Orders that end this long before the window's end (or now) are taken as not yet complete."""


def headline(facts: LaunchedFacts, comparison: Comparison | None, window: ReviewWindow) -> Headline:
    if facts.reached.people == 0:
        return _nothing_delivered(facts)
    if not facts.fits_plan:
        return Headline(verdict=MetricVerdict.CANNOT_TELL, words=_sample_ratio(facts))
    if comparison is None:
        return Headline(verdict=MetricVerdict.NO_HOLDOUT, words=NO_HOLDOUT_WORDS)
    verdict = effect_verdict(facts, comparison, comparison.spend)
    if verdict is MetricVerdict.TOO_FEW:
        return Headline(verdict=verdict, words=_too_few(comparison.spend))
    if comparison.differed_before:
        return Headline(verdict=verdict, words=_arms_differed(facts))
    if not window.is_complete:
        return Headline(verdict=verdict, words=_too_early(facts, comparison.spend, window))
    words = _effect if verdict is MetricVerdict.EFFECT else _cannot_tell
    return Headline(verdict=verdict, words=words(facts, comparison))


def _nothing_delivered(facts: LaunchedFacts) -> Headline:
    planned = sum(row.planned for row in facts.channels.values())
    waiting = sum(row.pending for row in facts.channels.values())
    return Headline(
        verdict=MetricVerdict.CANNOT_TELL,
        words=Words(
            en=f"No message was delivered ({planned:,} planned, {waiting:,} still waiting):"
            " there is no effect to judge.",
            zh=f"没有消息送达（计划 {planned:,} 条，仍有 {waiting:,} 条等待）：没有可判断的效果。",
        ),
    )


def _sample_ratio(facts: LaunchedFacts) -> Words:
    ratio = facts.sample_ratio
    assert ratio is not None  # noqa: S101 - asked only where it does not fit
    planned, everybody = share_words(ratio.planned_share), ratio.treated + ratio.held_out
    found = share_words(ratio.held_out / everybody)
    return Words(
        en=f"Cannot tell: {planned} were to be held out, but of {everybody:,} people {ratio.held_out:,} are ({found})."
        " Chance strays this far less than once in a thousand campaigns, so people were lost or added on one side."
        " Find out where before comparing.",
        zh=f"无法判断：计划保留 {planned} 作为对照组，实际 {everybody:,} 人中为 {ratio.held_out:,} 人（{found}）。"
        "随机波动达到此程度的概率不足千分之一，说明某一组人数有缺失或增加。请先查明原因再作比较。",
    )


def _too_few(spend: Effect) -> Words:
    smaller = min(spend.n_treated, spend.n_control)
    return Words(
        en=f"Too few to judge: {smaller:,} members in the smaller arm, at least {MIN_ARM} are needed.",
        zh=f"样本太少，无法判断：较小一组只有 {smaller:,} 名会员，至少需要 {MIN_ARM} 名。",
    )


def _arms_differed(facts: LaunchedFacts) -> Words:
    before = [
        money_words(totals.sums.mean_x, facts.currency)
        for totals in (facts.treated, facts.control)
        if totals is not None
    ]
    return Words(
        en=f"Cannot tell: the arms already differed before launch by more than chance ({' and '.join(before)} per"
        " member in 90 days). Check how members were assigned.",
        zh=f"无法判断：两组在启动前的差异已超出随机范围（90 天人均 {' 与 '.join(before)}）。请检查分组方式。",
    )


def _too_early(facts: LaunchedFacts, spend: Effect, window: ReviewWindow) -> Words:
    interim = _spend_words(facts, spend)
    return Words(
        en=f"Too early to tell: {window.words.en}. Spend per member so far, against the holdout: {interim.en}.",
        zh=f"为时尚早：{window.words.zh}。目前相对对照组的人均消费：{interim.zh}。",
    )


def _effect(facts: LaunchedFacts, comparison: Comparison) -> Words:
    interim = _spend_words(facts, comparison.spend)
    raised = comparison.spend.value > 0
    verb_en, verb_zh = ("raised", "提高了") if raised else ("lowered", "降低了")
    return Words(
        en=f"The campaign {verb_en} spend per member against a random holdout: {interim.en}.",
        zh=f"相对随机对照组，活动{verb_zh}人均消费：{interim.zh}。",
    )


def _cannot_tell(facts: LaunchedFacts, comparison: Comparison) -> Words:
    interim = _spend_words(facts, comparison.spend)
    detectable_en, detectable_zh = _detectable(facts, comparison)
    return Words(
        en=f"The data cannot tell whether the campaign changed spend. Difference per member: {interim.en}."
        f"{detectable_en}",
        zh=f"数据无法判断活动是否改变了消费。人均差异：{interim.zh}。{detectable_zh}",
    )


def _detectable(facts: LaunchedFacts, comparison: Comparison) -> tuple[str, str]:
    smallest, needed = comparison.spend.smallest_detectable, comparison.audience_needed
    if not smallest or needed is None:
        return "", ""
    amount = money_words(smallest, facts.currency)
    return (
        f" A campaign of this size finds differences from {amount} on; a 10% lift needs about {needed:,} members.",
        f"此规模只能发现 {amount} 以上的差异；发现 10% 的提升约需 {needed:,} 名会员。",
    )


def _spend_words(facts: LaunchedFacts, spend: Effect) -> Words:
    return effect_words(Unit.MONEY_CENTS, spend.value, spend.low, spend.high, facts.currency)


def limits(facts: LaunchedFacts, comparison: Comparison | None, window: ReviewWindow) -> tuple[Words, ...]:
    """What the data is, what is missing, and what must not be concluded from it."""
    found = [
        _simulated(facts),
        _missing_orders(facts, window),
        _open_window(window),
        _undecided_messages(facts),
        _uncosted_points(facts),
        _waiver(facts, comparison),
        _one_primary_metric(comparison),
    ]
    return tuple(words for words in found if words is not None)


def _simulated(facts: LaunchedFacts) -> Words | None:
    orders = sum(totals.simulated_orders for totals in facts.arms.values())
    if orders == 0:
        return None
    return Words(
        en=f"Demonstration data: {orders:,} orders in this window come from a simulated response model.",
        zh=f"演示数据：窗口内有 {orders:,} 笔订单来自模拟的响应模型。",
    )


def _missing_orders(facts: LaunchedFacts, window: ReviewWindow) -> Words | None:
    known_until, until = facts.orders_known_until, facts.span.until
    if known_until is not None and until - known_until < STALE_AFTER:
        return None
    if known_until is None:
        return Words(en="There are no orders in the data at all.", zh="数据中没有任何订单。")
    day = local_day(known_until, facts.zone)
    return Words(
        en=f"Orders are known up to {day} only, the window runs to {window.ends_on}:"
        " the review is recalculated into a new version when the missing ones arrive.",
        zh=f"订单数据只到 {day}，窗口至 {window.ends_on}：缺失数据到达后将重算为新版本。",
    )


def _open_window(window: ReviewWindow) -> Words | None:
    if window.is_complete:
        return None
    return Words(
        en="Interim figures: no effect is claimed before the window closes, because looking every day finds"
        " effects by chance.",
        zh="中期数据：窗口关闭前不作效果结论，因为每天查看会偶然“发现”效果。",
    )


def _undecided_messages(facts: LaunchedFacts) -> Words | None:
    unknown = sum(row.unknown for row in facts.channels.values())
    if unknown == 0:
        return None
    return Words(
        en=f"{unknown:,} messages have an unknown outcome and count as not delivered.",
        zh=f"{unknown:,} 条消息结果未知，按未送达计。",
    )


def _uncosted_points(facts: LaunchedFacts) -> Words | None:
    if not facts.promises_points:
        return None
    return Words(
        en="The cost does not include the points given: their value is not in the data.",
        zh="成本不含赠送的积分：数据中没有积分价值。",
    )


def _waiver(facts: LaunchedFacts, comparison: Comparison | None) -> Words | None:
    if comparison is not None:
        return None
    reason = facts.holdout_waiver
    if not reason:
        return NO_HOLDOUT_WORDS
    return Words(
        en=f"{NO_HOLDOUT_WORDS.en} The holdout was waived: {reason}",
        zh=f"{NO_HOLDOUT_WORDS.zh}放弃对照组的原因：{reason}",
    )


def _one_primary_metric(comparison: Comparison | None) -> Words | None:
    if comparison is None:
        return None
    size = difference_words(Unit.SHARE_DIFFERENCE, comparison.retention.smallest_detectable or 0, "")
    return Words(
        en="Arms are compared over everybody enrolled, reached or not. Incremental GMV per member was the one metric"
        f" fixed in advance; retention (differences from {size} can be found) is secondary.",
        zh="两组比较覆盖全部参与会员，不论是否触达。预先确定的唯一主指标是人均增量 GMV；"
        f"留存（可发现 {size} 以上的差异）为次要指标。",
    )
