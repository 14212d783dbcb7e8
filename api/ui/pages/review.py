"""One review: the verdict with its interval first, then what it rests on."""

from fastapi import Request
from nicegui import ui

from api.bootstrap import Nurture
from api.ui.components import review_parts
from api.ui.components.card import Local
from api.ui.components.observational import observational_panels
from api.ui.components.verdicts import KINDS
from api.ui.pages.addresses import id_in
from api.ui.shell import add_page
from api.ui.theme import block, chip, icon, notice, panel, text
from api.ui.viewer import Viewer
from crm.access.actor import Permission
from crm.reports.blocks import CampaignReview, ReviewKind
from crm.reports.review import review_campaign


def add_review(nurture: Nurture) -> None:
    add_page(nurture, "/reviews/{campaign_id}", section="Reviews", build=_build)


async def _build(viewer: Viewer, request: Request) -> None:
    campaign_id = id_in(request, "campaign_id")
    review = await viewer.write(lambda session, actor, now: review_campaign(session, campaign_id, actor=actor, now=now))
    with block("page"):
        _head(viewer, review)
        if review.kind is ReviewKind.NOT_LAUNCHED:
            with panel():
                review_parts.headline(review)
            return
        _verdict(review)
        _figures(review)
        _comparison(review)
        _channels(review)
        if review.observational:
            observational_panels(review, review.observational)
        _conclusions(review)


def _head(viewer: Viewer, review: CampaignReview) -> None:
    local = Local(viewer.zone, review.currency)
    with block("line top flow"):
        with block("stack tight grow"):
            with ui.link(target="/reviews").classes("line tight small").style("width: fit-content"):
                icon("arrow_back")
                text("Reviews", "", "span")
            text(review.campaign, "page-title", "h1")
            with block("line tight flow small muted"):
                chip(KINDS[review.kind], "info" if review.kind is ReviewKind.OBSERVATIONAL else "neutral")
                text(f"As of {local.moment(review.as_of)} · version {review.version}")
                if review.goal:
                    text(f"Goal: {review.goal}", "wrap")
        with block("line tight"):
            with ui.link(target=f"/campaigns/{review.campaign_id}").classes("plain button-link"):
                icon("campaign")
                text("Campaign", "", "span")
            if viewer.actor.may(Permission.EXPORT_REVIEW):
                with ui.link(target=f"/api/campaigns/{review.campaign_id}/review.pdf").classes(
                    "plain button-link solid"
                ) as link:
                    icon("picture_as_pdf")
                    text("Export PDF", "", "span")
                link.props("download")


def _verdict(review: CampaignReview) -> None:
    with panel():
        review_parts.headline(review)
        review_parts.effects(review)
        for anomaly in review.anomalies:
            notice(anomaly.words.en, "warn")


def _figures(review: CampaignReview) -> None:
    if review.metrics:
        with panel("Key figures", "Counts and rates; they claim no effect. Hover one for its definition."):
            review_parts.descriptive_tiles(review)


def _comparison(review: CampaignReview) -> None:
    if review.arms:
        with panel(
            "Against the holdout", "Members were assigned at random, so that the arms differ by the campaign alone."
        ):
            review_parts.arms_table(review)
    if review.timeseries:
        # Imported history knows no deliveries by day.
        has_deliveries = any(row.delivered for row in review.timeseries)
        with block("halves" if has_deliveries else "stack"):
            if has_deliveries:
                with panel("Deliveries and responses"):
                    review_parts.response_chart(review)
            with panel(f"Sales per member and day, {review.currency}"):
                review_parts.sales_chart(review)


def _channels(review: CampaignReview) -> None:
    if review.channels:
        with panel("By channel", "Opens and clicks of machines are left out; SMS shows no opens."):
            review_parts.channel_table(review)
    if review.exclusions:
        with panel("Who was left out, and why"):
            review_parts.exclusion_table(review)


def _conclusions(review: CampaignReview) -> None:
    if review.next_steps:
        with panel("Next steps"):
            review_parts.next_steps(review.next_steps)
    if review.notes:
        with panel("What to keep in mind"), block("stack tight"):
            for words in review.notes:
                with block("line top"):
                    icon("info").style("color: var(--ink-3); font-size: 18px; margin-top: 2px")
                    text(words.en, "wrap muted")
