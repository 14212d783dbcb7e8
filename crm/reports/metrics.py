"""One definition per number. Review, PDF, monitor and chat name a number by its id and quote its words from here."""

from collections.abc import Iterable
from dataclasses import dataclass
from types import MappingProxyType

from crm.reports.blocks import Unit
from crm.reports.words import Words

PRIMARY_METRIC = "incremental_gmv_per_member"
"""The one number that decides the headline, fixed before any campaign runs."""

COVARIATE_DAYS = 90
"""Spend in this many days before the launch sharpens the comparison: it narrows intervals by about 40%."""


@dataclass(frozen=True)
class MetricDefinition:
    id: str
    label: Words
    unit: Unit
    scope: Words
    """Over whom or what it is taken."""
    formula: Words

    @property
    def words(self) -> Words:
        return Words(en=f"{self.formula.en} Scope: {self.scope.en}.", zh=f"{self.formula.zh}范围：{self.scope.zh}。")


_TREATED = Words(en="members of the campaign who were not held out", zh="活动中未被留作对照的会员")
_BOTH_ARMS = Words(
    en="all members enrolled, by random arm, whether or not a message reached them",
    zh="全部参与会员，按随机分组，不论消息是否送达",
)
_DELIVERED = Words(en="delivered messages, machine activity left out", zh="已送达消息，剔除机器行为")
_RECIPIENTS = Words(en="members who received the imported campaign", zh="收到该导入活动的会员")


def _define(
    metric_id: str, unit: Unit, scope: Words, label: tuple[str, str], formula: tuple[str, str]
) -> MetricDefinition:
    return MetricDefinition(
        metric_id, Words(en=label[0], zh=label[1]), unit, scope, Words(en=formula[0], zh=formula[1])
    )


