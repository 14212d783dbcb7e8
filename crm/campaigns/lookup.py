"""Finding campaigns by id, by name, or by what somebody remembers of the name."""

from collections.abc import Collection, Sequence
from datetime import datetime

from rapidfuzz import fuzz, process
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.bounds import row_id
from crm.campaigns.brief import CampaignBrief, parse_brief
from crm.campaigns.models import Campaign
from crm.campaigns.rules import start_has_passed
from crm.errors import Ambiguous, Conflict, InvalidRequest, NotFound, Unreadable
from crm.outreach.models import EndReason, Journey, JourneyState

_NEAR_SCORE = 60
"""Similarity (0 to 100) from which a name is worth offering when none fits."""


def get_campaign(session: Session, campaign_id: int, *, lock: bool = False) -> Campaign:
    """Raises NotFound. `lock` holds the row until the end of the transaction."""
    campaign = session.get(Campaign, campaign_id, with_for_update=lock, populate_existing=lock)
    if campaign is None:
        raise NotFound(f"there is no campaign {campaign_id}")
    return campaign


def find_campaign(session: Session, name_or_id: str | int) -> Campaign:
    """By id, exact name (in any case), or the only name that contains the words.

    Raises Ambiguous when several names do, NotFound with the near names when none does.
    """
    text = str(name_or_id).strip()
    names = {
        name: campaign_id
        for campaign_id, name in session.execute(select(Campaign.id, Journey.name).join(Campaign.journey))
    }
    exact = [name for name in names if name.casefold() == text.casefold()]
    if exact:
        return get_campaign(session, names[exact[0]])
    if row_id(text) in names.values():
        return get_campaign(session, int(text))
    containing = sorted(name for name in names if text.casefold() in name.casefold()) if text else []
    if len(containing) == 1:
        return get_campaign(session, names[containing[0]])
    if containing:
        raise Ambiguous(f"several campaigns are called something like {text!r}", candidates=tuple(containing))
    near = process.extract(text, list(names), scorer=fuzz.WRatio, limit=3, score_cutoff=_NEAR_SCORE)
    candidates = tuple(name for name, _, _ in near)
    meant = f"; did you mean {' or '.join(candidates)}?" if candidates else ""
    raise NotFound(f"there is no campaign called {text!r}{meant}", candidates=candidates)


def list_campaigns(session: Session, standing: JourneyState | EndReason | None = None) -> Sequence[Campaign]:
    """The newest first; with `standing` those in that state, or that ended for that reason."""
    query = select(Campaign).order_by(Campaign.id.desc())
    if standing is not None:
        column = Journey.end_reason if isinstance(standing, EndReason) else Journey.state
        query = query.join(Campaign.journey).where(column == standing)
    return session.scalars(query).all()


def brief_of(campaign: Campaign) -> CampaignBrief:
    """Raises Unreadable for what this version of the program does not know, e.g. what a newer one stored."""
    try:
        return parse_brief(campaign.brief)
    except (InvalidRequest, TypeError, ValueError) as error:
        wrong = error.message if isinstance(error, InvalidRequest) else "it is no object"
        raise Unreadable(
            f"the brief of {campaign.name} is stored in a form that cannot be read here: {wrong}"
        ) from error


def needs_new_start(campaign: Campaign, local_now: datetime) -> bool:
    """Whether it is a draft whose start has passed, which nobody can submit as it stands."""
    try:
        return campaign.state is JourneyState.DRAFT and start_has_passed(brief_of(campaign).start, local_now)
    except Unreadable:
        return False


def require_state(campaign: Campaign, allowed: Collection[JourneyState], done: str) -> None:
    """Raises Conflict, in words, when the campaign stands in none of the allowed states."""
    if campaign.state not in allowed:
        state = campaign.state.replace("_", " ")
        states = " or ".join(each.replace("_", " ") for each in allowed)
        raise Conflict(f"{campaign.name} is {state} and cannot be {done}; it would have to be {states}")
