"""A review as a PDF that a manager can forward. Typst lays out; every word and figure comes from the review."""

import json
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import typst
from noto_cjk_sans_otc import FONT_PATH

from crm.reports.blocks import CampaignReview, MetricValue, MetricVerdict, ReviewKind, Unit
from crm.reports.charts import estimates_chart, response_chart, spend_chart
from crm.reports.experiment_review import difference_words
from crm.reports.glyphs import breakable, showable
from crm.reports.words import Language, Words, channel_words, money_words, share_words, signed_money_words

TEMPLATE = Path(__file__).with_name("review.typ")
MISSING = "–"

EFFECT_TILES = ("incremental_gmv_total", "retention_lift", "roi", "cost")
RATE_TILES = ("coverage", "open_rate", "click_rate", "conversion_rate")
OBSERVED_TILES = ("reach", "redeemers", "redemptions", "spend_during")

VERDICTS = {
    MetricVerdict.EFFECT: (Words(en="Effect shown", zh="效果成立"), "good"),
    MetricVerdict.CANNOT_TELL: (Words(en="Cannot tell", zh="无法判断"), "open"),
    MetricVerdict.TOO_FEW: (Words(en="Too few to judge", zh="样本太少"), "open"),
    MetricVerdict.NO_HOLDOUT: (Words(en="No holdout", zh="无对照组"), "open"),
    MetricVerdict.OBSERVATIONAL: (Words(en="Observational", zh="观察性"), "open"),
    MetricVerdict.DESCRIPTIVE: (Words(en="Description", zh="描述"), "open"),
}

LABELS = {
    "title": Words(en="Campaign review", zh="活动复盘"),
    "per_member": Words(en="Difference per member, 95% interval", zh="人均差异，95% 区间"),
    "best": Words(en="best estimate", zh="最佳估计"),
    "comparison": Words(en="Comparison with the holdout", zh="与对照组比较"),
    "observed": Words(en="Recipients and comparable members", zh="收件会员与可比会员"),
    "channels": Words(en="Channels", zh="渠道表现"),
    "exclusions": Words(en="Not sent, and why", zh="未发送及原因"),
    "anomalies": Words(en="Out of the ordinary", zh="异常指标"),
    "next_steps": Words(en="Next steps", zh="下一步"),
    "notes": Words(en="Limits of this review", zh="本复盘的局限"),
    "definitions": Words(en="Definitions", zh="指标定义"),
    "all_metrics": Words(en="All figures", zh="全部指标"),
    "version": Words(en="version", zh="版本"),
    "as_of": Words(en="as of", zh="数据截至"),
    "none": Words(en="none", zh="无"),
}

ARM_HEADER = (
    Words(en="", zh=""),
    Words(en="Members", zh="会员"),
    Words(en="Ordered", zh="下单"),
    Words(en="Retention", zh="留存率"),
    Words(en="Spend per member", zh="人均消费"),
    Words(en="90 days before", zh="此前 90 天"),
)
ARM_NAMES = {"treatment": Words(en="Treated", zh="处理组"), "holdout": Words(en="Held out", zh="对照组")}
CHANNEL_HEADER = (
    Words(en="Channel", zh="渠道"),
    Words(en="Planned", zh="计划"),
    Words(en="Delivered", zh="送达"),
    Words(en="Excluded", zh="排除"),
    Words(en="Failed", zh="失败"),
    Words(en="Unknown", zh="未知"),
    Words(en="Pending", zh="等待"),
    Words(en="Coverage", zh="覆盖率"),
    Words(en="Open rate", zh="打开率"),
    Words(en="Click rate", zh="点击率"),
    Words(en="Opt-outs", zh="退订"),
)
PERIOD_HEADER = (
    Words(en="Spend per member", zh="人均消费"),
    Words(en="Days", zh="天数"),
    Words(en="Recipients", zh="收件会员"),
    Words(en="Others", zh="其他会员"),
)
PERIOD_NAMES = {
    "before": Words(en="Before", zh="活动前"),
    "during": Words(en="During", zh="活动期"),
    "after": Words(en="After", zh="活动后"),
}
BALANCE_HEADER = (
    Words(en="Balance before the campaign", zh="活动前的均衡性"),
    Words(en="Recipients", zh="收件会员"),
    Words(en="Others", zh="其他会员"),
    Words(en="Gap in sd", zh="差距（标准差）"),
    Words(en="Others, matched", zh="其他（匹配后）"),
    Words(en="Gap in sd, matched", zh="差距（匹配后）"),
)

