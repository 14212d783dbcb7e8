"""Answers from the knowledge base: each lesson with its state and where it comes from, and the rules of the house."""

from collections.abc import Mapping
from typing import Any

from agent.planner.compose.words import Voice, typed

LESSONS_BESIDE_RULES = 2
"""When the question was about a rule, lessons are only an addition."""

_STATES = {
    "supported": ("supported", "有证据支持"),
    "inconclusive": ("not conclusive", "尚无定论"),
    "contradicted": ("contradicted by later campaigns", "已被后续活动否定"),
    "expired": ("out of date", "已过期"),
}
_RULES = {
    "frequency_cap_total_7d": (
        "messages a member may get in 7 days, all channels together",
        "每位会员7天内最多收到的消息（全部渠道）",
    ),
    "frequency_cap_per_channel_7d": (
        "messages a member may get in 7 days, by channel",
        "每位会员7天内各渠道最多收到的消息",
    ),
    "quiet_hours_start": ("quiet hours begin", "免打扰开始"),
    "quiet_hours_end": ("quiet hours end", "免打扰结束"),
    "late_limit_hours": ("hours after which a message is too late to send", "超过多少小时不再发送"),
    "approval_ttl_hours": ("hours until an approval request expires", "审批申请的有效小时数"),
    "default_holdout_pct": ("percent of the audience held out by default", "默认对照组百分比"),
}


def say_insights(voice: Voice, result: Mapping[str, Any], view: Mapping[str, Any]) -> str:
    parts = []
    rules = result.get("house_rules")
    if view.get("rules") and isinstance(rules, Mapping):
        parts.append(_say_rules(voice, rules))
    hits = (result.get("hits") or [])[: LESSONS_BESIDE_RULES if parts else None]
    if hits:
        head = voice.say("From the knowledge base:", "知识库中的相关内容：")
        parts.append("\n".join([head, "", *(f"- {say_lesson(voice, hit)}" for hit in hits)]))
    if not parts:
        return voice.say("The knowledge base holds nothing on this yet.", "知识库中还没有相关内容。")
    return "\n\n".join(parts)


def say_lesson(voice: Voice, hit: Mapping[str, Any]) -> str:
    """The claim, how well it is supported, and its source."""
    state = _STATES.get(str(hit.get("state", "")))
    notes = [voice.say(*state)] if state else []
    if source := hit.get("source"):
        notes.append(voice.say(f"source: {voice.words(source)}", f"来源：{voice.words(source)}"))
    claim = typed(hit.get("claim", ""))
    return f"{claim} ({voice.listed(notes)})" if notes else claim


def say_source(voice: Voice, hit: Mapping[str, Any]) -> str:
    """Where a lesson comes from and how well it is supported, without its words."""
    state = _STATES.get(str(hit.get("state", "")))
    source = voice.words(hit.get("source") or "")
    return f"{source} ({voice.say(*state)})" if state else source


def _say_rules(voice: Voice, rules: Mapping[str, Any]) -> str:
    head = voice.say("House rules on contact:", "联系会员的规则：")
    lines = [
        f"- {voice.say(*words)}: {_rule_value(voice, rules[name])}" for name, words in _RULES.items() if name in rules
    ]
    return "\n".join([head, "", *lines])


def _rule_value(voice: Voice, value: Any) -> str:
    if isinstance(value, Mapping):
        return voice.listed(f"{voice.channel(str(channel))} {number}" for channel, number in value.items())
    return str(value)
