"""Answers about journeys, a member's place in one, and tasks."""

from collections.abc import Mapping
from typing import Any

from agent.planner.compose.words import Voice, typed
from crm.journeys.steps.registry import STEP_KINDS

Json = Mapping[str, Any]
ENTRIES_SAID = 6


def say_journey_drafted(voice: Voice, result: Json, view: Json) -> str:
    if view["tool"] == "draft_journey":
        head = voice.say(
            f"I drafted the journey **{typed(result['name'])}**. Nothing is sent before it is submitted, approved and "
            "started.",
            f"已起草旅程 **{typed(result['name'])}**。提交、批准并启动之前不会发送任何消息。",
        )
    else:
        head = voice.say(
            f"The journey **{typed(result['name'])}** waits for approval. Nothing is sent before somebody allowed to "
            "has approved and started it.",
            f"旅程 **{typed(result['name'])}** 已提交审批。有权限的人批准并启动之前不会发送任何消息。",
        )
    return f"{head}\n\n{_steps(voice, result)}"


def say_journey(voice: Voice, result: Json, _view: Json) -> str:
    state = _state(voice, str(result["state"]))
    head = voice.say(
        f"The journey **{typed(result['name'])}**, version {result['version']}, is {state}.",
        f"旅程 **{typed(result['name'])}**（第 {result['version']} 版）：{state}。",
    )
    entered, under_way, held = (voice.number(result[key]) for key in ("entered", "under_way", "held_out"))
    counts = voice.say(
        f"{entered} entered, {under_way} are under way, {held} are held back for measuring; "
        f"{voice.number(result['members_reached'])} members were reached.",
        f"共进入 {entered} 人次，进行中 {under_way}，对照组 {held}；"
        f"已触达 {voice.number(result['members_reached'])} 位会员。",
    )
    parts = [head, counts, *(_channel(voice, row) for row in result["channels"]), _ordered(voice, result["ordered"])]
    return "\n\n".join((" ".join(part for part in parts if part), _steps(voice, result)))


def say_journey_moved(voice: Voice, result: Json, view: Json) -> str:
    done = {
        "submit_journey": voice.say("now waits for approval", "已提交审批"),
        "pause_journey": voice.say("is paused; nothing goes on until it is resumed", "已暂停，恢复之前不再继续"),
        "resume_journey": voice.say("runs again", "已恢复"),
    }[str(view["tool"])]
    return voice.say(f"The journey **{typed(result['name'])}** {done}.", f"旅程 **{typed(result['name'])}** {done}。")


def say_journeys(voice: Voice, result: Json, _view: Json) -> str:
    rows = result["journeys"]
    if not rows:
        return voice.say(
            "There is no journey yet. Say e.g. *welcome new members by their preferred channel*.",
            "还没有旅程。可以说：欢迎新会员，用各自偏好的渠道。",
        )
    head = voice.count(int(result["total"]), "journey", "journeys", "个旅程") + voice.say(":", "：")
    lines = [
        voice.say(
            f"- **{typed(row['name'])}**: {_state(voice, row['state'])}, {voice.number(row['under_way'])} under way of "
            f"{voice.number(row['entered'])} who entered",
            f"- **{typed(row['name'])}**：{_state(voice, row['state'])}，进行中 {voice.number(row['under_way'])}，"
            f"共进入 {voice.number(row['entered'])}",
        )
        for row in rows
    ]
    return "\n".join([head, *lines])


def say_journey_member(voice: Voice, result: Json, _view: Json) -> str:
    member, name = voice.words(result["member"]), result["name"]
    ways = result["ways"]
    if not ways:
        return voice.say(f"{member} takes no part in **{name}**.", f"{member} 没有参加 **{name}**。")
    return "\n\n".join(_way(voice, member, name, way) for way in ways)