Table = dict[str, Any]


def render_pdf(review: CampaignReview, *, language: Language = "en") -> bytes:
    """The review as PDF/A-2b; the same review always gives the same bytes.

    Raises RuntimeError when Typst warns, e.g. of a missing font: a report with wrong glyphs must not leave.
    """
    document, warnings = typst.compile_with_warnings(
        TEMPLATE.read_bytes(),
        font_paths=_fonts(),
        sys_inputs={"data": json.dumps(_shown(_document(review, language)), ensure_ascii=False)},
        pdf_standards=["a-2b"],
        timestamp=review.as_of,
    )
    if warnings:
        raise RuntimeError("; ".join(warning.message for warning in warnings))
    if not isinstance(document, bytes):
        raise TypeError("Typst gave no PDF")
    return document


def _shown(part: Any) -> Any:
    """A part of the document with nothing in its texts that the font cannot show."""
    match part:
        case str():
            text = showable(part, FONT_PATH)
            return text if text.startswith("<svg") else breakable(text)
        case list():
            return [_shown(each) for each in part]
        case dict():
            return {name: _shown(each) for name, each in part.items()}
    return part


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(FONT_PATH.parent)])


def _document(review: CampaignReview, language: Language) -> dict[str, Any]:
    verdict, tone = VERDICTS[review.headline.verdict]
    if review.headline.verdict is MetricVerdict.EFFECT and _is_harm(review):
        tone = "bad"

    estimates = review.observational.estimates if review.observational else ()

    def said(words: Words) -> str:
        return words.in_language(language)

    return {
        "lang": language,
        "labels": {name: said(words) for name, words in LABELS.items()},
        "campaign": review.campaign,
        "subtitle": _subtitle(review, language),
        "verdict": said(verdict),
        "tone": tone,
        "headline": said(review.headline.words),
        "interval": _interval(review),
        "tiles": [_tile(review, metric_id, language) for metric_id in _tile_ids(review)],
        "tables": _tables(review, language),
        "charts": [chart for chart in (spend_chart(review, language), response_chart(review, language)) if chart],
        "estimates": estimates_chart(estimates, review.currency, language),
        "exclusions": [
            [said(channel_words(row.channel)), said(row.label), f"{row.count:,}"] for row in review.exclusions
        ],
        "has_ledger": bool(review.channels),
        "anomalies": [said(anomaly.words) for anomaly in review.anomalies],
        "next_steps": [
            {"text": said(step.words), "evidence": [said(words) for words in step.evidence]}
            for step in review.next_steps
        ],
        "notes": [said(note) for note in review.notes],
        "metrics": [[said(m.label), said(m.words), said(m.definition)] for m in review.metrics],
        "footer": _footer(review, language),
    }


def _is_harm(review: CampaignReview) -> bool:
    metric = review.metric(review.primary_metric)
    return metric is not None and metric.high is not None and metric.high < 0


def _subtitle(review: CampaignReview, language: Language) -> str:
    channels = (channel_words(channel).in_language(language) for channel in review.channels_used)
    parts = [review.goal, *review.tiers, ", ".join(channels)]
    if review.window is not None:
        window = review.window
        parts.append(f"{window.starts_on} – {window.ends_on} ({window.words.in_language(language)})")
    return " · ".join(part for part in parts if part)


def _interval(review: CampaignReview) -> dict[str, Any] | None:
    """The primary metric's interval for the drawing under the headline."""
    metric = review.metric(review.primary_metric)
    if metric is None or metric.low is None or metric.high is None:
        return None
    return {
        "low": metric.low,
        "high": metric.high,
        "value": metric.value,
        "low_words": signed_money_words(metric.low, review.currency),
        "high_words": signed_money_words(metric.high, review.currency),
        "value_words": None if metric.value is None else signed_money_words(metric.value, review.currency),
    }


def _tile_ids(review: CampaignReview) -> tuple[str, ...]:
    if review.kind is ReviewKind.OBSERVATIONAL:
        return OBSERVED_TILES
    return (*EFFECT_TILES, *RATE_TILES)


def _tile(review: CampaignReview, metric_id: str, language: Language) -> dict[str, str]:
    metric = review.metric(metric_id)
    if metric is None:
        return {"label": "", "main": MISSING, "sub": ""}
    main, sub = _figures(metric, review.currency, language)
    return {"label": metric.label.in_language(language), "main": main, "sub": sub}


