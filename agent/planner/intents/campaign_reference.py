"""Which campaign a request is about: named, guessed from a part of its name, or the one in focus."""

import re
from dataclasses import dataclass

from agent.planner.request import Request

_POINTS_BACK = re.compile(
    r"\b(?:it|its|that|this|the|that one|this one|same)\b(?: (?:campaign|draft|one|report|review|plan))?|它|这个"
    r"|那个|该活动|上面的"
)


@dataclass(frozen=True)
class CampaignMeant:
    """One reference, or the candidates to choose from when there is none."""

    reference: str | None
    candidates: tuple[str, ...] = ()


def campaign_meant(request: Request) -> CampaignMeant:
    """The campaign named, else the one in focus, else a guess; several equal guesses are candidates."""
    if request.campaigns:
        return CampaignMeant(request.campaigns[0].reference)
    guesses = request.guessed_campaigns
    focus = request.focus.campaign
    if len(guesses) == 1:
        return CampaignMeant(guesses[0])
    if request.unknown_campaign:
        return CampaignMeant(request.unknown_campaign)
    if focus is not None and (not guesses or focus.name in guesses):
        return CampaignMeant(focus.reference)
    return CampaignMeant(None, guesses or request.campaign_names)


def speaks_of_campaign(request: Request) -> bool:
    """Whether the words name a campaign, fully or in part, or point back to one in focus."""
    if request.campaigns or request.guessed_campaigns:
        return True
    return request.focus.campaign is not None and bool(_POINTS_BACK.search(request.lowered))
