"""What a conversation is about: the last segment, campaign and member. Read from its turns, never stored."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from agent.planner.acts import Pending
from agent.planner.conversation import CallMade, Turn
from crm.segments.language.reader import SegmentRequest

SEGMENT_TOOLS = frozenset({"query_segment", "break_down_segment", "explain_membership"})

Topic = Literal["segment", "campaign"]


@dataclass(frozen=True)
class CampaignFocus:
    """The campaign spoken of last, as far as this conversation has seen it."""

    name: str
    id: int | None = None
    state: str | None = None
    brief: Mapping[str, Any] | None = None
    """Audience, channels, offers and so on as last drafted or shown; None when only its name was seen."""

    @property
    def can_change(self) -> bool:
        """Whether its brief was seen and it has not started."""
        return self.brief is not None and self.state in ("draft", "awaiting_approval", "scheduled")


@dataclass(frozen=True)
class Focus:
    segment: SegmentRequest | None = None
    campaign: CampaignFocus | None = None
    campaigns_seen: tuple[str, ...] = ()
    """Names of campaigns that results of this conversation spoke of, newest last."""
    member: str | None = None
    topic: Topic | None = None
    """What the last successful call was about."""
    last_tool: str | None = None
    last_view: Mapping[str, Any] = field(default_factory=dict)
    """What the last answer dwelt on; a fragment such as 'just email' narrows it."""
    pending: Pending | None = None
    """What we asked about in the turn before, when we asked."""


def read_focus(turns: Iterable[Turn]) -> Focus:
    """The focus after these (finished) turns."""
    focus = Focus()
    for turn in turns:
        for made in turn.calls:
            if made.answered and not made.failed:
                focus = _after_call(focus, made)
        focus = replace(focus, pending=turn.pending, last_view=turn.view)
    return focus


def _after_call(focus: Focus, made: CallMade) -> Focus:
    focus = replace(focus, last_tool=made.name)
    if made.name in SEGMENT_TOOLS:
        member = made.args.get("member") or focus.member
        return replace(focus, segment=segment_of(made.args), member=member, topic="segment")
    name = _campaign_name(made)
    if name is None:
        return focus
    campaign = _campaign_after(focus.campaign, name, made)
    seen = (*(each for each in focus.campaigns_seen if each != name), name)
    return replace(focus, campaign=campaign, campaigns_seen=seen, topic="campaign")


def segment_of(args: Mapping[str, Any]) -> SegmentRequest:
    """The segment that a segment tool's arguments describe."""
    return SegmentRequest(
        definition=args["definition"],
        order_by=args.get("order_by"),
        limit=args.get("limit"),
        group_by=tuple(args.get("group_by") or ()),
        metric=args.get("metric"),
    )


def _campaign_name(made: CallMade) -> str | None:
    result = made.result
    campaign = result.get("campaign")
    for found in (
        result.get("name"),
        campaign.get("name") if isinstance(campaign, Mapping) else campaign,
        made.args.get("campaign"),
    ):
        if isinstance(found, str) and found:
            return found
    return None


def _campaign_after(before: CampaignFocus | None, name: str, made: CallMade) -> CampaignFocus:
    known = before if before is not None and before.name == name else CampaignFocus(name)
    result = made.result
    brief = dict(known.brief or {})
    if made.name == "draft_campaign":
        brief = dict(made.args)
    elif made.name == "change_campaign":
        brief.update(made.args.get("changes") or {})
    elif isinstance(result.get("brief"), Mapping):
        brief.update(result["brief"])
    return CampaignFocus(
        name=name,
        id=result.get("campaign_id") or result.get("id") or known.id,
        state=result.get("state") or known.state,
        brief=brief or None,
    )
