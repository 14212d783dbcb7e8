"""The fixed words in which definitions are read back, in English and Chinese."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from crm.fields import Kind, Op

Language = Literal["en", "zh"]


@dataclass(frozen=True)
class Phrases:
    """Templates of one language."""

    everyone: str
    members: str
    own_members: str
    negation: str
    both: str
    either: str
    or_word: str
    version: str
    """A saved segment as it was when it was submitted."""
    me: str
    flags: Mapping[bool, str]
    known: Mapping[bool, str]
    or_missing: str
    """Follows what is true of members without a value, too."""
    missing_note: str
    """Follows a negation, which is not true of members without a value."""
    range: str
    qualifier: str
    last: Mapping[str, str]
    ago: Mapping[str, str]
    from_to: str
    since: str
    until: str
    lifetime: str
    sentences: Mapping[Kind, Mapping[Op, str]]
    order: Mapping[Kind, Mapping[str, str]]
    limit: str
    limit_percent: str
    as_of: str
    """Follows what is true on a past day."""


ENGLISH = Phrases(
    everyone="all members",
    members="members where {conditions}",
    own_members="{segment}, among the members that you own",
    negation="not ({condition})",
    both="; and ",
    either="; or ",
    or_word=" or ",
    version="{name} (version {number})",
    me="me",
    flags={True: "yes", False: "no"},
    known={True: "{subject} is known", False: "{subject} is unknown"},
    or_missing=" (or is unknown)",
    missing_note=" (where {labels} is known)",
    range="from {low} to {high}",
    qualifier=" ({name}: {words})",
    last={
        "window_days": " in the last {amount} days ({first} to {last})",
        "window_months": " in the last {amount} months ({first} to {last})",
    },
    ago={
        "days_ago": "{day} ({amount} days ago)",
        "months_ago": "{day} ({amount} months ago)",
        "years_ago": "{day} ({amount} years ago)",
    },
    from_to=" from {first} to {last}",
    since=" since {first} (to {today}, today)",
    until=" until {last} (from the first day on record)",
    lifetime=" of all time",
    sentences={
        Kind.CHOICE: {
            Op.IN: "{subject} is {value}",
            Op.EQ: "{subject} is {value}",
            Op.NOT_IN: "{subject} is not {value}",
            Op.NE: "{subject} is not {value}",
        },
        Kind.NUMBER: {
            Op.EQ: "{subject} is {value}",
            Op.NE: "{subject} is not {value}",
            Op.GT: "{subject} is more than {value}",
            Op.GE: "{subject} is at least {value}",
            Op.LT: "{subject} is less than {value}",
            Op.LE: "{subject} is at most {value}",
            Op.BETWEEN: "{subject} is {value}",
            Op.TOP_PERCENT: "{subject} is among the top {value} of all members",
        },
        Kind.FLAG: {Op.EQ: "{subject}: {value}", Op.NE: "{subject}: {value}"},
        Kind.DAY: {
            Op.EQ: "{subject} is {value}",
            Op.NE: "{subject} is not {value}",
            Op.GT: "{subject} is after {value}",
            Op.GE: "{subject} is on or after {value}",
            Op.LT: "{subject} is before {value}",
            Op.LE: "{subject} is on or before {value}",
            Op.BETWEEN: "{subject} is {value}",
            Op.ANNIVERSARY_BETWEEN: "{subject} has an anniversary {value}, and lies in an earlier year",
        },
        Kind.MONTH_DAY: {Op.MONTH_DAY_BETWEEN: "{subject} falls on any day {value}, of any year"},
        Kind.SET: {
            Op.CONTAINS_ANY: "{subject} include {value}",
            Op.CONTAINS_ALL: "{subject} include every one of {value}",
            Op.CONTAINS_NONE: "{subject} do not include {value}",
        },
        Kind.MEMBERSHIP: {
            Op.IN: "{subject} include {value}",
            Op.NOT_IN: "{subject} do not include {value}",
            Op.ANY: "{subject} include at least one",
            Op.NONE: "{subject} include none at all",
        },
    },
    order={
        Kind.NUMBER: {"desc": ", highest {subject} first", "asc": ", lowest {subject} first"},
        Kind.DAY: {"desc": ", latest {subject} first", "asc": ", earliest {subject} first"},
        Kind.MONTH_DAY: {
            "desc": ", latest {subject} of the year first",
            "asc": ", earliest {subject} of the year first",
        },
    },
    limit=", only the first {limit}",
    limit_percent=", only the first {percent}% of these",
    as_of=", as of {day}",
)

CHINESE = Phrases(
    everyone="全部会员",
    members="满足以下条件的会员：{conditions}",
    own_members="{segment}（仅限你名下的会员）",
    negation="并非（{condition}）",
    both="；且",
    either="；或",
    or_word=" 或 ",
    version="{name}（第 {number} 版）",
    me="我",
    flags={True: "是", False: "否"},
    known={True: "{subject}已知", False: "{subject}未知"},
    or_missing="（或未知）",
    missing_note="（限{labels}已知者）",
    range="{low} 至 {high}",
    qualifier="（{name}：{words}）",
    last={
        "window_days": "（近 {amount} 天，{first} 至 {last}）",
        "window_months": "（近 {amount} 个月，{first} 至 {last}）",
    },
    ago={
        "days_ago": "{day}（{amount} 天前）",
        "months_ago": "{day}（{amount} 个月前）",
        "years_ago": "{day}（{amount} 年前）",
    },
    from_to="（{first} 至 {last}）",
    since="（{first} 起，至今天 {today}）",
    until="（有记录以来至 {last}）",
    lifetime="（累计）",
    sentences={
        Kind.CHOICE: {
            Op.IN: "{subject}为 {value}",
            Op.EQ: "{subject}为 {value}",
            Op.NOT_IN: "{subject}不是 {value}",
            Op.NE: "{subject}不是 {value}",
        },
        Kind.NUMBER: {
            Op.EQ: "{subject}等于 {value}",
            Op.NE: "{subject}不等于 {value}",
            Op.GT: "{subject}大于 {value}",
            Op.GE: "{subject}不少于 {value}",
            Op.LT: "{subject}小于 {value}",
            Op.LE: "{subject}不超过 {value}",
            Op.BETWEEN: "{subject}在 {value} 之间（含）",
            Op.TOP_PERCENT: "{subject}位列全部会员前 {value}",
        },
        Kind.FLAG: {Op.EQ: "{subject}：{value}", Op.NE: "{subject}：{value}"},
        Kind.DAY: {
            Op.EQ: "{subject}为 {value}",
            Op.NE: "{subject}不是 {value}",
            Op.GT: "{subject}晚于 {value}",
            Op.GE: "{subject}不早于 {value}",
            Op.LT: "{subject}早于 {value}",
            Op.LE: "{subject}不晚于 {value}",
            Op.BETWEEN: "{subject}在 {value} 之间（含）",
            Op.ANNIVERSARY_BETWEEN: "{subject}的周年日在 {value} 之间（含），且早于今年",
        },
        Kind.MONTH_DAY: {Op.MONTH_DAY_BETWEEN: "{subject}在每年 {value} 之间（含）"},
        Kind.SET: {
            Op.CONTAINS_ANY: "{subject}包含 {value}",
            Op.CONTAINS_ALL: "{subject}同时包含 {value}",
            Op.CONTAINS_NONE: "{subject}不包含 {value}",
        },
        Kind.MEMBERSHIP: {
            Op.IN: "{subject}包含 {value}",
            Op.NOT_IN: "{subject}不包含 {value}",
            Op.ANY: "{subject}至少有一个",
            Op.NONE: "{subject}一个也没有",
        },
    },
    order={
        Kind.NUMBER: {"desc": "，按{subject}从高到低排列", "asc": "，按{subject}从低到高排列"},
        Kind.DAY: {"desc": "，按{subject}从晚到早排列", "asc": "，按{subject}从早到晚排列"},
        Kind.MONTH_DAY: {"desc": "，按一年中的{subject}从晚到早排列", "asc": "，按一年中的{subject}从早到晚排列"},
    },
    limit="，只取前 {limit} 名",
    limit_percent="，只取其中前 {percent}%",
    as_of="，以 {day} 为准",
)

PHRASES: Mapping[Language, Phrases] = {"en": ENGLISH, "zh": CHINESE}
