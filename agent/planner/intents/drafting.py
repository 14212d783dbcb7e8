"""Drafting a campaign and changing the draft."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from agent.planner.acts import Act, Ask, Calls, Pending, ToolUse, call
from agent.planner.brief_words import (
    BriefWords,
    audience_of,
    bare_amount,
    bare_percent,
    read_brief_words,
    refused_channels,
)
from agent.planner.intents.base import EXPLICIT, LIKELY, NONE, POSSIBLE, Cues, Intent, ask_campaign, which
from agent.planner.intents.campaign_reference import campaign_meant
from agent.planner.request import Request
from agent.planner.slots.span import Span

_QUESTION = re.compile(
    r"^\W*(?:how|why|what|which|who|when|did|does|has|have|was|were|is|are|show|list|count|compare|find|open"
    r"|see|export)\b|多少|哪些|怎么样|为什么|列出"
)

_SLOT_QUESTIONS = {
    "audience": ("which members should get it (audience)", "发给哪些会员（受众）"),
    "offer": (
        "what do you want to offer (15% off, a ¥50 coupon, double points)",
        "提供什么优惠（85折、50元券、双倍积分）",
    ),
    "which_coupon": ("which coupon or offer (¥50 off, 15% off)", "哪一张券或哪种优惠（50元券、85折）"),
    "channel": (
        "on which channel (email, SMS, push, or each member's preferred one)",
        "用哪个渠道（邮件、短信、推送，或各自偏好的渠道）",
    ),
}
"""How each slot is asked for, English and Chinese; the reader asks about vague words itself."""

_TOO = re.compile(r"\W*(?:too|as well|also|on top|in addition)\b")
_ADDS = re.compile(r"\b(?:add|also|plus|as well|too|include|in addition|on top)\b|再加|加上|另外|也")
_CHANNEL_VERBS = (
    (
        "drop",
        re.compile(
            r"\b(?:instead of|rather than|drop|remove|without|no|not|skip|leave out|lose|cut)\b|去掉|不要|删掉?|取消"
        ),
    ),
    ("use", re.compile(r"\b(?:use|add|by|via|with|to|only|just|instead(?! of)|make|but|send|switch)\b|用|改|换|加|只")),
)


_NO_CHANNEL_LEFT = (
    "Then it would be sent on no channel. On which one: e-mail, SMS or push? Nothing was changed.",
    "这样就没有发送渠道了。要用哪个渠道：邮件、短信还是推送？没有做任何改动。",
)
_ALONE = re.compile(r"\s*(?:only|instead|alone|just|will do|is enough)\b|\s*(?:就够|就好|即可)")
"""After a channel: it is the one that stays."""
_REPEATED = frozenset({"goal", "channels", "offers", "start", "end", "holdout_pct", "holdout_waiver", "budget_cents"})
"""What a second draft takes over from the first; its name and audience are its own."""


class DraftCampaign(Intent):
    name = "draft_campaign"
    _MAKES: ClassVar[Cues] = Cues(
        r"(?:create|draft|set ?up|build|make|prepare|launch|start|design|run|spin up|put together|organi[sz]e"
        r"|plan|new|need|want|do|get|schedule|write|propose|send)\b"
        r"(?:(?!\b(?:members?|who|audience)\b).){0,60}?\b(?:camp\w{0,4}gns?|promos?|promotions?|blast|teaser"
        r"|newsletter|mailing|mailshot|outreach|drive|offer)"
        r"|(?:put together|write|draft|prepare|compose|create)\s(?:an?\s|some\s)(?:[\w'-]+\s){0,3}(?:notes?"
        r"|e-?mails?|messages?|sms|text|push)"
        r"|camp\w{0,4}gn (?:for|to|targeting|aimed)|teaser (?:to|for)",
        "(?:建|创建|做|新建|策划|发起|准备|设置|起草|搞|办|来|弄).{0,30}(?:活动|营销|推广|促销|召回)|(?:活动|召回).{0,4}(?:给|面向|针对)",
    )
    _MAKES_NAMED: ClassVar[re.Pattern[str]] = re.compile(
        r"^\W*(?:please |pls |can you |could you )?(?:create|draft|set ?up|build|make|prepare)\b|建|创建"
    )
    """With a name in quotes beside it: "set up 'Silver Stretch' for ..."."""
    _NEW: ClassVar[re.Pattern[str]] = re.compile(
        r"\b(?:draft|create|make|prepare|build|write|set ?up)\s(?:me\s|us\s)?(?:an?|another|new|one more)\b"
        r"|(?:再|另外|新)(?:建|做|起草|来|搞|弄)一?个"
    )
    """With an offer or a channel and members it is a brief of its own, whatever the thread spoke of before."""
    _SENDS: ClassVar[Cues] = Cues(
        r"(?:send|offer|give|reward|treat|blast|notify|invite|thank|reach out to)\s\w+"
        r"|(?:^|[.,;!]\s*|(?:please|pls|and|then|to|can you|now|just)\s)(?:sms|e-?mail|text|push"
        r"|message)\s(?!and\b|or\b|only\b)[\w¥$]+",
        "给.{1,40}(?:发|推送|送)|向.{1,40}(?:发|推送)|群发",
    )
    _SOMEBODY: ClassVar[re.Pattern[str]] = re.compile(
        r"\b(?:to|everyone|everybody|all|members?|them|those|customers?|people)\b|给|向|群发"
    )
    _WRITES_TO_THEM: ClassVar[re.Pattern[str]] = re.compile(
        r"\b(?:send|message|e-?mail|text|contact|write to|reach out to)\s(?:to\s)?(?:them|those|these"
        r"|everyone|everybody)\b"
    )
    """Wants to write to somebody and says neither what nor, perhaps, to whom: worth a question."""
    _AGAIN: ClassVar[Cues] = Cues(
        r"(?:the )?same (?:thing |again |campaign )?(?:for|to|but)|another one for|do (?:it|the same) for"
        r"|repeat (?:it|this|that) for",
        "同样.{0,6}给|一样的.{0,6}给|再给",
    )
    """A second draft like the one in focus: 'same for Shanghai'."""
    _ANY_CAMPAIGN: ClassVar[re.Pattern[str]] = re.compile(r"\bcamp\w{0,4}gns?\b|活动")

    def score(self, request: Request) -> float:
        text = request.unnamed
        if _QUESTION.search(text):
            return NONE
        makes_named = bool(request.quoted) and self._MAKES_NAMED.search(text) is not None
        if makes_named or self._MAKES.found_in(text) or self._repeated(request) is not None:
            return EXPLICIT - 0.04
        has_offer, has_channel = bool(request.offers), bool(request.channels)
        if self._NEW.search(text) and (has_offer or has_channel) and re.search(r"\bmembers?\b|会员", text):
            return EXPLICIT - 0.04
        names_content = has_offer or has_channel or request.speaks_of_benefit
        if self._SENDS.found_in(text) and names_content and self._SOMEBODY.search(text):
            return LIKELY + 0.02
        if self._WRITES_TO_THEM.search(text):
            return POSSIBLE + 0.05
        if has_offer and has_channel and request.focus.topic != "campaign":
            return LIKELY
        return POSSIBLE + 0.01 if has_offer and self._ANY_CAMPAIGN.search(text) else NONE

    def plan(self, request: Request) -> Act:
        words = read_brief_words(request)
        repeated = self._repeated(request)
        if repeated is not None:
            words = replace(words, audience=repeated["audience"])
        return self._draft_or_ask(request, words, repeated or {})

    def _repeated(self, request: Request) -> dict[str, Any] | None:
        """The draft in focus under another audience; None when the request does not ask for it again."""
        brief = request.focus.campaign.brief if request.focus.campaign else None
        if not brief or request.focus.topic != "campaign" or not self._AGAIN.found_in(request.unnamed):
            return None
        audience = audience_of(request, brief)
        kept = {key: value for key, value in brief.items() if key in _REPEATED}
        return None if audience is None else {**kept, "audience": audience}

    def complete(self, request: Request, pending: Pending) -> Act | None:
        words = read_brief_words(request, whole_is_audience="audience" in pending.missing)
        if not words.arguments():
            return None
        return self._draft_or_ask(request, words, pending.args)

    def _draft_or_ask(self, request: Request, words: BriefWords, known: Mapping[str, Any]) -> Act:
        args = {**known, **words.arguments()}
        missing = _missing(request, words, args)
        if missing:
            return Ask(missing, _question(request, words, missing), Pending(self.name, args, missing))
        return Calls((ToolUse(self.name, args),), unread=words.unread, view={"default_time": words.has_default_time})


class ChangeCampaign(Intent):
    """Changes to the draft in focus, or to one that is named: 'make that 15% and add push'."""

    name = "change_campaign"
    _CHANGES: ClassVar[Cues] = Cues(
        r"make (?:it|that|this|them)|change|add|remove|drop|only|just|rename|set|without|actually"
        r"|also|call it|name it|instead|switch|swap|replace|use|update|move|shift|raise|increase"
        r"|lower|reduce|decrease|extend|exclude|include|limit|restrict|cut|edit|adjust|too|as well|no|skip|leave out",
        "改|换成|加上?|去掉|删|只|不要|再加|调整|设为|排除|限|另外|也",
    )
    _IN_AUDIENCE: ClassVar[re.Pattern[str]] = re.compile(
        r"\b(?:(?:was|were|been|who|anyone|everyone|people|members?|those)\s(?:\w+\s){0,2}(?:in|from|of|by)"
        r"|got|received|joined"
        r"|recipients of|participants of)\s(?:the\s)?$|(?:参加过?|参与过?|收到过?|排除)\s?$"
    )
    """Words before a campaign's name that make it a condition on members: 'exclude anyone who was in ...'."""
    _LAUNCHES: ClassVar[Cues] = Cues(
        r"(?:re-?)?schedule|launch|live|publish|release|kick\b.*\boff|submit|approve", "排期|上线|发布|提交|批准"
    )
    """Words that start a campaign; with them a day is no change of the draft."""

    def score(self, request: Request) -> float:
        if _QUESTION.search(request.unnamed) or self._reference(request) is None:
            return NONE
        if not self._CHANGES.found_in(request.unnamed) and not self._is_fragment(request):
            return NONE
        changes = self._changes(request)
        if not changes and self._drops_every_channel(request):
            return LIKELY
        if not changes or (set(changes) == {"start"} and self._LAUNCHES.found_in(request.unnamed)):
            return NONE
        return EXPLICIT - 0.05 if request.campaigns else LIKELY + 0.08

    def plan(self, request: Request) -> Act:
        reference = self._reference(request)
        if reference is None:
            return ask_campaign(request, self.name, {"changes": self._changes(request)}, request.campaign_names)
        changes = self._changes(request)
        if not changes:
            return Ask(("channel",), which(request, *_NO_CHANNEL_LEFT))
        args = {"campaign": reference, "changes": changes}
        words = read_brief_words(request, changing=True)
        return Calls((ToolUse(self.name, args),), unread=words.unread, view={"default_time": words.has_default_time})

    def complete(self, request: Request, pending: Pending) -> Act | None:
        meant = campaign_meant(request)
        return call(self.name, {**pending.args, "campaign": meant.reference}) if meant.reference else None

    def _reference(self, request: Request) -> str | None:
        """The campaign named as the thing to change, else the draft in focus."""
        for mention in request.campaigns:
            if not self._IN_AUDIENCE.search(request.lowered[: mention.span.start]):
                return mention.reference
        focus = request.focus
        if focus.topic != "campaign" or focus.campaign is None or not focus.campaign.can_change:
            return None
        return focus.campaign.name

    def _is_fragment(self, request: Request) -> bool:
        """Only slots, no verb: '15% off, Friday 9:00'."""
        return len(request.words.split()) <= 8 and bool(
            request.offers or request.channels or request.holdout or request.schedule.day
        )

    def _changes(self, request: Request) -> dict[str, Any]:
        brief = _brief_in_focus(request, self._reference(request))
        words = read_brief_words(request, changing=True)
        changes = {
            key: value
            for key, value in words.arguments().items()
            if key not in ("offers", "channels", "audience", "goal", "name")
        }
        if offers := _changed_offers(request, words, brief):
            changes["offers"] = offers
        if channels := _changed_channels(request, brief):
            changes["channels"] = channels
        if words.name and re.search(r"rename|call it|name it|改名|命名", request.lowered):
            changes["name"] = words.name
        if not changes.get("start") and request.schedule.at and brief.get("start"):
            changes["start"] = f"{str(brief['start'])[:10]}T{request.schedule.at:%H:%M}"
        if (audience := audience_of(request, brief, self._target(request))) is not None:
            changes["audience"] = audience
        return changes

    def _drops_every_channel(self, request: Request) -> bool:
        old = _brief_in_focus(request, self._reference(request)).get("channels") or ()
        named = {found.channel for found in (*request.channels, *refused_channels(request))}
        if refused_channels(request) and not request.channels:
            return bool(old) and named >= set(old)
        before = request.unnamed[: request.channels[0].span.start] if request.channels else ""
        return bool(old) and named >= set(old) and _last_verb(before) == "drop"

    def _target(self, request: Request) -> list[Span]:
        """Where the campaign to change is named."""
        named = request.campaigns
        return [each.span for each in named if not self._IN_AUDIENCE.search(request.lowered[: each.span.start])]


