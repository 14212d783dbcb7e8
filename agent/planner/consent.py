"""A manager's yes in own words to what waits: 'ok, at ten then', 可以，就十点吧. It leads to the question."""

import re

from agent.planner.acts import Act, call
from agent.planner.request import Request
from agent.planner.speech import sentences_of

_YES = re.compile(
    r"^\W*(?:ok(?:ay)?\b|yes\b|fine (?:by|with) me|looks? good|all right\b|alright\b|sounds good|good to go|go\b"
    r"|go ahead"
    r"|sure\b|agreed\b|approved\b|👍)|\b(?:you have my ok|no objections?|approved?|let it (?:go|run)|can (?:run"
    r"|go out))\b"
    r"|^\W*(?:行|可以|好|没问题|同意|批准?了?|我同意)|(?:同意|批了吧?|批准|就这么发)"
)
_NOT_YES = re.compile(
    r"\b(?:not|n't|never|no way|if|might|would|eventually|later|why|reject|half|but|last|was|were|say|says|said"
    r"|note)\b"
    r"|n't\b|不|如果|回头|再批|等|要是|什么|驳回|备注|写着|还没|差不多"
)


def read_consent(request: Request) -> Act | None:
    """The approval that is meant, when one waits in this thread and the words say yes to it."""
    campaign = request.focus.campaign
    waits = campaign is not None and campaign.state == "awaiting_approval" and request.focus.topic == "campaign"
    names_other = request.campaigns and campaign is not None and request.campaigns[0].reference != campaign.name
    if campaign is None or not waits or names_other or request.focus.pending is not None:
        return None
    words = request.unnamed
    without_objections = re.sub(r"\bno objections?\b|没问题", "ok", words)
    if not _YES.search(words) or _NOT_YES.search(without_objections):
        return None
    if any(sentence.kind == "question" for sentence in sentences_of(request.words)):
        return None
    return call("approve_campaign", campaign=campaign.name)
