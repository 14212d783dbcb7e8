"""Drives the planner's model through whole conversations; tools are answered by plain, made-up results."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage

from agent.planner.model import PlannerChatModel
from crm.access.actor import Actor
from crm.access.models import Role
from crm.catalog import CATALOG
from crm.segments.language.vocabulary import Vocabulary

TODAY = date(2026, 6, 1)
SHANGHAI = ZoneInfo("Asia/Shanghai")
CAMPAIGNS = {
    "Spring Refresh": "ended",
    "May Member Day": "ended",
    "Mother's Day Gifting": "ended",
    "Double Points Week": "ended",
    "New Year Thank You": "ended",
    "Summer Skincare": "running",
    "Platinum Win-back": "awaiting_approval",
    "618 Warm-up": "scheduled",
    "Silver Upgrade Push": "draft",
    "Tea Club Reboot": "draft",
    "Weekend Flash": "paused",
}
CITIES = (
    "Beijing Shanghai Guangzhou Shenzhen Hangzhou Chengdu Chongqing Nanjing Suzhou Wuxi Wuhan Tianjin Xiamen Qingdao"
)
CATEGORIES = ("skincare", "makeup", "fragrance", "coffee", "tea", "snacks", "wine", "kitchen", "home", "apparel")
CATEGORIES += ("shoes", "baby", "pet", "electronics", "outdoor")
TAGS = ("coffee-lover", "tea-drinker", "new-mom", "price-sensitive", "gift-buyer", "runner", "pet-owner", "vegan")
TAGS += ("student", "sensitive-skin", "KOL")
MEMBERS = {"张敏": "Zhang Min", "李雷": "Li Lei", "李娜": "Li Na", "王芳": "Wang Fang", "王磊": "Wang Lei"}
MEMBERS |= {"陈静": "Chen Jing", "刘洋": "Liu Yang", "周婷": "Zhou Ting"}
ACTORS = {
    "ops": Actor(1, "ops", "Olivia Ops", Role.OPERATIONS),
    "csm": Actor(2, "kevin", "Kevin Zhao", Role.CSM),
    "manager": Actor(3, "grace", "Grace Lin", Role.MANAGER),
}


def make_vocabulary() -> Vocabulary:
    """The names of the demo workspace."""
    return Vocabulary(
        fields={entry.name: entry for entry in CATALOG.fields},
        values={
            "tier": ("bronze", "gold", "platinum", "silver"),
            "lifecycle_stage": ("active", "dormant", "new", "potential", "vip"),
            "city": tuple(CITIES.split()),
            "gender": ("female", "male"),
            "preferred_channel": ("email", "push", "sms"),
            "channel": ("email", "push", "sms"),
            "category": CATEGORIES,
            "tags": TAGS,
            "campaign": tuple(CAMPAIGNS),
            "member": tuple(MEMBERS.values()),
            "segment": ("Lapsed Platinum", "VIP Shanghai", "高消费沉睡会员"),
        },
        tiers=("bronze", "silver", "gold", "platinum"),
        csms=("Kevin Zhao", "Helen Sun", "Amy Xu"),
        campaign_states=dict(CAMPAIGNS),
        local_names=dict(MEMBERS),
    )


@dataclass
class Said:
    """What one turn brought: the calls made and the last words."""

    calls: list[dict[str, Any]]
    reply: AIMessage

    @property
    def text(self) -> str:
        return str(self.reply.text)

    @property
    def asked(self) -> list[str]:
        return list(self.reply.additional_kwargs.get("asked") or ())

    @property
    def refused(self) -> str | None:
        refused = self.reply.additional_kwargs.get("refused")
        return None if refused is None else str(refused)


@dataclass
class Conversation:
    vocabulary: Vocabulary
    persona: str = "ops"
    results: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Results by tool name in place of the made-up ones; one with "error" counts as a failed call."""
    messages: list[BaseMessage] = field(default_factory=list)
    tool_names: tuple[str, ...] | None = None
    """Tools that the person may use; None for all."""
    model: PlannerChatModel = field(default_factory=PlannerChatModel)

    def say(self, words: str) -> Said:
        # The graph gives every message an id of its own.
        self.messages.append(HumanMessage(words, id=f"request-{len(self.messages)}"))
        return self.repeat()

    def repeat(self) -> Said:
        """Answer the last request (again)."""
        calls: list[dict[str, Any]] = []
        while True:
            reply = self._call_model()
            self.messages.append(reply)
            if not reply.tool_calls:
                return Said(calls, reply)
            for call in reply.tool_calls:
                calls.append(dict(call))
                self.messages.append(self._answer(dict(call)))

    def say_all(self, turns: Sequence[str]) -> Said:
        for words in turns:
            said = self.say(words)
        return said

    def _call_model(self) -> AIMessage:
        reply = self.model.invoke(self.messages, **self._settings)
        assert isinstance(reply, AIMessage)
        return reply

    def stream(self, words: str) -> list[str]:
        """The pieces of the first message that answers these words."""
        chunks = self.model.stream([HumanMessage(words)], **self._settings)
        return [str(chunk.text) for chunk in chunks if chunk.text]

    @property
    def _settings(self) -> dict[str, Any]:
        return {
            "vocabulary": self.vocabulary,
            "today": TODAY,
            "zone": SHANGHAI,
            "actor": ACTORS[self.persona],
            "currency": "CNY",
            "tool_names": self.tool_names,
        }

    def _answer(self, call: dict[str, Any]) -> ToolMessage:
        result = self.results.get(call["name"]) or made_up_result(call["name"], call["args"])
        return ToolMessage(
            json.dumps(result, ensure_ascii=False),
            name=call["name"],
            tool_call_id=call["id"],
            status="error" if "error" in result else "success",
        )


