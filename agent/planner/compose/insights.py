"""Answers from the knowledge base: each lesson with its state and where it comes from."""

from collections.abc import Mapping
from typing import Any

from agent.planner.compose.words import Voice
from tools.fence import unfence

_STATES = {
    "supported": ("supported", "有证据支持"),
    "inconclusive": ("not conclusive", "尚无定论"),
    "contradicted": ("contradicted by later campaigns", "已被后续活动否定"),
    "expired": ("out of date", "已过期"),
}


def say_insights(voice: Voice, result: Mapping[str, Any], _view: Mapping[str, Any]) -> str:
    hits = result.get("hits") or result.get("insights") or []
    if not hits:
        return voice.say("The knowledge base holds nothing on this yet.", "知识库中还没有相关内容。")
    head = voice.say("From the knowledge base:", "知识库中的相关内容：")
    return "\n".join([head, "", *(f"- {_lesson(voice, hit)}" for hit in hits)])


def _lesson(voice: Voice, hit: Mapping[str, Any]) -> str:
    claim = voice.words(hit.get("claim") or hit.get("text") or "")
    state = _STATES.get(str(hit.get("state", "")))
    notes = [voice.say(*state)] if state else []
    if source := hit.get("source") or hit.get("campaign"):
        notes.append(voice.say(f"source: {voice.words(source)}", f"来源：{voice.words(source)}"))
    return f"{unfence(claim)} ({voice.listed(notes)})" if notes else unfence(claim)