def _missing(request: Request, words: BriefWords, args: Mapping[str, Any]) -> tuple[str, ...]:
    missing: list[str] = []
    if "audience" not in args:
        missing += words.question.slots if words.question else ("audience",)
    if not args.get("offers") and not words.needs_no_offer:
        missing.append("which_coupon" if request.speaks_of_benefit else "offer")
    if not args.get("channels"):
        missing.append("channel")
    if missing == ["offer"]:  # a message may go out without an offer; only an empty request needs one
        return ()
    return tuple(missing)


def _question(request: Request, words: BriefWords, missing: tuple[str, ...]) -> str:
    """One question for everything that is missing."""
    asked = [which(request, *_SLOT_QUESTIONS[slot]) for slot in missing if slot in _SLOT_QUESTIONS]
    own = which(
        request, "Before I draft this: " + "; ".join(asked) + "?", "起草之前请告诉我：" + "；".join(asked) + "？"
    )
    return " ".join(part for part in (words.question.words if words.question else "", own if asked else "") if part)


def _brief_in_focus(request: Request, reference: str | None) -> Mapping[str, Any]:
    """The brief of the campaign to change, as far as the conversation has seen it."""
    focus = request.focus.campaign
    return focus.brief or {} if focus is not None and focus.name == reference else {}


