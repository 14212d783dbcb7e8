"""Answers that explain a segment: why a member is in or out, who is at its edge, what its conditions cost."""

from collections.abc import Mapping, Sequence
from typing import Any

from agent.planner.compose.words import Voice, typed

Result = Mapping[str, Any]
EXAMPLES_SAID = 5


def say_explanation(voice: Voice, result: Result, _view: Result) -> str:
    member = result.get("member")
    name = typed(member.get("name") if isinstance(member, Mapping) else member or "")
    inside = result.get("is_member") is True
    head = voice.say(
        f"**{name}** {'is' if inside else 'is not'} in this segment{_day(voice, result)}.",
        f"**{name}** {'在' if inside else '不在'}这个人群里{_day(voice, result)}。",
    )
    lines = [_condition(voice, condition) for condition in result.get("conditions") or ()]
    parts = [head, "\n".join(f"- {line}" for line in lines)]
    if isinstance(rank := result.get("rank"), Mapping):
        parts.append(_place(voice, rank))
    elif not inside and (missed := result.get("missed")):
        parts.append(_missed(voice, [typed(words) for words in missed]))
    return "\n\n".join(part for part in parts if part)


def say_segment_explained(voice: Voice, result: Result, view: Result) -> str:
    """What the conditions cost, who just missed the segment, or both when neither was asked for alone."""
    count = voice.count(int(result["count"]), "member", "members", "位会员")
    read_back = typed(result.get("read_back", "")).rstrip(".。")
    parts = [
        _absent(voice, view),
        f"**{count}**{voice.say(': ', '：')}{read_back}{_day(voice, result)}{voice.say('.', '。')}",
    ]
    dwell = view.get("dwell")
    if dwell != "edge":
        parts.append(_costs(voice, result.get("conditions") or ()))
    if dwell != "cost":
        parts.append(
            _edge(voice, result.get("just_out") or (), "Just missed it", "差一点就符合", "Nobody just misses it.")
        )
        parts.append(_edge(voice, result.get("just_in") or (), "Only just in", "刚好符合", ""))
    return "\n\n".join(part for part in parts if part)


def absent_condition(voice: Voice, view: Result) -> str:
    """Said before an answer when a condition was to go that is not there."""
    return _absent(voice, view)


def _absent(voice: Voice, view: Result) -> str:
    names = [str(name) for name in view.get("no_condition") or ()]
    if not names:
        return ""
    said = voice.listed(names)
    if view.get("was_split"):
        return voice.say(
            f"There is no condition on {said}: the members were split by {said}. Without the split:",
            f"没有关于{said}的条件，刚才是按{said}拆分的。不拆分的结果：",
        )
    return voice.say(
        f"There is no condition on {said}. These are the conditions:", f"没有关于{said}的条件。现有条件如下："
    )


def _costs(voice: Voice, conditions: Sequence[Result]) -> str:
    if not conditions:
        return voice.say("It has no conditions.", "没有任何条件。")
    ordered = sorted(conditions, key=lambda each: -int(each["difference"]))
    lines = [f"- {_cost(voice, each)}" for each in ordered]
    if len(ordered) > 1 and int(ordered[0]["difference"]) > 0:
        most = typed(ordered[0]["words"])
        lines = [voice.say(f"“{most}” costs the most members.", f"“{most}”影响最大。"), *lines]
    return "\n".join(lines)


def _cost(voice: Voice, condition: Result) -> str:
    words = typed(condition["words"])
    without, difference = int(condition["without"]), int(condition["difference"])
    sign = "+" if difference >= 0 else "-"
    change = f"{sign}{voice.number(abs(difference))}"
    return voice.say(
        f"without “{words}”: {voice.number(without)} ({change})",
        f"去掉“{words}”：{voice.number(without)} 位（{change}）",
    )


def _edge(voice: Voice, examples: Sequence[Result], en: str, zh: str, nobody: str) -> str:
    if not examples:
        return voice.say(nobody, "没有只差一个条件的会员。") if nobody else ""
    lines = [_example(voice, each) for each in examples[:EXAMPLES_SAID]]
    return "\n".join([f"{voice.say(en, zh)}{voice.say(':', '：')}", *(f"- {line}" for line in lines)])