def _figures(metric: MetricValue, currency: str, language: Language) -> tuple[str, str]:
    """What stands large and small in a tile: the interval before the estimate where an effect is meant."""
    if metric.verdict is not MetricVerdict.DESCRIPTIVE:
        if metric.low is None or metric.high is None:
            return MISSING, VERDICTS[metric.verdict][0].in_language(language)
        main = " – ".join(difference_words(metric.unit, end, currency) for end in (metric.low, metric.high))
        if metric.value is None:
            return main, VERDICTS[metric.verdict][0].in_language(language)
        best = LABELS["best"].in_language(language)
        return main, f"{best} {difference_words(metric.unit, metric.value, currency)}"
    if metric.value is None:
        return MISSING, metric.words.in_language(language)
    if metric.unit is Unit.SHARE:
        count = metric.words.in_language(language).removeprefix(share_words(metric.value)).strip(" ()（）")
        return share_words(metric.value), count
    return metric.words.in_language(language), ""


def _tables(review: CampaignReview, language: Language) -> list[Table]:
    tables = (_arms(review), _channels(review, language), *_observed(review, language))
    return [
        {
            "title": LABELS[table["title"]].in_language(language) if table["title"] else "",
            "header": [words.in_language(language) for words in table["header"]],
            "rows": [
                [cell.in_language(language) if isinstance(cell, Words) else cell for cell in row]
                for row in table["rows"]
            ],
        }
        for table in tables
        if table["rows"]
    ]


def _arms(review: CampaignReview) -> Table:
    rows = [
        [
            ARM_NAMES[arm.arm],
            f"{arm.members:,}",
            f"{arm.ordering_members:,}",
            _share(arm.retention_rate),
            _money(arm.gmv_per_member_cents, review.currency),
            _money(arm.gmv_before_per_member_cents, review.currency),
        ]
        for arm in review.arms
    ]
    return {"title": "comparison", "header": ARM_HEADER, "rows": rows}


def _channels(review: CampaignReview, language: Language) -> Table:
    rows = [
        [
            channel_words(row.channel).in_language(language),
            *(f"{n:,}" for n in (row.planned, row.delivered, row.excluded, row.failed, row.unknown, row.pending)),
            *(_share(rate) for rate in (row.coverage, row.open_rate, row.click_rate, row.unsubscribe_rate)),
        ]
        for row in review.channels
    ]
    return {"title": "channels", "header": CHANNEL_HEADER, "rows": rows}


def _observed(review: CampaignReview, language: Language) -> tuple[Table, ...]:
    evidence = review.observational
    if evidence is None:
        return ()
    periods = [
        [
            f"{PERIOD_NAMES[period.id].in_language(language)} {period.from_on} – {period.to_on}",
            f"{period.days} / {period.wanted_days}",
            _money(period.recipients_per_member_cents, review.currency),
            _money(period.others_per_member_cents, review.currency),
        ]
        for period in evidence.periods
        if period.days
    ]
    balance = [
        [
            row.covariate,
            *(_amount(row.unit, mean, review.currency) for mean in (row.treated_mean, row.control_mean)),
            _gap(row.standardised_difference),
            _amount(row.unit, row.control_mean_matched, review.currency),
            _gap(row.standardised_difference_matched),
        ]
        for row in evidence.balance
    ]
    return (
        {"title": "observed", "header": PERIOD_HEADER, "rows": periods},
        {"title": None, "header": BALANCE_HEADER, "rows": balance},
    )


def _share(value: float | None) -> str:
    return MISSING if value is None else share_words(value)


def _money(cents: float | None, currency: str) -> str:
    return MISSING if cents is None else money_words(cents, currency)


def _amount(unit: Unit, value: float | None, currency: str) -> str:
    if value is None:
        return MISSING
    return money_words(value, currency) if unit is Unit.MONEY_CENTS else f"{value:.1f}"


def _gap(value: float | None) -> str:
    return MISSING if value is None else f"{value:+.2f}"


def _footer(review: CampaignReview, language: Language) -> str:
    moment = review.as_of.astimezone(ZoneInfo(review.zone_name))
    as_of, version = (LABELS[name].in_language(language) for name in ("as_of", "version"))
    return f"{review.campaign} · {version} {review.version} · {as_of} {moment:%Y-%m-%d %H:%M} {review.zone_name}"
