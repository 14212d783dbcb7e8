"""Which campaign a request is about: named, guessed from a part of its name, or the one in focus."""

import re
from dataclasses import dataclass

from agent.planner.request import Request
from agent.planner.slots.references import fits_as_well

_POINTS_BACK = re.compile(
    r"\b(?:it|its|that|this|same|(?:the|that|this) (?:campaign|draft|one|report|review|plan))\b|它|这个|那个|该活动"
    r"|上面的"
)
_MEMBERS = re.compile(
    r"\b(?:members|customers?|people|ppl|everyone|anyone|shoppers?"
    r"|who (?:were|was|joined|got|received|opened|clicked|bought))\b|会员|客户|顾客|的人"
)


@dataclass(frozen=True)
class CampaignMeant:
    """One reference, or the candidates to choose from when there is none."""

    reference: str | None
    candidates: tuple[str, ...] = ()


def campaign_meant(request: Request) -> CampaignMeant:
    """The campaign named; else the one in focus when the words point back; else a guess; else the one in focus."""
    if request.campaigns:
        return CampaignMeant(request.campaigns[0].reference)
    guesses = request.guessed_campaigns
    focus = request.focus.campaign
    if focus is not None and (points_back(request) or fits_as_well(request.words, focus.name, guesses)):
        return CampaignMeant(focus.name)
    if len(guesses) == 1:
        return CampaignMeant(guesses[0])
    if request.unknown_campaign:
        return CampaignMeant(request.unknown_campaign)
    if focus is not None and not guesses:
        return CampaignMeant(focus.name)
    return CampaignMeant(None, guesses or request.campaign_names)


def points_back(request: Request) -> bool:
    """'it', 'that campaign', 'the report': words for what was spoken of before."""
    return bool(_POINTS_BACK.search(request.unnamed))


def speaks_of_members(request: Request) -> bool:
    return bool(_MEMBERS.search(request.unnamed))


def speaks_of_campaign(request: Request) -> bool:
    """Whether the words name a campaign, fully or in part, point back to one, or go on about the one in focus.

    A part of a name ('may', 'silver') means nothing in a question about members.
    """
    if request.campaigns or request.unknown_campaign or (request.guessed_campaigns and not speaks_of_members(request)):
        return True
    if request.focus.campaign is None:
        return False
    return points_back(request) or (request.focus.topic == "campaign" and not speaks_of_members(request))