def say_tasks(voice: Voice, result: Json, _view: Json) -> str:
    rows = result["tasks"]
    if not rows:
        return voice.say("No task is open.", "没有未完成的任务。")
    head = voice.count(int(result["total"]), "open task", "open tasks", "个未完成的任务") + voice.say(":", "：")
    lines = []
    for row in rows:
        late = voice.say(", overdue", "，已逾期") if row["is_overdue"] else ""
        owner = row["owner"] or voice.say("nobody", "未分配")
        due = voice.day(row["due_at"])
        lines.append(f"- {voice.words(row['member'])}: {typed(row['title'])} ({due}{late}; {owner})")
    return "\n".join([head, *lines])


def _way(voice: Voice, member: str, name: str, way: Json) -> str:
    if way["step_key"] is not None:
        moves_on = voice.day(way["wake_at"])
        head = voice.say(
            f"{member} is at **{way['step_key']}** of **{name}** ({way['step']}) and moves on {moves_on} at "
            "the latest.",
            f"{member} 在 **{name}** 的 **{way['step_key']}**（{way['step']}），最迟 {moves_on} 继续。",
        )
    else:
        state = _state(voice, str(way["state"]))
        head = voice.say(f"{member} is no longer in **{name}**: {state}.", f"{member} 已不在 **{name}** 中：{state}。")
    if way["arm"] == "holdout":
        head += voice.say(" Held back for measuring, so nothing is sent.", "属于对照组，不发送任何消息。")
    lines = [
        f"- {voice.day(entry['at'])}: {_kind(voice, entry['kind'])} {typed(entry['what'])}"
        + (f" ({voice.words(entry['detail'])})" if entry["detail"] else "")
        for entry in way["entries"][-ENTRIES_SAID:]
    ]
    return "\n".join([head, *lines])


def _kind(voice: Voice, kind: str) -> str:
    """What an entry of a member's way is called: the journeys' own, or what a kind of step left."""
    step_kind = STEP_KINDS.get(kind)
    left = None if step_kind is None else step_kind.timeline_words
    own = _KINDS[voice.language].get(kind, kind)
    return own if left is None else left.in_language(voice.language)


_KINDS: Mapping[str, Mapping[str, str]] = {
    "en": {"entered": "entered by", "step": "left the step", "message": "message", "answer": "member"},
    "zh": {"entered": "进入", "step": "离开步骤", "message": "消息", "answer": "会员", "ended": "结束"},
}
_STATES: Mapping[str, Mapping[str, str]] = {
    "en": {"active": "running", "scheduled": "approved and can be started", "exited": "left early"},
    "zh": {
        "active": "进行中",
        "scheduled": "已批准，待启动",
        "ended": "已结束",
        "exited": "提前退出",
        "stopped": "随旅程结束",
    },
}


def _state(voice: Voice, state: str) -> str:
    return _STATES[voice.language].get(state) or voice.state(state)


def _steps(voice: Voice, result: Json) -> str:
    lines = [voice.say(f"{result['trigger']}. {result['reentry']}", f"{result['trigger']}。{result['reentry']}")]
    for step in result["steps"]:
        here = voice.number(step["standing"])
        standing = voice.say(f" ({here} here)", f"（{here} 人在此）") if step["standing"] else ""
        ways = "; ".join(f"{way['label']}: {way['to']}" for way in step["ways"] if way["label"])
        lines.append(f"- **{typed(step['key'])}**: {typed(step['words'])}{f' ({ways})' if ways else ''}{standing}")
    return "\n".join(lines)


def _channel(voice: Voice, row: Json) -> str:
    delivered, clicked = voice.number(row["delivered"]), voice.number(row["clicked"])
    excluded = voice.number(row["excluded"])
    return voice.say(
        f"{voice.channel(row['channel'])}: {delivered} delivered, {excluded} left out, {clicked} clicked.",
        f"{voice.channel(row['channel'])}：送达 {delivered}，排除 {excluded}，点击 {clicked}。",
    )


def _ordered(voice: Voice, ordered: Json) -> str:
    if ordered["share"] is None:
        return ""
    share, ripe = voice.share(ordered["share"]), voice.number(ordered["ripe"])
    return voice.say(
        f"{share} of the {ripe} who entered long enough ago ordered; ordering afterwards need not be because of it.",
        f"进入时间足够长的 {ripe} 人次中有 {share} 下单（未必由旅程带来）。",
    )
