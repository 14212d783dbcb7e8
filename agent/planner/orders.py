"""Plain orders on one part of a campaign's brief: 'set the budget of X to 4,350 yuan'.

Each is read whole from the sentences that are orders: a topic and its value. What cannot be read is asked about.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from agent.planner.acts import Act, Ask, call
from agent.planner.intents.base import which
from agent.planner.request import Request
from agent.planner.slots.channels import channel_names, find_channels
from agent.planner.slots.names import find_new_name, find_quoted
from agent.planner.slots.numbers import read_number
from agent.planner.slots.offers import find_offers
from agent.planner.slots.schedule import DEFAULT_SEND_TIME, find_schedule
from agent.planner.slots.span import mask
from agent.planner.speech import orders_in, sentences_of
from crm.segments.language.moments import read_moments

_TOPICS: Mapping[str, re.Pattern[str]] = {
    "holdout_pct": re.compile(r"\b(?:hold-?out|control group)\b|对照组"),
    "budget_cents": re.compile(r"\bbudget\b|预算"),
    "name": re.compile(
        r"\brename\b|\bnew name\b|\bcall (?:it|this|the campaign|the draft)\b|\bchange the name\b|改名|重命名"
        r"|(?:活动)?(?:名字|名称)(?=\S{0,4}(?:换|改|叫))"
    ),
    "audience": re.compile(r"\baudience\b|\bsend (?:it|this) (?:only )?to\b|\bmake it members\b|人群|受众"),
    "channels": re.compile(r"\bchannels?\b|\bsend\b.{0,60}\b(?:by|via)\b|渠道|(?:改成?|换成?|只)用"),
    "offers": re.compile(r"\b(?:the|its) (?:offer|discount)\b|优惠"),
    "start": re.compile(
        r"\b(?:move|change|shift|set|push|postpone) (?:the |its )?start\b|\b(?:the )?start should be\b"
        r"|\b(?:start|begin)\b.*\binstead\b|\blet it (?:begin|start)\b|^\W*start\b(?!.*\bcampaign for\b)|开始时间"
        r"|(?:推迟|提前|延后)到.*开始|再开始"
    ),
}
_ALL_READ = frozenset({"holdout_pct", "budget_cents"})
PLAIN_WORDS = frozenset(
    [
        "change",
        "chnage",
        "chang",
        "set",
        "make",
        "lower",
        "raise",
        "increase",
        "decrease",
        "reduce",
        "cut",
        "put",
        "move",
        "bring",
        "adjust",
        "edit",
        "update",
        "use",
        "do",
        "let",
        "let's",
        "have",
        "give",
        "want",
        "like",
        "need",
        "would",
        "could",
        "can",
        "you",
        "will",
        "please",
        "pls",
        "plz",
        "thanks",
        "thank",
        "thx",
        "ok",
        "okay",
        "now",
        "then",
        "also",
        "just",
        "so",
        "and",
        "but",
        "the",
        "an",
        "to",
        "of",
        "at",
        "for",
        "in",
        "it",
        "its",
        "this",
        "that",
        "is",
        "be",
        "as",
        "by",
        "from",
        "up",
        "down",
        "with",
        "me",
        "us",
        "we",
        "i'd",
        "instead",
        "only",
        "hold",
        "holdout",
        "hold-out",
        "out",
        "control",
        "group",
        "share",
        "budget",
        "total",
        "maximum",
        "max",
        "percent",
        "per",
        "cent",
        "pct",
        "yuan",
        "rmb",
        "cny",
        "campaign",
        "draft",
        "one",
        "thing",
        "go",
        "ahead",
        "yes",
        "no",
        "not",
        "hi",
        "hello",
        "there",
        "again",
        "exactly",
        "back",
        "well",
        "first",
        "kindly",
        "on",
        "same",
        "value",
    ]
)
TOPIC_WORDS = frozenset(
    {"hold-out", "control", "budget", "rename", "audience", "channel", "channels", "start", "instead"}
)
_ADDS = re.compile(
    r"\b(?:add|also|too|as well|plus|drop|remove|without|no longer|leave out|skip)\b|加上|再加|去掉|不要|也"
)
_POINTS_BACK = re.compile(r"^\W*(?:those|them|these|the (?:ones|same))\b|^(?:其中|那些|这些)")
_PERCENT = re.compile(r"(?<![\d.])(-?\d+(?:\.\d+)?)\s*(?:%|％|percent\b|per cent\b|pct\b)")
_NUMBER = re.compile(
    r"(?P<minus>minus\s|negative\s|-\s?|负)?[¥￥$€£]?\s?(?P<number>\d[\d,，]*(?:\.\d+)?)\s?(?P<unit>k\b|万|千)?"
)
_AUDIENCE_VALUE = re.compile(
    r"(?:\baudience\b.*?\bto\b(?: only| just)?|\bsend (?:it|this) (?:only )?to\b(?: only)?"
    r"|\bmake it\b)\s*:?\s*(?P<en>.+?)"
    r"(?=[.!?]\s*(?:please\b|$)|[.!?]?\s*$)|(?:人群|受众)\s*(?:都|就)?(?:改成|改为|换成|换为|设为|设成|改用|定为|改到)(?P<zh>[^。！？]+)",
    re.IGNORECASE | re.DOTALL,
)
_NOT_CHANNEL = re.compile(
    r"\b(?:not|no|without|instead of|rather than|drop)\s(?:by |via |on )?$|(?:不用|不要|不发|去掉)$"
)


def reference_of(request: Request) -> str | None:
    """The campaign that an order is about: the one that is named, else the one in focus."""
    if request.campaigns:
        return request.campaigns[0].reference
    focus = request.focus
    return focus.campaign.name if focus.topic == "campaign" and focus.campaign is not None else None


def read_order(request: Request) -> Act | None:
    """The act for a plain order on one part of the brief; None when the words are no such order."""
    reference = reference_of(request)
    if reference is None or re.search(r"\bjourney\b|旅程|\bwait\b", request.lowered):
        return None
    named = mask(request.words, [each.span for each in request.campaigns])
    text = orders_in(named)
    topics = _topics_in(text)
    if not re.search(r"\w", text):
        return None
    if (
        not topics
        and (_PERCENT.search(text) or re.search(r"\d\s?(?:元|yuan)", text))
        and not find_offers(text.lower(), request.world.currency)
    ):
        topics = _topics_in(named)[-1:]  # 'The holdout is too small. Please make it 20 percent.'
        topics = [topic for topic in topics if topic in ("holdout_pct", "budget_cents")]
    if len(topics) != 1:
        return None
    topic = topics[0]
    if (
        topic in ("channels", "offers")
        and _ADDS.search(text.lower())
        and not re.search(r"\bnot (?:by|via)\b", text.lower())
    ):
        return None
    if topic in _ALL_READ and (left := _left_over(text, topic)):
        return _ask(
            request,
            "request",
            f"I did not read “{' '.join(left)}”. Say it plainly, e.g. *set the holdout to 10%*.",
            f"没有理解“{' '.join(left)}”。请直接说，例如“把对照组改成10%”。",
        )
    value = _READERS[topic](request, text, reference)
    if value is None or isinstance(value, Ask):
        return value
    return call("change_campaign", campaign=reference, changes={topic: value})


def _left_over(text: str, topic: str) -> list[str]:
    """English words of an order on a number that say neither what nor how much: it is not understood."""
    bare = mask(text, [each.span for each in find_quoted(text)]).lower()
    parts = [bare[each.span.start : each.span.end] for each in sentences_of(text)]
    of_topic = [part for part in parts if _TOPICS[topic].search(part)]
    bare = of_topic[-1] if of_topic else bare
    return [word for word in re.findall(r"[a-z']{2,}", bare) if word not in PLAIN_WORDS]


def _topics_in(text: str) -> list[str]:
    bare = mask(text, [each.span for each in find_quoted(text)]).lower()
    found = [(match.start(), topic) for topic, pattern in _TOPICS.items() if (match := pattern.search(bare))]
    topics = [topic for _, topic in sorted(found)]
    # 'send X by e-mail. Change the channels' speaks of one thing twice.
    return (
        ["audience"]
        if set(topics) == {"audience", "channels"} and "channel" not in bare and "渠道" not in bare
        else topics
    )


def _ask(request: Request, slot: str, en: str, zh: str) -> Ask:
    return Ask((slot,), which(request, f"{en} Nothing was changed.", f"{zh}没有做任何改动。"))


def _holdout(request: Request, text: str, _reference: str) -> float | int | Ask:
    found = _PERCENT.findall(text)
    after = re.findall(r"(?:\bto\b|成|为|到)\s*(-?\d+(?:\.\d+)?)\s*(?:%|％|percent|pct)?", text)
    chosen = set(after[-1:] or found)
    if len(chosen) != 1 or float(next(iter(chosen))) < 0:
        return _ask(request, "holdout", "Which share shall be held out, in percent?", "对照组要占百分之多少？")
    value = float(chosen.pop())
    return int(value) if value.is_integer() else value


def _budget(request: Request, text: str, _reference: str) -> int | Ask:
    tail = text[max((match.end() for match in re.finditer(r"预算|\bbudget\b", text, re.I)), default=0) :]
    found = list(_NUMBER.finditer(tail)) or list(_NUMBER.finditer(text))
    last = re.findall(r"(?:\bto\b|成|为|到)\s*((?:minus |negative |负)?[¥￥$€£]?\s?\d[\d,，]*(?:\.\d+)?)", tail)
    matches = [_NUMBER.search(last[-1])] if last else found
    if len(matches) != 1 or matches[0] is None or matches[0]["minus"]:
        return _ask(request, "budget", "What shall the budget be, e.g. *5,000 yuan*?", "预算要多少？例如“5000元”。")
    times = {"k": 1_000, "千": 1_000, "万": 10_000, None: 1}[found[-1]["unit"]]
    return round(read_number(matches[0]["number"].replace("，", ",")) * times * 100)


def _name(request: Request, text: str, _reference: str) -> str | Ask:
    quoted = find_quoted(text)
    found = quoted[0] if quoted else find_new_name(text)
    if found is None or not found.name.strip():
        return _ask(request, "name", "What shall it be called?", "要改成什么名称？")
    return found.name


def _audience(request: Request, text: str, _reference: str) -> Mapping[str, Any] | Ask | None:
    match = _AUDIENCE_VALUE.search(text)
    said = (match["en"] or match["zh"]) if match is not None else None
    if said is not None and _POINTS_BACK.search(said):
        return None
    reading = request.read(said) if said is not None else None
    if (
        reading is None
        or reading.request is None
        or reading.question is not None
        or reading.unread
        or reading.request.definition == {"all": []}
    ):
        unread = ", ".join(reading.unread) if reading is not None else ""
        return ask_members(request, unread)
    found = reading.request
    return {
        **found.definition,
        **({"order_by": found.order_by} if found.order_by else {}),
        **({"limit": found.limit} if found.limit else {}),
    }


def ask_members(request: Request, unread: str, *, is_change: bool = True) -> Ask:
    """Words about members that mean nothing here are asked about, never dropped."""
    en = (
        f"I do not know “{unread}” as something about members."
        if unread
        else "I did not understand which members you mean."
    )
    zh = f"不认识“{unread}”这个条件。" if unread else "没有理解您指的是哪些会员。"
    cities = ", ".join(request.world.vocabulary.values.get("city", ())[:5])
    tiers = ", ".join(request.world.vocabulary.values.get("tier", ()))
    en += f" Tiers are {tiers}; cities e.g. {cities}. Which members do you mean?"
    zh += f"等级有：{tiers}；城市例如：{cities}。请问是哪些会员？"
    return _ask(request, "audience", en, zh) if is_change else Ask(("audience",), which(request, en, zh))


def _channels(request: Request, text: str, _reference: str) -> list[str] | Ask:
    lowered = text.lower()
    found = [each for each in find_channels(lowered) if not _NOT_CHANNEL.search(lowered[: each.span.start])]
    names = channel_names(tuple(found))
    if not names:
        return _ask(request, "channel", "On which channel: e-mail, SMS or push?", "用哪个渠道：邮件、短信还是推送？")
    return [*names]


def _offers(request: Request, text: str, _reference: str) -> list[Mapping[str, Any]] | Ask:
    lowered = text.lower()
    spend = re.search(
        r"(?P<value>\d+(?:\.\d+)?)\s?(?:yuan|元)?\s?off\s(?:from|on orders (?:of|from)|over"
        r"|above)\s?[¥￥]?(?P<min>\d[\d,]*)",
        lowered,
    )
    if spend is not None:
        value, least = read_number(spend["value"]), read_number(spend["min"])
        return [{"kind": "amount_off", "value": value, "min_spend": least}]
    found = [each.offer for each in find_offers(lowered, request.world.currency)]
    if not found:
        return _ask(request, "offer", "What shall the offer be, e.g. *15% off*?", "改成什么优惠？例如“85折”。")
    return [dict(offer) for offer in found]


def _start(request: Request, text: str, reference: str) -> str | Ask:
    # '下周四14:20' is read as a day and a time with a space between them.
    lowered = re.sub(r"(?<=[\u4e00-\u9fff])(?=\d{1,2}[:：]\d{2})", " ", text.lower())
    schedule = find_schedule(lowered, read_moments(lowered, request.world.today), alone=True)
    focus = request.focus.campaign
    old = str((focus.brief or {}).get("start") or "") if focus is not None and focus.name == reference else ""
    has_odd_time = re.search(r"\d{1,2}[:：]\d{2}", lowered) is not None and schedule.at is None
    if (schedule.day is None and (schedule.at is None or not old)) or has_odd_time:
        return _ask(
            request,
            "time",
            "When exactly shall it start? Give a day and a time, e.g. *next Wednesday at 10:00*.",
            "具体什么时候开始？请给出日期和时间，例如“下周三上午10点”。",
        )
    day = schedule.day.isoformat() if schedule.day is not None else old[:10]
    at = f"{schedule.at:%H:%M}" if schedule.at is not None else old[11:16] or f"{DEFAULT_SEND_TIME:%H:%M}"
    return f"{day}T{at}"


_READERS: Mapping[str, Callable[[Request, str, str], Any]] = {
    "holdout_pct": _holdout,
    "budget_cents": _budget,
    "name": _name,
    "audience": _audience,
    "channels": _channels,
    "offers": _offers,
    "start": _start,
}
