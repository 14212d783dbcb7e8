"""Answers about saved segments: what was saved, which there are, and how one of them stands."""

from collections.abc import Mapping
from typing import Any

from agent.planner.compose.words import Voice, typed

Result = Mapping[str, Any]
_STATES = {"fresh": ("up to date", "最新"), "stale": ("out of date", "待更新"), "failed": ("failed", "更新失败")}


def say_saved(voice: Voice, result: Result, _view: Result) -> str:
    count = voice.count(int(result["count"]), "member", "members", "位会员")
    name = typed(result["name"])
    return voice.say(
        f"Saved as **{name}** (version {result['version']}): {count}. It is kept up to date from now on.",
        f"已保存为 **{name}**（第 {result['version']} 版）：{count}，之后自动保持更新。",
    )


def say_saved_list(voice: Voice, result: Result, _view: Result) -> str:
    rows = result.get("segments") or []
    if not rows:
        return voice.say(
            "No segment is saved yet. Ask for members, then say *save it as …*.",
            "还没有保存的分群。先查询会员，再说“保存为……”。",
        )
    lines = [f"- **{typed(row['name'])}**: {_standing(voice, row)}" for row in rows]
    left = int(result.get("total", len(rows))) - len(rows)
    more = [voice.say(f"- and {left} more on the card", f"- 其余 {left} 个见卡片")] if left > 0 else []
    head = voice.count(int(result.get("total", len(rows))), "saved segment", "saved segments", "个已保存的分群")
    return "\n".join([f"{head}{voice.say(':', '：')}", "", *lines, *more])


def say_saved_segment(voice: Voice, result: Result, view: Result) -> str:
    name = typed(result.get("name", ""))
    head = f"**{name}**{voice.say(': ', '：')}{_standing(voice, result)}"
    parts = [head, typed(result.get("read_back", ""))]
    if view.get("dwell") == "passages":
        parts = [head, _passages(voice, result)]
    if subscribers := result.get("subscribers"):
        names = voice.listed(typed(each["name"]) for each in subscribers)
        parts.append(voice.say(f"Used by: {names}.", f"使用方：{names}。"))
    return "\n\n".join(part for part in parts if part)


def _standing(voice: Voice, row: Result) -> str:
    count = voice.count(int(row["count"]), "member", "members", "位会员")
    en, zh = _STATES.get(str(row.get("state")), (str(row.get("state")), str(row.get("state"))))
    reason = row.get("state_reason")
    why = f" ({typed(reason)})" if reason else ""
    when = voice.day(row["evaluated_at"]) if row.get("evaluated_at") else ""
    return voice.say(f"{count}, {en}{why}, evaluated {when}", f"{count}，{zh}{why}，更新于 {when}")


def _passages(voice: Voice, result: Result) -> str:
    """Who came and went, day by day and by name where the result names them."""
    lines = [
        voice.say(
            f"- {voice.day(day['on'])}: {day['entered']} entered, {day['left']} left",
            f"- {voice.day(day['on'])}：进入 {day['entered']} 位，离开 {day['left']} 位",
        )
        for day in result.get("days") or ()
        if day.get("entered") or day.get("left")
    ]
    named = [
        f"- {typed(event['name'])}: {_passage(voice, str(event['kind']))}, {voice.day(event['at'])}"
        for event in result.get("events") or ()
    ]
    if not lines and not named:
        return voice.say("Nobody entered or left in the days on record.", "有记录的这几天没有人进入或离开。")
    return "\n".join([*lines, *named])


def _passage(voice: Voice, kind: str) -> str:
    return voice.say(kind, "离开" if kind == "left" else "进入")
