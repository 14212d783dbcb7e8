"""What a conversation is about: the last segment, campaign and member. Read from its turns, never stored."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Literal

from agent.planner.acts import Pending
from agent.planner.conversation import CallMade, Turn
from crm.segments.definition import ARRANGEMENT
from crm.segments.language.reader import SegmentRequest

SEGMENT_TOOLS = frozenset({"query_segment", "break_down_segment", "explain_membership", "explain_segment"})
EXPLAINING_TOOLS = frozenset({"explain_membership", "explain_segment", "save_segment"})
"""They are asked about the members spoken of, whatever groups these were shown in."""

JOURNEY_TOOLS = frozenset(
    {
        "show_journey",
        "show_journey_member",
        "draft_journey",
        "set_up_journey",
        "submit_journey",
        "pause_journey",
        "resume_journey",
    }
)

Topic = Literal["segment", "campaign", "journey"]


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
    segment_unread: tuple[str, ...] = ()
    """Words about these members that nobody read."""
    campaign: CampaignFocus | None = None
    campaigns_seen: tuple[str, ...] = ()
    """Names of campaigns that results of this conversation spoke of, newest last."""
    member: str | None = None
    saved_segment: str | None = None
    """The saved segment spoken of last."""
    journey: str | None = None
    """The journey spoken of last."""
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
                before, focus = focus.segment, _after_call(focus, made)
                if focus.segment is not before:
                    focus = replace(focus, segment_unread=turn.unread)
        focus = replace(focus, pending=turn.pending, last_view=turn.view)
    return focus


def _after_call(focus: Focus, made: CallMade) -> Focus:
    focus = replace(focus, last_tool=made.name)
    if made.name in SEGMENT_TOOLS:
        member = made.args.get("member") or focus.member
        segment = _regrouped(segment_of(made.args), focus.segment) if made.name in EXPLAINING_TOOLS else None
        return replace(focus, segment=segment or segment_of(made.args), member=member, topic="segment")
    if made.name in ("save_segment", "show_segment"):
        return _after_saved_segment(focus, made)
    if made.name in JOURNEY_TOOLS:
        return replace(focus, journey=str(made.result.get("name") or made.args.get("journey")), topic="journey")
    name = _campaign_name(made)
    if name is None:
        return focus
    campaign = _campaign_after(focus.campaign, name, made)
    seen = (*(each for each in focus.campaigns_seen if each != name), name)
    return replace(focus, campaign=campaign, campaigns_seen=seen, topic="campaign")


def _after_saved_segment(focus: Focus, made: CallMade) -> Focus:
    name = str(made.result.get("name") or made.args.get("name") or made.args.get("segment"))
    segment = focus.segment
    if made.name == "show_segment":
        segment = SegmentRequest({"all": [{"field": "segment", "op": "in", "value": [name]}]})
    return replace(focus, segment=segment, saved_segment=name, topic="segment")


def segment_of(args: Mapping[str, Any]) -> SegmentRequest:
    """The segment that a segment tool's arguments describe."""
    tree = {key: value for key, value in args["definition"].items() if key not in ARRANGEMENT}
    asked = {**args["definition"], **args}
    as_of = args.get("as_of")
    return SegmentRequest(
        definition=tree or {"all": []},
        order_by=asked.get("order_by"),
        limit=asked.get("limit"),
        group_by=tuple(args.get("group_by") or ()),
        metric=args.get("metric"),
        limit_percent=asked.get("limit_percent"),
        share_of=args.get("share_of"),
        as_of=date.fromisoformat(as_of) if as_of else None,
    )


def _regrouped(segment: SegmentRequest, before: SegmentRequest | None) -> SegmentRequest:
    """The segment in the groups that it was shown in before somebody asked why."""
    if before is None or before.definition != segment.definition:
        return segment
    return replace(segment, group_by=before.group_by, metric=before.metric)


def listed(segment: SegmentRequest) -> dict[str, Any]:
    """The tree, with the order that a share of the members is taken in; a limit counts groups there."""
    share = {"order_by": segment.order_by, "limit_percent": segment.limit_percent}
    return {**segment.definition, **(share if segment.limit_percent is not None else {})}


def arranged(segment: SegmentRequest) -> dict[str, Any]:
    """The definition with its order and how many of the list are meant."""
    if segment.group_by:
        return listed(segment)
    found = {name: getattr(segment, name) for name in ARRANGEMENT}
    is_limited = segment.limit is not None or segment.limit_percent is not None
    return {**segment.definition, **{key: value for key, value in found.items() if is_limited and value is not None}}


def day_of(segment: SegmentRequest) -> dict[str, str]:
    """The argument for a past day."""
    return {} if segment.as_of is None else {"as_of": segment.as_of.isoformat()}


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
