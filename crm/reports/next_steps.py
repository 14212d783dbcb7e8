"""What to do next, each step resting on numbers of the same review. Pure."""

from collections.abc import Iterable, Iterator

from crm.experiments.effects import MIN_ARM, Verdict, rate_effect
from crm.reports.blocks import Anomaly, CampaignReview, ChannelRow, MetricVerdict, NextStep, ReviewWindow
from crm.reports.review_data import Comparison
from crm.reports.words import Words, channel_words, points_words, reason_words, share_words

MIN_MESSAGES = 100
"""Messages on a channel from which its rates are compared or complained about."""
WEAK_REACH = 0.15
"""Share of a channel's messages that consent or missing addresses held back, from which reach is worth working on."""
GOOD_DELIVERY = 0.95
DEFAULT_HOLDOUT_SHARE = 0.10
LARGEST_HOLDOUT_SHARE = 0.50


def next_steps(review: CampaignReview, comparison: Comparison | None) -> tuple[NextStep, ...]:
    """Steps for a launched campaign whose other blocks are written; most decisive first."""
    steps = [
        *_about_the_effect(review, comparison),
        *_about_reach(review),
        *_about_channels(review.channels),
        *_about_delivery(review.channels),
        *_about_stock_and_rhythm(review),
        *(_about_opt_outs(anomaly) for anomaly in review.anomalies if _is_rise_of_opt_outs(anomaly)),
    ]
    return tuple(steps)


def _about_the_effect(review: CampaignReview, comparison: Comparison | None) -> Iterator[NextStep]:
    verdict = review.headline.verdict
    if review.window is not None and not review.window.is_complete:
        yield _wait(review.window)
    elif comparison is None:
        yield _hold_out(review)
    elif verdict is MetricVerdict.TOO_FEW:
        yield _hold_out_more(comparison)
    elif comparison.differed_before:
        yield _check_assignment(review)
    elif verdict is MetricVerdict.EFFECT:
        yield _repeat_or_stop(review, comparison)
    elif comparison.audience_needed is not None and comparison.spend.verdict is Verdict.CANNOT_TELL:
        yield _enlarge(review, comparison.audience_needed)


def _quote(review: CampaignReview, *metric_ids: str) -> tuple[Words, ...]:
    metrics = (review.metric(metric_id) for metric_id in metric_ids)
    return tuple(
        Words(en=f"{metric.label.en}: {metric.words.en}", zh=f"{metric.label.zh}：{metric.words.zh}")
        for metric in metrics
        if metric is not None
    )


def _wait(window: ReviewWindow) -> NextStep:
    return NextStep(
        id="wait_for_window",
        words=Words(
            en=f"Wait for the window to close on {window.ends_on} before judging.",
            zh=f"等窗口于 {window.ends_on} 关闭后再判断。",
        ),
        evidence=(window.words,),
    )


def _hold_out(review: CampaignReview) -> NextStep:
    share = share_words(DEFAULT_HOLDOUT_SHARE)
    return NextStep(
        id="add_holdout",
        words=Words(
            en=f"Hold out {share} at random next time, so that the effect can be known.",
            zh=f"下次随机留出 {share} 作对照，才能知道效果。",
        ),
        evidence=_quote(review, review.primary_metric),
    )


def _hold_out_more(comparison: Comparison) -> NextStep:
    total = comparison.spend.n_treated + comparison.spend.n_control
    share = MIN_ARM / total
    evidence = (
        Words(
            en=f"{comparison.spend.n_control:,} of {total:,} members were held out.",
            zh=f"{total:,} 名会员中留出 {comparison.spend.n_control:,} 名。",
        ),
    )
    if share <= LARGEST_HOLDOUT_SHARE:
        percent = share_words(max(share, DEFAULT_HOLDOUT_SHARE))
        words = Words(
            en=f"Hold out at least {percent} of an audience of this size, or repeat it and judge the runs together.",
            zh=f"此规模的人群至少留出 {percent}，或重复活动后合并判断。",
        )
    else:
        words = Words(
            en=f"Use an audience of at least {2 * MIN_ARM} members; this one is too small to learn from.",
            zh=f"使用至少 {2 * MIN_ARM} 名会员的人群；目前规模太小，无法得出结论。",
        )
    return NextStep(id="enlarge_holdout", words=words, evidence=evidence)


def _check_assignment(review: CampaignReview) -> NextStep:
    return NextStep(
        id="check_assignment",
        words=Words(
            en="Find out why the arms differed before launch before reading anything into this campaign.",
            zh="先查明两组在启动前为何不同，再解读本活动。",
        ),
        evidence=(review.headline.words,),
    )


def _repeat_or_stop(review: CampaignReview, comparison: Comparison) -> NextStep:
    evidence = _quote(review, review.primary_metric, "roi")
    if comparison.spend.value > 0:
        words = Words(
            en="Repeat it for this audience and keep a holdout, so that the effect is confirmed.",
            zh="对该人群重复此活动并保留对照组，以确认效果。",
        )
        return NextStep(id="repeat", words=words, evidence=evidence)
    words = Words(
        en="Do not repeat it: members who got it spent less than those held out.",
        zh="不要重复：收到活动的会员比对照组花得更少。",
    )
    return NextStep(id="stop", words=words, evidence=evidence)


