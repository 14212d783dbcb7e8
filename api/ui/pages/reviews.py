"""Every campaign that can be reviewed, with what its last review concluded."""

from fastapi import Request
from nicegui import ui
from sqlalchemy.orm import Session

from api.bootstrap import Nurture
from api.ui.components.card import Local
from api.ui.components.state_chips import state_chip
from api.ui.components.verdicts import KINDS, verdict_chip
from api.ui.shell import add_page
from api.ui.theme import block, chip, empty_state, icon, panel, text
from api.ui.viewer import Viewer
from crm.campaigns.models import Campaign
from crm.campaigns.service import list_campaigns
from crm.reports.blocks import CampaignReview
from crm.reports.review import latest_review


def add_reviews(nurture: Nurture) -> None:
    add_page(nurture, "/reviews", section="Reviews", build=_build)


async def _build(viewer: Viewer, _request: Request) -> None:
    campaigns, reviews = await viewer.read(lambda session, _actor, _now: _load(session))
    with block("page"):
        with block("stack snug"):
            text("Reviews", "page-title", "h1")
            text("What campaigns achieved, with the interval, or that the data cannot tell.", "muted")
        with panel(classes="flush"):
            if not campaigns:
                empty_state(
                    "insights", "Nothing to review yet", "A review can be read as soon as a campaign has started."
                )
            for campaign in campaigns:
                _row(campaign, reviews.get(campaign.id), Local(viewer.zone, viewer.currency))


def _load(session: Session) -> tuple[list[Campaign], dict[int, CampaignReview]]:
    launched = [row for row in list_campaigns(session) if row.launched_at is not None or row.is_imported]
    launched.sort(key=lambda row: row.launched_at or row.starts_at or row.created_at, reverse=True)
    reviews = {row.id: latest_review(session, row.id) for row in launched}
    return launched, {campaign_id: review for campaign_id, review in reviews.items() if review is not None}


def _row(campaign: Campaign, review: CampaignReview | None, local: Local) -> None:
    with ui.link(target=f"/reviews/{campaign.id}").classes("plain list-row"):
        with block("stack snug grow"):
            with block("line tight flow"):
                text(campaign.name, "strong wrap")
                state_chip(campaign.journey.standing)
                if campaign.is_imported:
                    chip("Imported", "info")
            text(
                review.headline.words.en if review else "Not reviewed yet; open it to compute the review.",
                "small muted wrap",
            )
        with block("line tight only-wide"):
            if review:
                verdict_chip(review.headline.verdict)
                text(KINDS[review.kind], "small faint")
            text(local.moment(campaign.launched_at or campaign.starts_at), "small faint number")
        icon("chevron_right").style("color: var(--ink-3)")
