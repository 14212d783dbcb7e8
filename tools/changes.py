"""What a change makes of a campaign, in words: each part of the brief with what was before and what is now."""

from collections.abc import Callable, Mapping
from typing import Any

from crm.campaigns.audience import campaign_scope
from crm.campaigns.brief import CampaignBrief, Copy
from crm.campaigns.copywriting import complete_copy, offers_in_words
from crm.campaigns.models import Campaign
from crm.catalog import CATALOG
from crm.reports.words import channel_words, money_words
from crm.segments.definition import parse_definition
from crm.segments.describe import describe
from crm.workspace import get_workspace
from tools.base import Language, ToolContext
from tools.fence import fence

_LABELS: Mapping[str, Mapping[Language, str]] = {
    "name": {"en": "name", "zh": "名称"},
    "goal": {"en": "goal", "zh": "目标"},
    "audience": {"en": "audience", "zh": "受众"},
    "exclude_campaigns": {"en": "left out: members of", "zh": "排除参加过的活动"},
    "channels": {"en": "channels", "zh": "渠道"},
    "offers": {"en": "offer", "zh": "优惠"},
    "start": {"en": "start", "zh": "开始时间"},
    "end": {"en": "end", "zh": "结束日期"},
    "steps": {"en": "sendings", "zh": "发送步骤"},
    "copy_texts": {"en": "texts", "zh": "文案"},
    "language": {"en": "language of the messages", "zh": "消息语言"},
    "holdout_pct": {"en": "holdout", "zh": "对照组"},
    "holdout_waiver": {"en": "reason for no holdout", "zh": "不设对照组的原因"},
    "budget_cents": {"en": "budget", "zh": "预算"},
    "attribution_window_days": {"en": "attribution window", "zh": "归因窗口"},
    "priority": {"en": "priority", "zh": "优先级"},
}
_NOTHING: Mapping[Language, str] = {"en": "none", "zh": "无"}
_QUESTION: Mapping[str, Mapping[Language, str]] = {
    "draft": {
        "en": "Change {name}, which is a draft of {author}: {changes}.",
        "zh": "修改 {author} 的草稿 {name}：{changes}。",
    },
    "awaiting_approval": {
        "en": "Change {name}, which awaits approval: {changes}. The request becomes void; it is a draft again and has "
        "to be submitted anew.",
        "zh": "修改待审批的 {name}：{changes}。原审批申请将作废，活动退回草稿，需重新提交。",
    },
    "scheduled": {
        "en": "Change {name}, which is approved and scheduled: {changes}. The approval becomes void; it is a draft "
        "again and has to be approved anew.",
        "zh": "修改已批准并排期的 {name}：{changes}。原批准将作废，活动退回草稿，需重新审批。",
    },
}


def changes_between(
    ctx: ToolContext, campaign: Campaign, before: CampaignBrief, after: CampaignBrief
) -> list[dict[str, str]]:
    """[{"field": "holdout_pct", "label": "holdout", "before": "10%", "after": "7%"}] in the person's language."""
    words = _Words(ctx, campaign)
    fields = [name for name in CampaignBrief.model_fields if getattr(before, name) != getattr(after, name)]
    return [
        {
            "field": name,
            "label": _LABELS[name][ctx.language],
            "before": words.of(name, before, other=after),
            "after": words.of(name, after, other=before),
        }
        for name in fields
    ]


def summary_of_change(
    ctx: ToolContext, campaign: Campaign, state: str, author: str, changes: list[dict[str, str]]
) -> str:
    """The change as one question can state it; `state` is the one before."""
    listed = ("；" if ctx.language == "zh" else "; ").join(
        f"{change['label']}: {change['before']} → {change['after']}" for change in changes
    )
    return _QUESTION[state][ctx.language].format(name=campaign.name, author=author, changes=listed)


class _Words:
    """The parts of a brief as people read them."""

    def __init__(self, ctx: ToolContext, campaign: Campaign) -> None:
        self._ctx = ctx
        self._language = ctx.language
        self._currency = get_workspace(ctx.session).currency
        self._campaign = campaign

    def of(self, field: str, brief: CampaignBrief, *, other: CampaignBrief) -> str:
        value = getattr(brief, field)
        if field == "copy_texts":
            return self._texts(brief, other) or _NOTHING[self._language]
        if value in (None, "", ()):
            return _NOTHING[self._language]
        own: Mapping[str, Callable[[CampaignBrief], str]] = {
            "audience": self._audience,
            "offers": lambda brief: offers_in_words(brief.offers, self._language, self._currency),
            "channels": self._channels,
            "start": lambda brief: f"{brief.start:%Y-%m-%d %H:%M}",
            "holdout_pct": lambda brief: f"{brief.holdout_pct:g}%",
            "budget_cents": lambda brief: money_words(brief.budget_cents or 0, self._currency),
            "exclude_campaigns": lambda brief: ", ".join(brief.exclude_campaigns),
            "steps": lambda brief: ", ".join(f"{step.key} (+{step.offset_days})" for step in brief.steps),
        }
        return own[field](brief) if field in own else str(value)

    def _audience(self, brief: CampaignBrief) -> str:
        scope = campaign_scope(self._ctx.session, self._campaign, CATALOG, self._ctx.now)
        return describe(parse_definition(brief.audience, CATALOG), scope, language=self._language)

    def _channels(self, brief: CampaignBrief) -> str:
        names = [
            ("各自偏好的渠道" if self._language == "zh" else "each member's own")
            if channel == "preferred"
            else channel_words(channel).in_language(self._language)
            for channel in brief.channels
        ]
        return ("、" if self._language == "zh" else ", ").join(names)

    def _texts(self, brief: CampaignBrief, other: CampaignBrief) -> str:
        """The texts that are not the same in the other brief, as the members would get them."""
        theirs = {_place(copy): copy for copy in complete_copy(other)}
        parts = []
        for copy in complete_copy(brief):
            before = theirs.get(_place(copy))
            channel = channel_words(copy.channel).in_language(self._language)
            for label_en, label_zh, part in (("subject", "标题", "subject"), ("text", "正文", "body")):
                words = getattr(copy, part)
                if words and (before is None or getattr(before, part) != words):
                    label = label_zh if self._language == "zh" else label_en
                    parts.append(f"{channel} {label}: {words}")
        return " / ".join(parts)


def _place(copy: Copy) -> tuple[str | None, str, str]:
    return copy.step, copy.channel, copy.variant


def fenced(changes: list[dict[str, str]]) -> list[dict[str, Any]]:
    """For a model: what people typed stands between the marks of data."""
    return [{**change, "before": fence(change["before"]), "after": fence(change["after"])} for change in changes]
