"""Tools over campaign reviews: what a campaign brought, and the same as a PDF."""

from collections.abc import Sequence
from typing import Any

from crm.access import audit
from crm.access.actor import Permission
from crm.campaigns.lookup import find_campaign
from crm.errors import Conflict, Unavailable
from crm.reports.blocks import CampaignReview, MetricValue, ReviewKind
from crm.reports.words import Words, money_words
from tools.base import Effect, Language, Tool, ToolContext, ToolResult
from tools.campaigns import CampaignArgs

_SUMMARY = {
    "en": "Write the review of {name} (version {version}) as a PDF into the archive.",
    "zh": "将 {name} 的复盘报告（第 {version} 版）导出为 PDF 并归档。",
}


def review_campaign(ctx: ToolContext, args: CampaignArgs) -> ToolResult:
    """Content: {"campaign_id", "campaign": "May Member Day", "kind": "randomised", "version": 1, "as_of",
    "window": "...", "headline": {"verdict": "cannot_tell", "words": "..."}, "metrics": [{"id": "roi", "label",
    "value", "unit", "verdict", "words": "..."}], "channels": [{"channel", "delivered", "open_rate", "click_rate",
    "unsubscribe_rate", "cost_cents", "cost"}], "exclusions": [{"channel", "reason", "count"}], "anomalies": [words],
    "next_steps": [words], "notes": [words]}. Words are in the person's language and put the interval before the
    number. Artifact: {"review": CampaignReview as JSON}.
    """
    review = _review(ctx, args.campaign)
    return ToolResult(
        content=_for_model(review, ctx.language),
        artifact={"campaign_id": review.campaign_id, "review": review.model_dump(mode="json")},
    )


def export_review(ctx: ToolContext, args: CampaignArgs) -> ToolResult:
    """Content: {"campaign_id", "campaign", "version", "file": "review-12-v1-en.pdf", "summary"}.
    Artifact: the same with review_id. The file lies in the archive folder of the workspace.
    """
    review = _review(ctx, args.campaign)
    if review.kind is ReviewKind.NOT_LAUNCHED:
        raise Conflict(f"{review.campaign} has not been launched, so there is nothing to export")
    if ctx.archive_folder is None:
        raise Unavailable("this process has no archive to write to")
    name = f"review-{review.campaign_id}-v{review.version}-{ctx.language}.pdf"
    content = {
        "campaign_id": review.campaign_id,
        "campaign": review.campaign,
        "version": review.version,
        "file": name,
        "summary": _SUMMARY[ctx.language].format(name=review.campaign, version=review.version),
    }
    file = ctx.archive_folder / name

    def write() -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        # The name says all that the bytes depend on, so writing it again changes nothing.
        file.write_bytes(_pdf(review, ctx.language))

    subject = f"campaign:{review.campaign_id}"
    audit.record(ctx.session, now=ctx.now, actor=ctx.actor, action="review.exported", subject=subject, file=name)
    return ToolResult(content=content, artifact={**content, "review_id": review.review_id}, afterwards=write)


def _review(ctx: ToolContext, name: str) -> CampaignReview:
    # Statistics and charts take seconds to import; whoever asks for no review should not wait for them.
    from crm.reports.review import review_campaign as compute  # noqa: PLC0415

    campaign = find_campaign(ctx.session, name)
    return compute(ctx.session, campaign.id, actor=ctx.actor, now=ctx.now)


def _pdf(review: CampaignReview, language: Language) -> bytes:
    from crm.reports.printing import print_review  # noqa: PLC0415

    return print_review(review, language=language)


def _for_model(review: CampaignReview, language: Language) -> dict[str, Any]:
    return {
        "campaign_id": review.campaign_id,
        "campaign": review.campaign,
        "kind": review.kind.value,
        "version": review.version,
        "as_of": review.as_of.isoformat(),
        "window": review.window.words.in_language(language) if review.window else None,
        "headline": {
            "verdict": review.headline.verdict.value,
            "words": review.headline.words.in_language(language),
        },
        "metrics": [_metric(metric, language) for metric in review.metrics],
        "channels": [
            {
                "channel": row.channel,
                "delivered": row.delivered,
                "coverage": row.coverage,
                "open_rate": row.open_rate,
                "click_rate": row.click_rate,
                "unsubscribe_rate": row.unsubscribe_rate,
                "cost_cents": row.cost_cents,
                "cost": money_words(row.cost_cents, review.currency),
            }
            for row in review.channels
        ],
        "exclusions": [{"channel": row.channel, "reason": row.reason, "count": row.count} for row in review.exclusions],
        "anomalies": _said([anomaly.words for anomaly in review.anomalies], language),
        "next_steps": _said([step.words for step in review.next_steps], language),
        "notes": _said(review.notes, language),
    }


def _metric(metric: MetricValue, language: Language) -> dict[str, Any]:
    return {
        "id": metric.id,
        "label": metric.label.in_language(language),
        "value": metric.value,
        "unit": metric.unit.value,
        "verdict": metric.verdict.value,
        "words": metric.words.in_language(language),
    }


def _said(words: Sequence[Words], language: Language) -> list[str]:
    return [each.in_language(language) for each in words]


REVIEW_CAMPAIGN = Tool(
    "review_campaign",
    CampaignArgs,
    Effect.READ,
    Permission.READ_REVIEW,
    review_campaign,
    "What a campaign brought: the effect against its holdout with an interval, or that the data cannot tell; "
    "retention, return, channels, anomalies, next steps. Call it once for each campaign to compare. Quote its words: "
    'they put the interval before the number. Example: {"campaign": "May Member Day"}.',
    keeps_derived=True,
)
EXPORT_REVIEW = Tool(
    "export_review",
    CampaignArgs,
    Effect.WRITE,
    Permission.EXPORT_REVIEW,
    export_review,
    'Writes the review of a campaign as a PDF into the archive. Example: {"campaign": "Spring Refresh"}.',
)
REVIEW_TOOLS: tuple[Tool[Any], ...] = (REVIEW_CAMPAIGN, EXPORT_REVIEW)
