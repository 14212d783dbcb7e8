"""Answers from campaign reviews. The review's own sentences are quoted: they put the interval before the number."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from agent.planner.compose.words import Voice, typed

Json = Mapping[str, Any]
METRICS_SAID = 6
STEPS_SAID = 3


def say_review(voice: Voice, result: Json, view: Json) -> str:
    parts = [_headline(voice, result), _words(voice, result.get("window") or "")]
    wanted = list(view.get("metrics") or ())
    parts.append(_bullets(_metric_lines(voice, result, wanted)))
    if view.get("group_by") or view.get("channels") or not wanted:
        parts.append(_bullets(_channel_lines(voice, result, view.get("channels") or ())))
    parts.append(_bullets(_words(voice, anomaly) for anomaly in result.get("anomalies") or ()))
    if steps := (result.get("next_steps") or [])[:STEPS_SAID]:
        title = voice.say("Next steps:", "建议：")
        parts.append(f"{title}\n{_bullets(_words(voice, step) for step in steps)}")
    parts.append(" ".join(_words(voice, note) for note in (result.get("notes") or [])[:2]))
    return "\n\n".join(part for part in parts if part)


def say_comparison(voice: Voice, results: Sequence[Json], view: Json) -> str:
    """The same metrics of several campaigns beside one another. No winner is named: the campaigns differ."""
    wanted = list(view.get("metrics") or ())
    parts = [f"**{_campaign(result)}**\n{_bullets(_metric_lines(voice, result, wanted))}" for result in results]
    note = voice.say(
        "These campaigns had different audiences and times, so a difference between them is not an effect.",
        "两个活动的受众和时间不同，其差异不能视为效果。",
    )
    return "\n\n".join([*parts, note])


def say_export(voice: Voice, result: Json, _view: Json) -> str:
    file = typed(result.get("file", ""))
    return voice.say(
        f"The review of **{_campaign(result)}** is exported and archived: {file}.",
        f"**{_campaign(result)}** 的复盘报告已导出并归档：{file}。",
    )


def _campaign(result: Json) -> str:
    return typed(result.get("campaign", ""))


def _headline(voice: Voice, result: Json) -> str:
    headline = result.get("headline")
    words = _words(voice, headline or "")
    as_of = result.get("as_of")
    when = voice.say(f" (as of {voice.day(as_of)})", f"（截至{voice.day(as_of)}）") if as_of else ""
    return f"**{_campaign(result)}**{when}: {words}"


def _metric_lines(voice: Voice, result: Json, wanted: Sequence[str]) -> list[str]:
    metrics = [metric for metric in result.get("metrics") or () if isinstance(metric, Mapping)]
    chosen = (
        [metric for metric in metrics if any(name in str(metric.get("id", "")) for name in wanted)]
        if wanted
        else metrics
    )
    return [
        f"{voice.words(metric.get('label', metric.get('id')))}: {voice.words(metric.get('words', metric.get('value')))}"
        for metric in (chosen or metrics)[:METRICS_SAID]
    ]


def _channel_lines(voice: Voice, result: Json, channels: Sequence[str]) -> list[str]:
    rows = [
        row
        for row in result.get("channels") or ()
        if isinstance(row, Mapping) and (not channels or row.get("channel") in channels)
    ]
    lines = []
    for row in rows:
        parts = (
            [voice.say(f"{voice.number(row['delivered'])} delivered", f"送达 {voice.number(row['delivered'])}")]
            if "delivered" in row
            else []
        )
        parts += [
            f"{voice.say(en, zh)} {voice.share(row[key])}"
            for key, en, zh in (
                ("open_rate", "open rate", "打开率"),
                ("click_rate", "click rate", "点击率"),
                ("unsubscribe_rate", "unsubscribe rate", "退订率"),
            )
            if row.get(key) is not None
        ]
        if row.get("cost_cents") is not None:
            parts.append(voice.say(f"cost {voice.money(row['cost_cents'])}", f"成本 {voice.money(row['cost_cents'])}"))
        lines.append(f"{voice.channel(str(row['channel']))}: {voice.listed(parts)}")
    return lines


def _words(voice: Voice, said: Any) -> str:
    """Words given as they are or under `words`."""
    return voice.words(said.get("words", said) if isinstance(said, Mapping) else said)


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines if line)