_DEFINITIONS: Iterable[MetricDefinition] = (
    _define(
        "coverage",
        Unit.SHARE,
        _TREATED,
        ("Coverage", "覆盖率"),
        ("Members with at least one delivered message / members.", "至少送达一条消息的会员数 / 会员数。"),
    ),
    _define(
        "delivery_rate",
        Unit.SHARE,
        Words(en="messages whose sending ended", zh="已结束发送的消息"),
        ("Delivery rate", "送达率"),
        ("Delivered / (delivered + failed + unknown).", "送达数 /（送达 + 失败 + 未知）。"),
    ),
    _define(
        "open_rate",
        Unit.SHARE,
        Words(
            en=f"{_DELIVERED.en}; SMS is left out because its opening cannot be seen",
            zh=f"{_DELIVERED.zh}；短信无法记录打开，不计入",
        ),
        ("Open rate", "打开率"),
        ("Delivered messages opened at least once / delivered messages.", "至少打开一次的送达消息 / 送达消息。"),
    ),
    _define(
        "click_rate",
        Unit.SHARE,
        _DELIVERED,
        ("Click rate", "点击率"),
        ("Delivered messages clicked at least once / delivered messages.", "至少点击一次的送达消息 / 送达消息。"),
    ),
    _define(
        "unsubscribe_rate",
        Unit.SHARE,
        _DELIVERED,
        ("Unsubscribe rate", "退订率"),
        ("Delivered messages answered with an opt-out / delivered messages.", "引发退订的送达消息 / 送达消息。"),
    ),
    _define(
        "conversion_rate",
        Unit.SHARE,
        Words(en="members reached by at least one delivered message", zh="至少送达一条消息的会员"),
        ("Conversion rate", "转化率"),
        (
            "Members who ordered within the attribution window after their first delivered message / members"
            " reached. Ordering afterwards does not mean ordering because of it.",
            "首条消息送达后归因窗口内下单的会员 / 触达会员。在其后下单不等于因其下单。",
        ),
    ),
    _define(
        "redemption_rate",
        Unit.SHARE,
        Words(en="members who were issued a coupon of the campaign", zh="获发本活动优惠券的会员"),
        ("Redemption rate", "核销率"),
        (
            "Members who redeemed a coupon of the campaign in its window / members who were issued one.",
            "窗口内核销活动优惠券的会员 / 获发会员。",
        ),
    ),
    _define(
        "gmv",
        Unit.MONEY_CENTS,
        _TREATED,
        ("GMV in the window", "窗口内 GMV"),
        (
            "Sum of what they paid for orders from launch to the close of the window, whatever made them order.",
            "自启动至窗口关闭的订单实付总额，不论因何下单。",
        ),
    ),
    _define(
        PRIMARY_METRIC,
        Unit.MONEY_CENTS,
        _BOTH_ARMS,
        ("Incremental GMV per member", "人均增量 GMV"),
        (
            "Mean spend of treated minus held-out members from launch to the close of the window, adjusted for spend"
            f" in the {COVARIATE_DAYS} days before launch (CUPED); 95% interval by Welch's t.",
            f"处理组与对照组会员在窗口内的平均消费之差，以启动前 {COVARIATE_DAYS} 天消费校正（CUPED）；"
            "95% 区间按 Welch t 计算。",
        ),
    ),
    _define(
        "incremental_gmv_total",
        Unit.MONEY_CENTS,
        _BOTH_ARMS,
        ("Incremental GMV", "增量 GMV"),
        ("Incremental GMV per member x treated members.", "人均增量 GMV x 处理组会员数。"),
    ),
    _define(
        "retention_rate",
        Unit.SHARE,
        _TREATED,
        ("Retention rate", "留存率"),
        (
            "Members with at least one order from launch to the close of the window / members.",
            "自启动至窗口关闭至少下一单的会员 / 会员数。",
        ),
    ),
    _define(
        "retention_lift",
        Unit.SHARE_DIFFERENCE,
        _BOTH_ARMS,
        ("Retention against holdout", "相对对照组的留存变化"),
        (
            "Retention rate of treated minus held-out members; 95% interval by Newcombe.",
            "处理组与对照组留存率之差；95% 区间按 Newcombe 计算。",
        ),
    ),
    _define(
        "cost",
        Unit.MONEY_CENTS,
        Words(en="the campaign in its window", zh="本活动窗口内"),
        ("Cost", "成本"),
        (
            "Messages handed to a channel x unit cost of the channel + discounts and unit costs of redeemed coupons.",
            "交付渠道的消息数 x 渠道单价 + 核销优惠券的折扣与单位成本。",
        ),
    ),
    _define(
        "roi",
        Unit.RATIO,
        _BOTH_ARMS,
        ("ROI", "投资回报率"),
        (
            "(Incremental GMV x gross margin - cost) / cost. Cautious: discounts are counted in full although what"
            " members paid is already net of them.",
            "（增量 GMV x 毛利率 - 成本）/ 成本。偏保守：实付金额已扣折扣，此处折扣仍全额计入成本。",
        ),
    ),
    _define(
        "last_touch_gmv",
        Unit.MONEY_CENTS,
        Words(en="members reached by at least one delivered message", zh="至少送达一条消息的会员"),
        ("Last-touch GMV (not incremental)", "末次触达 GMV（非增量）"),
        (
            "Everything they paid within the attribution window after their first delivered message. NOT incremental:"
            " most of it would have been bought anyway.",
            "首条消息送达后归因窗口内的全部消费。非增量：其中大部分无论如何都会发生。",
        ),
    ),
    _define(
        "reach",
        Unit.COUNT,
        _RECIPIENTS,
        ("Recipients", "触达会员"),
        ("Distinct members enrolled in the campaign.", "参与该活动的去重会员数。"),
    ),
    _define(
        "redemptions",
        Unit.COUNT,
        _RECIPIENTS,
        ("Redemptions", "核销次数"),
        ("Coupon redemptions recorded for the campaign.", "该活动记录的优惠券核销次数。"),
    ),
    _define(
        "redeemers",
        Unit.COUNT,
        _RECIPIENTS,
        ("Redeemers", "核销会员"),
        ("Distinct recipients with at least one redemption of the campaign.", "至少核销一次的去重收件会员数。"),
    ),
    _define(
        "redeemer_rate",
        Unit.SHARE,
        _RECIPIENTS,
        ("Share of recipients who redeemed", "核销会员占比"),
        ("Redeemers / recipients.", "核销会员 / 触达会员。"),
    ),
    _define(
        "spend_during",
        Unit.MONEY_CENTS,
        _RECIPIENTS,
        ("Spend during the campaign", "活动期消费"),
        (
            "Sum of what recipients paid on the campaign's local days, first and last day included.",
            "活动起止本地日（含首尾）内收件会员的实付总额。",
        ),
    ),
    _define(
        "spend_before",
        Unit.MONEY_CENTS,
        _RECIPIENTS,
        ("Spend before the campaign", "活动前消费"),
        (
            "The same over equally many whole local days just before the first day, fewer where data starts later.",
            "活动首日前等长整日内的同一口径；数据开始较晚时天数较少。",
        ),
    ),
    _define(
        "spend_after",
        Unit.MONEY_CENTS,
        _RECIPIENTS,
        ("Spend after the campaign", "活动后消费"),
        (
            "The same over equally many whole local days just after the last day, fewer where data ends earlier.",
            "活动末日后等长整日内的同一口径；数据结束较早时天数较少。",
        ),
    ),
    _define(
        "adjusted_difference",
        Unit.MONEY_CENTS,
        Words(en="recipients and comparable members who did not receive it", zh="收件会员与可比的未收件会员"),
        ("Adjusted difference per member (observational)", "人均校正差异（观察性）"),
        (
            "Difference in differences of spend per member on strata matched by spend and visit days before the"
            " campaign. Associated with the campaign, not shown to be caused by it.",
            "按活动前消费与到店天数分层匹配后的人均消费双重差分。仅为关联，未证明因果。",
        ),
    ),
)

METRICS = MappingProxyType({definition.id: definition for definition in _DEFINITIONS})


def rate(hits: int, n: int) -> float | None:
    """hits / n; None where there is nothing to measure."""
    return hits / n if n > 0 else None


def return_on_investment(incremental_gmv_cents: float, cost_cents: float, gross_margin_percent: float) -> float | None:
    """(incremental gross margin - cost) / cost; None when nothing was spent."""
    if cost_cents <= 0:
        return None
    return (incremental_gmv_cents * gross_margin_percent / 100 - cost_cents) / cost_cents