def made_up_result(name: str, args: Mapping[str, Any]) -> dict[str, Any]:
    """A small result of the shape that the tool documents."""
    campaign = args.get("campaign") or args.get("name") or "Draft 1"
    if "journey" in name or name == "list_tasks":
        return _journey_result(name, args)
    if name in ("query_segment", "break_down_segment"):
        rows = [{"id": 12, "name": "⟦Zhang Min⟧", "tier": "platinum", "city": "Shanghai"}]
        groups = [{"key": ["Shanghai"], "value": 40, "count": 40}]
        facts = {"count": 102, "as_of": "2026-06-01", "read_back": "members who fit"}
        return {**facts, "members": rows, "shown": 1, "groups": groups, "metric": {"fn": "count"}}
    if name == "explain_membership":
        condition = {"words": "tier is platinum", "value": "gold", "verdict": False}
        member = {"id": 12, "name": f"⟦{args['member']}⟧"}
        return {"member": member, "is_member": False, "conditions": [condition], "as_of": "2026-06-01"}
    if name == "explain_segment":
        parts = [{"path": "all[0]", "words": "tier is gold", "without": 160, "difference": 58}]
        edge = {
            "id": 12,
            "name": "⟦Zhang Min⟧",
            "tier": "gold",
            "city": "Wuhan",
            "words": "amount spent is at least ¥100",
        }
        edge |= {"measured": "amount spent", "value": 95.5, "distance": 4.5, "unit": "money"}
        facts = {"count": 102, "as_of": "2026-06-01", "read_back": "members who fit"}
        return {**facts, "conditions": parts, "just_out": [edge], "just_in": []}
    if name in ("save_segment", "show_segment"):
        standing = {"count": 102, "state": "fresh", "evaluated_at": "2026-06-01T09:00", "version": 1}
        return {**standing, "name": args.get("name") or args.get("segment"), "read_back": "members who fit"}
    if name == "list_segments":
        row = {"name": "Lapsed Platinum", "count": 102, "state": "fresh", "evaluated_at": "2026-06-01T09:00"}
        return {"segments": [row], "total": 1, "shown": 1}
    if name == "list_campaigns":
        return {"campaigns": [{"name": "Summer Skincare", "state": "running"}], "total": 1}
    if name == "search_insights":
        return {"hits": []}
    if name == "review_campaign":
        return {"campaign_id": 7, "campaign": campaign, "headline": {"words": "The data cannot tell."}, "metrics": []}
    state = CAMPAIGNS.get(str(campaign), "draft")
    brief = {"channels": ["email"]}
    return {
        "campaign_id": 7,
        "name": campaign,
        "state": state,
        "end_reason": "completed" if state == "ended" else None,
        "brief": brief,
        "plan": {"audience_count": 102, "total_messages": 90},
    }


def _journey_result(name: str, args: Mapping[str, Any]) -> dict[str, Any]:
    journey = args.get("journey") or args.get("name") or "Welcome of new members"
    if name == "list_journeys":
        row = {"name": journey, "state": "running", "under_way": 12, "entered": 40}
        return {"total": 1, "shown": 1, "journeys": [row]}
    if name == "list_tasks":
        task = {"member": "⟦Li Lei⟧", "title": "Call", "owner": None, "due_at": "2026-06-04T09:00", "is_overdue": False}
        return {"total": 1, "shown": 1, "whose": args["whose"], "tasks": [task]}
    if name == "show_journey_member":
        entry = {"at": "2026-06-01T09:00", "kind": "entered", "what": "joined-12", "detail": None}
        way = {"state": "active", "arm": "treatment", "step_key": "settle", "step": "Wait 3 days"}
        way |= {"wake_at": "2026-06-04T09:00", "entries": [entry]}
        return {"name": journey, "member": f"⟦{args['member']}⟧", "ways": [way]}
    ways = [{"label": "yes", "to": "thanks"}]
    step = {"key": "look", "words": "Look whether the member orders", "ways": ways, "standing": 3, "tasks": {}}
    channel = {"channel": "email", "delivered": 30, "excluded": 4, "clicked": 2}
    counts = {"entered": 40, "under_way": 12, "held_out": 4, "members_reached": 30}
    ordered = {"ripe": 20, "ordered": 5, "share": 0.25}
    words = {"trigger": "When a member joins", "reentry": "Each member takes part once.", "steps": [step]}
    return {
        "name": journey,
        "version": 1,
        "state": "running",
        **words,
        **counts,
        "channels": [channel],
        "ordered": ordered,
    }
