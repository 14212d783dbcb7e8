"""Reviews of campaigns."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from api.auth import SignedIn, TheNurture
from crm.access import audit
from crm.access.actor import Permission, require
from crm.campaigns.lookup import find_campaign
from crm.database import unit_of_work
from crm.reports.blocks import CampaignReview
from crm.reports.printing import print_review
from crm.reports.review import review_campaign

router = APIRouter(prefix="/api/campaigns", tags=["reviews"])


@router.post("/{campaign}/review")
def review(campaign: str, actor: SignedIn, nurture: TheNurture) -> CampaignReview:
    """The review as of now; kept as a new version when something changed since the last one."""
    now = nurture.clock.now()
    with unit_of_work(nurture.sessions) as session:
        return review_campaign(session, find_campaign(session, campaign).id, actor=actor, now=now)


@router.get("/{campaign}/review.pdf", response_class=Response)
def review_pdf(
    campaign: str, actor: SignedIn, nurture: TheNurture, language: Annotated[Literal["en", "zh"], Query()] = "en"
) -> Response:
    """The review as a PDF; the export is audited."""
    require(actor, Permission.EXPORT_REVIEW)
    now = nurture.clock.now()
    with unit_of_work(nurture.sessions) as session:
        reviewed = review_campaign(session, find_campaign(session, campaign).id, actor=actor, now=now)
        subject = f"campaign:{reviewed.campaign_id}"
        audit.record(session, now=now, actor=actor, action="review.exported", subject=subject, version=reviewed.version)
    return Response(
        print_review(reviewed, language=language),
        media_type="application/pdf",
        headers={"Content-Disposition": f'attachment; filename="review-{reviewed.campaign_id}.pdf"'},
    )
