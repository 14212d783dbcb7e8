"""Drafting a journey from a template: its spec, what it would replace, and so whether a person must confirm it."""

from collections.abc import Callable, Mapping

from pydantic import Field

from crm.campaigns.benefits import benefits_of, with_coupons
from crm.campaigns.brief import CampaignBrief, Offer
from crm.campaigns.rules import check_percents
from crm.channels import ChannelChoice
from crm.clock import local_day
from crm.journeys.lookup import versions_of
from crm.journeys.templates import TemplateChoices, TemplateKey, from_template
from crm.lifecycle.models import Stage
from crm.outreach.models import Journey, JourneyState
from crm.outreach.spec import Benefits, JourneySpec
from crm.workspace import get_workspace
from tools.base import Effect, ToolArgs, ToolContext

_SUMMARIES: Mapping[str, Mapping[str, str]] = {
    "new": {"en": "Draft the journey {name}.", "zh": "起草旅程“{name}”。"},
    "newer": {
        "en": "Draft version {version} of the journey {name}; the version that there is stays as it is.",
        "zh": "起草旅程“{name}”的第 {version} 版，现有版本保持不变。",
    },
    "draft": {
        "en": "Replace the draft of the journey {name} by one from the template; what it holds now is lost.",
        "zh": "用模板替换旅程“{name}”的现有草稿，原内容将丢失。",
    },
    "awaiting_approval": {
        "en": "Replace the journey {name}, which awaits approval, by one from the template; the request becomes void.",
        "zh": "用模板替换待审批的旅程“{name}”，原审批申请将作废。",
    },
    "scheduled": {
        "en": "Replace the journey {name}, which is approved, by one from the template; the approval becomes void.",
        "zh": "用模板替换已批准的旅程“{name}”，原批准将作废。",
    },
}


class DraftJourneyArgs(ToolArgs):
    template: TemplateKey = Field(
        description='"welcome": new members; "reactivation": those who enter a stage, e.g. dormant, with a task for '
        'the CSM when they do not answer; "birthday": a message before the birthday and one on it.'
    )
    name: str | None = Field(default=None, min_length=1, max_length=80, description="A name of its own.")
    stages: tuple[Stage, ...] = Field(default=(), description="Of reactivation: which stages start it.")
    tiers: tuple[str, ...] = Field(default=(), description="Only members of these tiers.")
    channels: tuple[ChannelChoice, ...] = Field(
        default=("preferred",), min_length=1, description='"preferred" alone: each member\'s own channel.'
    )
    offers: tuple[Offer, ...] = Field(default=(), description='E.g. [{"kind": "percent_off", "value": 15}].')
    days: int | None = Field(
        default=None, ge=1, le=365, description="How long it waits for an answer; how early before a birthday."
    )


def spec_of_draft(ctx: ToolContext, args: DraftJourneyArgs) -> JourneySpec:
    benefits = _benefits(ctx, args.offers)
    choices = TemplateChoices(
        name=args.name,
        language=ctx.language,
        stages=args.stages,
        tiers=args.tiers,
        channels=args.channels,
        offer=benefits.words,
        coupon_codes=benefits.coupon_codes,
        unbacked=benefits.unbacked,
        days=args.days,
    )
    return from_template(args.template, choices)


def effect_of_drafting(usual: Effect) -> Callable[[ToolContext, DraftJourneyArgs], Effect]:
    """A WRITE where a journey has the name already: it would get a new version, or lose what stands there."""

    def effect(ctx: ToolContext, args: DraftJourneyArgs) -> Effect:
        return Effect.WRITE if versions_of(ctx.session, spec_of_draft(ctx, args).name) else usual

    return effect


def summary_of_draft(ctx: ToolContext, name: str, before: Journey | None) -> str:
    state = None if before is None else before.state
    kind = "new" if state is None else "newer"
    if state in (JourneyState.AWAITING_APPROVAL, JourneyState.SCHEDULED, JourneyState.DRAFT):
        kind = state.value
    return _SUMMARIES[kind][ctx.language].format(name=name, version=before.version + 1 if before else 1)


def _benefits(ctx: ToolContext, offers: tuple[Offer, ...]) -> Benefits:
    """The offers with the stocked coupons that stand behind them."""
    if not offers:
        return Benefits()
    workspace = get_workspace(ctx.session)
    brief = CampaignBrief(
        name="journey", audience={"all": []}, channels=("preferred",), offers=offers, language=ctx.language
    )
    check_percents(brief)
    return benefits_of(with_coupons(ctx.session, brief, local_day(ctx.now, workspace.zone)), workspace.currency)