def _changed_offers(request: Request, words: BriefWords, brief: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The new list of offers: with 'add' beside the old ones, else in their place."""
    old = [dict(offer) for offer in brief.get("offers") or ()]
    new = [dict(offer) for offer in words.offers] or _bare_values(request, old)
    if not new:
        return []
    first_offer = request.offers[0].span.start if request.offers else 0
    last_offer = request.offers[-1].span.end if request.offers else 0
    adds = _ADDS.search(request.unnamed[:first_offer]) or _TOO.match(request.unnamed[last_offer:])
    return [*old, *new] if adds else new


def _bare_values(request: Request, old: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """'make that 15%', 'raise it to ¥80': a new value for the old offer of that kind, or a discount where none was."""
    if (percent := bare_percent(request)) is not None:
        return _with_value(old, "percent_off", percent) or [{"kind": "percent_off", "value": percent}]
    amount = bare_amount(request)
    return [] if amount is None else _with_value(old, "amount_off", amount)


def _with_value(offers: list[dict[str, Any]], kind: str, value: float) -> list[dict[str, Any]]:
    if not any(offer["kind"] == kind for offer in offers):
        return []
    return [{**offer, "value": value} if offer["kind"] == kind else offer for offer in offers]


def _changed_channels(request: Request, brief: Mapping[str, Any]) -> list[str]:
    """The new channels. Each one named goes with the nearest verb before it: drop, add, or use instead."""
    old = [str(channel) for channel in brief.get("channels") or ()]
    dropped = [found.channel for found in refused_channels(request)]
    named: list[str] = []
    for found in request.channels:
        if found.channel in dropped:
            continue
        before, after = request.unnamed[: found.span.start], request.unnamed[found.span.end :]
        is_dropped = _last_verb(before) == "drop" and not _ALONE.match(after)
        (dropped if is_dropped else named).append(found.channel)
    if not named:
        return [channel for channel in old if channel not in dropped] if dropped else []
    adds = _ADDS.search(request.unnamed) and "instead" not in request.unnamed
    kept = [channel for channel in old if channel not in dropped] if adds else []
    return list(dict.fromkeys([*kept, *named]))


def _last_verb(before: str) -> str | None:
    verbs = [(match.start(), name) for name, pattern in _CHANNEL_VERBS for match in pattern.finditer(before)]
    return max(verbs)[1] if verbs else None