def _enlarge(review: CampaignReview, needed: int) -> NextStep:
    return NextStep(
        id="enlarge_audience",
        words=Words(
            en=f"Repeat it for about {needed:,} members, or hold out more, before deciding on its worth:"
            " that finds a 10% lift four times in five.",
            zh=f"在约 {needed:,} 名会员上重复，或提高对照比例，再判断其价值：届时 10% 的提升有八成机会被发现。",
        ),
        evidence=_quote(review, review.primary_metric),
    )


def _about_reach(review: CampaignReview) -> Iterator[NextStep]:
    held_back = {
        row.channel: [e for e in review.exclusions if e.channel == row.channel and e.reason in _REACH_REASONS]
        for row in review.channels
    }
    for row in review.channels:
        reasons = held_back[row.channel]
        count = sum(reason.count for reason in reasons)
        if row.planned < MIN_MESSAGES or count < WEAK_REACH * row.planned:
            continue
        name = channel_words(row.channel)
        yield NextStep(
            id=f"strengthen_{row.channel}",
            words=Words(
                en=f"Strengthen {name.en} outreach: ask for consent and addresses where members use other channels.",
                zh=f"加强{name.zh}触达：在会员使用的其他渠道征求同意并补全联系方式。",
            ),
            evidence=(
                Words(
                    en=f"{count:,} of {row.planned:,} {name.en} messages could not be sent ("
                    + ", ".join(f"{reason.label.en}: {reason.count:,}" for reason in reasons)
                    + ").",
                    zh=f"{row.planned:,} 条{name.zh}中有 {count:,} 条无法发送（"
                    + "，".join(f"{reason.label.zh}：{reason.count:,}" for reason in reasons)
                    + "）。",
                ),
            ),
        )


_REACH_REASONS = ("no_consent", "unreachable")


def _about_channels(channels: Iterable[ChannelRow]) -> Iterator[NextStep]:
    """The best against the weakest channel by click rate, only where Newcombe's interval excludes zero."""
    ranked = sorted(
        (row for row in channels if row.delivered >= MIN_MESSAGES), key=lambda row: row.clicks / row.delivered
    )
    if len(ranked) < 2:
        return
    weak, strong = ranked[0], ranked[-1]
    gap = rate_effect(strong.clicks, strong.delivered, weak.clicks, weak.delivered)
    if gap.verdict is not Verdict.EFFECT:
        return
    best, worst = channel_words(strong.channel), channel_words(weak.channel)
    span = f"{points_words(gap.low)} – {points_words(gap.high)}"
    yield NextStep(
        id="test_channels",
        words=Words(
            en=f"Try {best.en} before {worst.en} next time, split at random: it was clicked more often here.",
            zh=f"下次随机拆分测试，优先{best.zh}而非{worst.zh}：其点击率更高。",
        ),
        evidence=(
            Words(
                en=f"Click rate {share_words(gap.treated)} on {best.en}, {share_words(gap.control)} on {worst.en};"
                f" difference {span} (95% interval). Members were not assigned to channels at random.",
                zh=f"点击率：{best.zh} {share_words(gap.treated)}，{worst.zh} {share_words(gap.control)}；"
                f"差异 {span}（95% 区间）。会员并非随机分配到渠道。",
            ),
        ),
    )


def _about_delivery(channels: Iterable[ChannelRow]) -> Iterator[NextStep]:
    for row in channels:
        ended = row.delivered + row.failed + row.unknown
        if ended < MIN_MESSAGES or row.delivered >= GOOD_DELIVERY * ended:
            continue
        name = channel_words(row.channel)
        yield NextStep(
            id=f"fix_delivery_{row.channel}",
            words=Words(
                en=f"Check {name.en} addresses and the provider's errors before the next sending.",
                zh=f"下次发送前检查{name.zh}地址与服务商错误。",
            ),
            evidence=(
                Words(
                    en=f"{row.failed:,} failed and {row.unknown:,} unknown of {ended:,} {name.en} messages.",
                    zh=f"{ended:,} 条{name.zh}中失败 {row.failed:,} 条、未知 {row.unknown:,} 条。",
                ),
            ),
        )


_REMEDIES = {
    "no_stock": Words(en="Stock more of the benefit before repeating the campaign.", zh="重复活动前补充权益库存。"),
    "frequency_cap": Words(
        en="Keep more days between campaigns that share members.", zh="拉开共享会员的活动之间的间隔。"
    ),
}


def _about_stock_and_rhythm(review: CampaignReview) -> Iterator[NextStep]:
    for reason, words in _REMEDIES.items():
        count = sum(row.count for row in review.exclusions if row.reason == reason)
        if count == 0:
            continue
        label = reason_words(reason)
        evidence = Words(en=f"{count:,} messages not sent: {label.en}.", zh=f"{count:,} 条消息未发送：{label.zh}。")
        yield NextStep(id=f"remedy_{reason}", words=words, evidence=(evidence,))


def _is_rise_of_opt_outs(anomaly: Anomaly) -> bool:
    return anomaly.metric == "unsubscribe_rate" and anomaly.value > anomaly.usual_high


def _about_opt_outs(anomaly: Anomaly) -> NextStep:
    name = channel_words(anomaly.channel)
    return NextStep(
        id=f"look_into_{anomaly.channel}_{anomaly.metric}",
        words=Words(
            en=f"Read the {name.en} copy and its frequency again: members leave faster than usual.",
            zh=f"重新检查{name.zh}文案与频次：退订快于往常。",
        ),
        evidence=(anomaly.words,),
    )
