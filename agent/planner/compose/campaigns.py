"""Answers about campaigns: drafts, plans, what goes on, and what was decided."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from agent.planner.compose.insights import say_source
from agent.planner.compose.offers import say_offers
from agent.planner.compose.words import Voice, typed

Json = Mapping[str, Any]
DAYS_SAID = 5


def say_drafted(voice: Voice, result: Json, view: Json) -> str:
    head = voice.say(
        f"I drafted **{_name(result)}**. Nothing is scheduled or sent.",
        f"已起草 **{_name(result)}**，尚未排期，也不会发送。",
    )
    return _joined(head, _brief_and_plan(voice, result), _lessons(voice, result), _next_after_draft(voice, view))


def say_changed(voice: Voice, result: Json, view: Json) -> str:
    changes = result.get("changes")
    if not changes:
        return _joined(
            voice.say(
                f"Nothing changed in **{_name(result)}**: it already is as you asked. I can change its name, audience, "
                "channels, offer, start, end, texts, holdout and budget.",
                f"**{_name(result)}** 没有任何变化：本来就是这样。可以修改名称、受众、渠道、优惠、开始和结束时间、"
                "文案、对照组和预算。",
            )
        )
    head = voice.say(f"I changed **{_name(result)}**:", f"已修改 **{_name(result)}**：")
    head += "".join(f"\n- {_change_line(voice, change)}" for change in changes)
    if result.get("approval_voided"):
        head += "\n\n" + voice.say("Its approval is void now; it is a draft again.", "原审批已作废，活动退回草稿。")
    return _joined(head, _brief_and_plan(voice, result), _next_after_draft(voice, view))


def _change_line(voice: Voice, change: Json) -> str:
    before, after = (voice.words(str(change[key])) for key in ("before", "after"))
    return voice.say(f"{change['label']}: {before} → {after}", f"{change['label']}：{before} → {after}")


def say_shown(voice: Voice, result: Json, _view: Json) -> str:
    state = voice.standing(result)
    head = voice.say(f"**{_name(result)}** is {state}.", f"**{_name(result)}**：{state}。")
    return _joined(head, _approval(voice, result), _brief_and_plan(voice, result))


def say_plan(voice: Voice, result: Json, view: Json) -> str:
    plan = _plan(result)
    head = (
        voice.say(f"Outreach plan of **{_name(result)}**", f"**{_name(result)}** 的触达计划")
        + _as_of(voice, plan)
        + voice.say(".", "。")
    )
    lines = _plan_lines(voice, plan)
    if "benefits" in (view.get("aspects") or ()):
        lines = [*_benefit_lines(voice, plan), *(line for line in lines if line not in _benefit_lines(voice, plan))]
    return _paragraph(head, lines)


def say_monitor(voice: Voice, result: Json, view: Json) -> str:
    state = voice.standing(result)
    head = (
        voice.say(f"**{_name(result)}** is {state}", f"**{_name(result)}**：{state}")
        + _as_of(voice, result)
        + voice.say(".", "。")
    )
    aspects = list(view.get("aspects") or ())
    channels = [
        row
        for row in result.get("by_channel") or ()
        if not view.get("channels") or row.get("channel") in view["channels"]
    ]
    exclusions = _exclusion_lines(voice, result.get("exclusions") or ())
    progress = [*_count_lines(voice, result), *(_channel_line(voice, row) for row in channels)]
    lines = [*exclusions, *progress] if "exclusions" in aspects else [*progress, *exclusions]
    return _paragraph(head, lines)


def say_campaigns(voice: Voice, result: Json, view: Json) -> str:
    rows = result.get("campaigns") or []
    if not rows:
        state = view.get("state")
        if state is None:
            return voice.say("There is no campaign yet.", "还没有活动。")
        return voice.say(f"No campaign is {voice.state(state)}.", f"没有{voice.state(state)}的活动。")
    total = int(result.get("total", len(rows)))
    head = voice.count(total, "campaign", "campaigns", "个活动") + voice.say(":", "：")
    return _paragraph(head, [_campaign_line(voice, row) for row in rows])


def say_submitted(voice: Voice, result: Json, _view: Json) -> str:
    head = voice.say(
        f"**{_name(result)}** now waits for approval. Nothing is sent before somebody allowed to has approved it.",
        f"**{_name(result)}** 已提交审批。有权限的人批准之前不会发送任何消息。",
    )
    if start := result.get("starts_at"):
        head += voice.say(f" Start: {voice.day(start)}.", f"开始时间：{voice.day(start)}。")
    return head


def say_decision(voice: Voice, result: Json, view: Json) -> str:
    done = {
        "approve_campaign": voice.say("approved", "已批准"),
        "reject_campaign": voice.say("rejected and back with its author", "已驳回，退回给作者"),
        "pause_campaign": voice.say("paused; nothing more goes out until it is resumed", "已暂停，恢复之前不再发送"),
        "resume_campaign": voice.say("running again", "已恢复"),
        "cancel_campaign": voice.say("cancelled", "已取消"),
    }[str(view["tool"])]
    head = voice.say(f"**{_name(result)}** is {done}.", f"**{_name(result)}** {done}。")
    start = result.get("starts_at")
    if start and view["tool"] == "approve_campaign":
        head += voice.say(f" It starts {voice.day(start)}.", f"将于 {voice.day(start)} 开始。")
    return head


def _joined(*parts: str) -> str:
    return "\n\n".join(part for part in parts if part)


def _approval(voice: Voice, result: Json) -> str:
    """Where the approval stands, when there is one."""
    approval = result.get("approval")
    if not isinstance(approval, Mapping):
        return ""
    state, note = str(approval["state"]), approval.get("note")
    said = voice.say(f"Its approval is {state}", f"审批状态：{state}")
    if state == "pending":
        said += voice.say(
            f" until {voice.day(approval['expires_at'])}", f"，{voice.day(approval['expires_at'])} 前有效"
        )
    return said + (f": {typed(note)}" if note else voice.say(".", "。"))


def _lessons(voice: Voice, result: Json) -> str:
    """Which earlier lessons apply, by their source; the card holds their words."""
    lessons = [say_source(voice, lesson) for lesson in result.get("lessons") or ()]
    if not lessons:
        return ""
    return voice.say("Earlier lessons that apply: ", "适用的以往经验：") + voice.listed(lessons) + voice.say(".", "。")


def _name(result: Json) -> str:
    campaign = result.get("campaign")
    name = campaign.get("name") if isinstance(campaign, Mapping) else campaign
    return typed(result.get("name") or name or "")


def _plan(result: Json) -> Json:
    plan = result.get("plan")
    return plan if isinstance(plan, Mapping) else {}


def _as_of(voice: Voice, facts: Json) -> str:
    as_of = facts.get("as_of")
    return voice.say(f" (as of {voice.day(as_of)})", f"（截至{voice.day(as_of)}）") if as_of else ""


def _paragraph(head: str, lines: Iterable[str]) -> str:
    return "\n".join([head, "", *(f"- {line}" for line in lines)]).rstrip()


def _brief_and_plan(voice: Voice, result: Json) -> str:
    brief = result.get("brief") if isinstance(result.get("brief"), Mapping) else {}
    lines = [*_brief_lines(voice, brief or {}), *_plan_lines(voice, _plan(result))]
    return "\n".join(f"- {line}" for line in lines)


def _brief_lines(voice: Voice, brief: Json) -> list[str]:
    lines = []
    if offers := brief.get("offers"):
        lines.append(voice.say("Offer: ", "优惠：") + say_offers(voice, offers))
    if channels := brief.get("channels"):
        lines.append(voice.say("Channels: ", "渠道：") + voice.listed(voice.channel(channel) for channel in channels))
    if start := brief.get("start"):
        until = (
            voice.say(f", until {voice.day(brief['end'])}", f"，至{voice.day(brief['end'])}")
            if brief.get("end")
            else ""
        )
        lines.append(voice.say("Start: ", "开始：") + voice.day(start) + until)
    return lines


def _plan_lines(voice: Voice, plan: Json) -> list[str]:
    lines = []
    if (audience := plan.get("audience_count")) is not None:
        members = voice.count(audience, "member", "members", "位会员")
        lines.append(
            voice.say(f"Audience: {members}: ", f"受众：{members}：") + typed(plan.get("read_back", "")).rstrip(".。")
        )
    if (holdout := plan.get("holdout_count")) is not None:
        lines.append(
            voice.say(
                f"Held out to measure the effect: {voice.number(holdout)}",
                f"对照组（用于衡量效果）：{voice.number(holdout)} 人",
            )
        )
    lines += _message_lines(voice, plan)
    lines += _exclusion_lines(voice, plan.get("exclusions") or ())
    lines += _benefit_lines(voice, plan)
    if (cost := plan.get("cost_cents")) is not None:
        lines.append(voice.say(f"Cost of sending: {voice.money(cost)}", f"发送成本：{voice.money(cost)}"))
    lines += _conflict_lines(voice, plan)
    lines += [voice.say("Note: ", "注意：") + voice.words(warning) for warning in plan.get("warnings") or ()]
    return lines


def _conflict_lines(voice: Voice, plan: Json) -> list[str]:
    shared = [
        f"{_other(voice, conflict)} ({voice.number(conflict['shared_members'])})"
        for conflict in plan.get("conflicts") or ()
    ]
    if not shared:
        return []
    return [voice.say("Members also reached by: ", "同时被以下活动触达的会员：") + voice.listed(shared)]


def _other(voice: Voice, conflict: Json) -> str:
    name = typed(conflict["campaign"])
    return voice.say(f"the journey {name}", f"旅程 {name}") if conflict.get("kind") == "journey" else name


def _message_lines(voice: Voice, plan: Json) -> list[str]:
    total = plan.get("total_messages")
    if total is None:
        return []
    by_day: dict[str, list[str]] = defaultdict(list)
    for row in plan.get("messages_per_day") or ():
        by_day[str(row["day"])].append(f"{voice.channel(str(row['channel']))} {voice.number(row['count'])}")
    days = [f"{voice.day(day)}: {voice.listed(parts)}" for day, parts in sorted(by_day.items())]
    shown = "; ".join(days[:DAYS_SAID])
    if len(days) > DAYS_SAID:
        shown += voice.say(f"; and {len(days) - DAYS_SAID} more days", f"；另有 {len(days) - DAYS_SAID} 天")
    head = voice.say("Messages: ", "消息：") + voice.number(total)
    return [f"{head} ({shown})" if shown else head]


def _exclusion_lines(voice: Voice, exclusions: Iterable[Json]) -> list[str]:
    """One line: messages left out by reason, the largest first, each with its channels."""
    by_reason: dict[str, list[Json]] = defaultdict(list)
    for row in exclusions:
        if row.get("count"):
            by_reason[str(row["reason"])].append(row)
    if not by_reason:
        return []
    sums = {reason: sum(int(row["count"]) for row in rows) for reason, rows in by_reason.items()}
    parts = []
    for reason in sorted(sums, key=lambda reason: -sums[reason]):
        channels = voice.listed(
            f"{voice.channel(str(row['channel']))} {voice.number(row['count'])}" for row in by_reason[reason]
        )
        parts.append(f"{voice.number(sums[reason])} {voice.reason(reason)} ({channels})")
    total = voice.number(sum(sums.values()))
    return [voice.say(f"Excluded messages: {total}: ", f"排除的消息：{total}：") + voice.say("; ", "；").join(parts)]


def _benefit_lines(voice: Voice, plan: Json) -> list[str]:
    lines = []
    for need in plan.get("benefits") or ():
        name = typed(need.get("name") or need.get("coupon_code") or "")
        needed, stock, short = (voice.number(need[key]) for key in ("needed", "stock_available", "short"))
        line = voice.say(f"{name}: {needed} needed, {stock} in stock", f"{name}：需要 {needed}，库存 {stock}")
        if need["short"]:
            line += voice.say(f", **{short} short**", f"，**缺 {short}**")
        lines.append(line)
    return lines


def _count_lines(voice: Voice, result: Json) -> list[str]:
    counts = result.get("counts") or {}
    names = voice.say("planned delivered failed unknown excluded pending", "计划 送达 失败 未知 排除 待发").split()
    parts = [
        f"{name} {voice.number(counts[key])}"
        for name, key in zip(names, ("planned", "delivered", "failed", "unknown", "excluded", "pending"), strict=True)
        if key in counts
    ]
    lines = [voice.say("Messages: ", "消息：") + voice.listed(parts)] if parts else []
    if "coverage" in result:
        reached = voice.number(result.get("members_reached") or 0)
        lines.append(
            voice.say(
                f"Coverage: {voice.share(result['coverage'])} ({reached} members reached)",
                f"触达率：{voice.share(result['coverage'])}（触达 {reached} 位会员）",
            )
        )
    if "conversions" in result:
        rate = voice.share(result.get("conversion_rate"))
        lines.append(
            voice.say(
                f"Conversions: {voice.number(result['conversions'])} ({rate})",
                f"转化：{voice.number(result['conversions'])}（{rate}）",
            )
        )
    return lines


def _channel_line(voice: Voice, row: Json) -> str:
    counts = row.get("counts") or row
    parts = [
        voice.say(
            f"{voice.number(counts.get('delivered') or 0)} delivered",
            f"送达 {voice.number(counts.get('delivered') or 0)}",
        )
    ]
    for key, en, zh in (
        ("coverage", "coverage", "触达率"),
        ("open_rate", "open rate", "打开率"),
        ("click_rate", "click rate", "点击率"),
    ):
        if key in row:
            parts.append(f"{voice.say(en, zh)} {voice.share(row[key])}")
    if row.get("unsubscribed") is not None:
        parts.append(
            voice.say(f"{voice.number(row['unsubscribed'])} unsubscribed", f"退订 {voice.number(row['unsubscribed'])}")
        )
    return f"{voice.channel(str(row['channel']))}{voice.say(': ', '：')}{voice.listed(parts)}"


def _campaign_line(voice: Voice, row: Json) -> str:
    start = row.get("starts_at")
    when = voice.say(f", starts {voice.day(start)}", f"，{voice.day(start)} 开始") if start else ""
    return f"**{typed(row.get('name'))}**: {voice.standing(row)}{when}"


def _next_after_draft(voice: Voice, view: Json) -> str:
    default_time = (
        voice.say("No time of day was named, so I took 10:00. ", "未指定时间，暂定 10:00。")
        if view.get("default_time")
        else ""
    )
    return default_time + voice.say(
        "You can change it (*add push*, *only those in Shanghai*) or submit it for approval.",
        "可以继续修改（“再加上推送”“只要上海的”），或提交审批。",
    )
