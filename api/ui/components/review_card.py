"""A campaign review in a conversation, the verdict and its interval first; and its export as a file."""

from collections.abc import Mapping
from typing import Any

from nicegui import ui

from api.ui.components import review_parts
from api.ui.components.card import Local, card
from api.ui.components.verdicts import KINDS
from api.ui.theme import chip, fold, icon, text
from crm.reports.blocks import CampaignReview


def review_card(artifact: Mapping[str, Any], _local: Local) -> None:
    review = CampaignReview.model_validate(artifact["review"])
    with card("insights", "Review", review.campaign, link=f"/reviews/{review.campaign_id}") as corner:
        with corner:
            chip(KINDS[review.kind])
        review_parts.headline(review)
        review_parts.effects(review)
        with fold("Counts and rates"):
            review_parts.descriptive_tiles(review)
        if review.channels:
            with fold("By channel"):
                review_parts.channel_table(review)
        if review.next_steps:
            with fold("Next steps", value=True):
                review_parts.next_steps(review.next_steps)


def export_card(artifact: Mapping[str, Any], _local: Local) -> None:
    with card("picture_as_pdf", "Exported review", str(artifact["campaign"])):
        text(f"Version {artifact['version']}, kept in the archive as {artifact['file']}.", "wrap muted")
        with ui.link(target=f"/api/campaigns/{artifact['campaign_id']}/review.pdf").classes(
            "plain button-link"
        ) as link:
            icon("download")
            text("Download the PDF", "", "span")
        link.props("download").style("width: fit-content")
