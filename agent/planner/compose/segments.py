"""Answers about members: how many and who, shares of others, groups."""

from collections.abc import Mapping
from typing import Any

from agent.planner.compose.explanations import absent_condition
from agent.planner.compose.words import Voice, typed
from crm.words import Text

_METRICS = {
    "avg": Text("average", "平均"),
    "sum": Text("total", "合计"),
    "median": Text("median", "中位数"),
    "share": Text("share", "占比"),
}
GROUPS_SAID = 12
"""Groups written out; the card shows them all."""


def say_segment(voice: Voice, result: Mapping[str, Any], view: Mapping[str, Any]) -> str:
    count = int(result["count"])
    read_back = _clause(str(result.get("read_back", "")))
    members = voice.count(count, "member", "members", "位会员")
    verb = voice.say("fits" if count == 1 else "fit", "符合")
    lines = [
        voice.say(f"**{members}** {verb}: {read_back}", f"**{members}**{verb}：{read_back}") + _as_of(voice, result)
    ]
    if note := absent_condition(voice, view):
        lines.insert(0, note)
    if isinstance(whole := result.get("share_of"), Mapping):
        lines.append(_share(voice, whole))
    if rows := result.get("members"):
        shown = [f"{typed(row['name'])} ({voice.listed(_facts(row))})" for row in rows]
        more = count - len(rows)
        tail = voice.say(f" and {voice.number(more)} more", f"等，另有 {voice.number(more)} 位") if more > 0 else ""
        lines.append(voice.say(f"For example: {voice.listed(shown)}{tail}.", f"例如：{voice.listed(shown)}{tail}。"))
    if count == 0:
        lines.append(
            voice.say(
                "Nobody fits all of it; loosening one condition may help.",
                "没有会员同时满足全部条件，可以放宽其中一项。",
            )
        )
    return "\n\n".join(lines)


def _share(voice: Voice, whole: Mapping[str, Any]) -> str:
    """What part of other members these are."""
    members = voice.count(int(whole["count"]), "member", "members", "位会员")
    of = _clause(str(whole["read_back"]))
    if whole.get("share") is None:
        return voice.say(f"That is a share of nobody: there are no {of}.", f"没有可比的会员：{of}。")
    share = voice.share(float(whole["share"]))
    return voice.say(f"That is **{share}** of {members}: {of}.", f"占 {members} 的 **{share}**：{of}。")


def say_breakdown(voice: Voice, result: Mapping[str, Any], view: Mapping[str, Any]) -> str:
    groups = result.get("groups") or []
    total = int(result.get("groups_total", len(groups)))
    head = f"{_clause(str(result.get('read_back', '')))}{_as_of(voice, result)}"
    if not groups:
        return voice.say(f"No groups: {head}", f"没有分组：{head}")
    metric = result.get("metric") or {}
    is_count = metric.get("fn", "count") == "count"
    rows = [_group_row(voice, group, metric, is_count=is_count) for group in groups[:GROUPS_SAID]]
    left = total - len(rows)
    more = [voice.say(f"and {left} more groups on the card", f"其余 {left} 组见卡片")] if left > 0 else []
    note = [absent_condition(voice, view), ""] if view.get("no_condition") else []
    return "\n".join([*note, head, "", *(f"- {row}" for row in [*rows, *more])])


def _clause(read_back: str) -> str:
    return typed(read_back).strip().rstrip(".。")


def _as_of(voice: Voice, result: Mapping[str, Any]) -> str:
    as_of = result.get("as_of")
    return (
        voice.say(f" (as of {voice.day(as_of)}).", f"（截至{voice.day(as_of)}）。") if as_of else voice.say(".", "。")
    )


def _facts(row: Mapping[str, Any]) -> list[str]:
    return [typed(row[key]) for key in ("tier", "city", "value") if row.get(key) not in (None, "")]


def _group_row(voice: Voice, group: Mapping[str, Any], metric: Mapping[str, Any], *, is_count: bool) -> str:
    key = group.get("key")
    parts = key if isinstance(key, list | tuple) else [key]
    label = " / ".join(voice.say("unknown", "未知") if part is None else typed(part) for part in parts)
    label = label or _METRICS[str(metric.get("fn"))].in_language(voice.language)
    members = voice.count(float(group.get("count") or 0), "member", "members", "位会员")
    if is_count:
        return f"{label}: {members}"
    value = group.get("value")
    if value is None:
        return voice.say(f"{label}: no value ({members})", f"{label}：无数据（{members}）")
    said = voice.share(float(value)) if metric.get("fn") == "share" else voice.number(round(float(value), 2))
    return f"{label}: {said} ({members})"