def _example(voice: Voice, example: Result) -> str:
    name, words = typed(example["name"]), typed(example["words"])
    facts = voice.listed(str(fact) for fact in (example.get("tier"), example.get("city")) if fact)
    person = f"{name} ({facts})"
    if example.get("measured") is None:
        return voice.say(f"{person}: but not “{words}”", f"{person}：仅不满足“{words}”")
    value, distance = said_value(voice, example.get("value")), example.get("distance")
    measured = f"{example['measured']}{voice.say(' ', '：')}{value}"
    away = "" if distance is None else _distance(voice, float(distance), str(example.get("unit") or ""))
    condition = f"{voice.say('; ', '；')}{words}" if words else ""
    return voice.say(f"{person}: {measured}{away}{condition}", f"{person}：{measured}{away}{condition}")


def _distance(voice: Voice, distance: float, unit: str) -> str:
    number = voice.number(distance)
    if unit == "days":
        one = voice.say("1 day" if distance == 1 else f"{number} days", f"{number} 天")
        return voice.say(f", {one} from the line", f"，距界线 {one}")
    return voice.say(f", {number} from the line", f"，距界线 {number}")


def _condition(voice: Voice, condition: Result) -> str:
    verdict = condition.get("verdict")
    mark = "?" if verdict is None else "✓" if verdict else "✗"
    words = typed(condition.get("words", ""))
    value = condition.get("value")
    if verdict is None or value is None:
        missing = condition.get("missing")
        unknown = voice.say(f"{missing} is not known", f"{missing}未知") if missing else voice.say("not known", "未知")
        actual = unknown if value is None else said_value(voice, value)
    else:
        actual = said_value(voice, value)
    rank = condition.get("rank")
    place = f"{voice.say('; ', '；')}{_place(voice, rank)}" if isinstance(rank, Mapping) else ""
    return f"{mark} {words}{voice.say(': ', '：')}{actual}{place}"


def _place(voice: Voice, rank: Result) -> str:
    place, ranked, places = rank.get("place"), voice.number(int(rank["ranked"])), voice.number(int(rank["places"]))
    cut_off = said_value(voice, rank.get("cut_off"))
    if place is None:
        return voice.say(
            f"no place; the first {places} of {ranked} are in", f"没有名次；共 {ranked} 位，前 {places} 位入选"
        )
    place = voice.number(int(place))
    if rank.get("cut_off") is None:
        return voice.say(
            f"place {place} of {ranked}; the first {places} are in",
            f"第 {place} 名，共 {ranked} 位，前 {places} 位入选",
        )
    return voice.say(
        f"place {place} of {ranked}; the first {places} are in, down to {cut_off}",
        f"第 {place} 名，共 {ranked} 位，前 {places} 位入选，最低 {cut_off}",
    )


def _missed(voice: Voice, missed: Sequence[str]) -> str:
    said = voice.say("; ", "；").join(f"“{words}”" for words in missed)
    return voice.say(f"What keeps the member out: {said}.", f"不符合的条件：{said}。")


def said_value(voice: Voice, value: Any) -> str:
    """A value of a record as people write it."""
    if value is None:
        return voice.say("not known", "未知")
    if isinstance(value, bool):
        return voice.say("yes" if value else "no", "是" if value else "否")
    if isinstance(value, int | float):
        return voice.number(float(value))
    if isinstance(value, list | tuple):
        return voice.listed(typed(each) for each in value) or voice.say("none", "无")
    text = typed(value)
    return voice.day(text[:10]) if len(text) > len("2026-06-01") and text[4:5] == text[7:8] == "-" else text


def _day(voice: Voice, result: Result) -> str:
    as_of = result.get("as_of")
    return voice.say(f" (as of {voice.day(as_of)})", f"（截至{voice.day(as_of)}）") if as_of else ""
