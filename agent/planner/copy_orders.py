"""Orders to change a text: 'change the text to: ...'. Exactly these words are stored for that message."""

import re

from agent.planner.acts import Act, Ask, Pending, call
from agent.planner.intents.base import which
from agent.planner.orders import reference_of
from agent.planner.request import Request
from agent.planner.slots.channels import channel_names, find_channels
from agent.planner.slots.span import Span, mask

_COPY_EN = re.compile(
    r"^\W*(?:(?:ok(?:ay)?|please|pls|hi|now|and|then|also|thanks|could you|can you|would you)[\s,!.]+)*"
    r"(?:(?:change|set|replace|rewrite|update|make|use|edit|put|let|have)\b(?P<before>[^\"“:：]{0,80}?)"
    r"|new (?=copy|text|subject|message)|the (?:\w+ ){0,2}?(?=(?:message|text|copy|subject|body|wording)\b))"
    r"(?P<what>\b(?:subject(?: line)?|message|texts?|copy|body|wording|words)\b)(?P<after>[^\"“]{0,90}?)"
    r"(?:\b(?:to|with|as|reads?|say|says|be)\b\s*:?|:|(?=[\"“]))\s*(?P<words>.+)$",
    re.IGNORECASE | re.DOTALL,
)
_COPY_ZH = re.compile(
    r"(?P<before>[^。！？：:“\"]{0,40}?)(?P<what>文案|正文|文本|消息内容|短信内容|邮件内容|内容|标题|主题)(?P<after>[^“\"：:]{0,14}?)"
    r"(?:改成|改为|换成|换为|设为|写成|用|写|[：:])\s*[：:]?\s*(?P<words>.+)$",
    re.DOTALL,
)
_CLOSING = re.compile(r"^[\s\"“”'‘’]+|[\s\"“”'‘’]+$")
_NO_COPY_ORDER = re.compile(r"[?？]\s*$|\b(?:was|were|competitor|customer|handbook)\b|竞品|手册|顾客|别人")


def read_copy_order(request: Request) -> Act | None:
    """The act for an order to change a text: exactly these words, for that message, and nothing else."""
    words = request.words.strip()
    match = _COPY_EN.match(words) or _COPY_ZH.match(words)
    if match is None:
        return None
    before_words = words[: match.start("words")]
    if _NO_COPY_ORDER.search(before_words) or re.match(r"\W*(?:new|draft|create)\b.*\bcampaign\b", before_words, re.I):
        return None
    text = _text_of(match["words"])
    reference = reference_of(request)
    if not text or reference is None or "journey" in before_words.lower() or "旅程" in before_words:
        return None
    part = "subject" if re.match(r"subject|标题|主题", match["what"], re.I) else "body"
    named = channel_names(find_channels(mask(before_words, [Span(match.start("what"), match.end("what"))])))
    channels = _channels_of(request, reference)
    if not named and part == "subject":
        named = ("email",) if "email" in channels or "preferred" in channels else ()
    if not named and len(channels) == 1:
        named = channels
    if not named:
        return _ask_message(request, reference, part, text, channels)
    copies = [{"channel": channel, part: text} for channel in named]
    return call("change_campaign", campaign=reference, changes={"copy_texts": copies})


def complete_copy_order(request: Request, pending: Pending) -> Act | None:
    """The act once the person said which message they mean."""
    named = channel_names(find_channels(request.lowered))
    if re.search(r"\b(?:both|all|every|each)\b|都|全部|两个", request.lowered):
        named = tuple(pending.args["channels"])
    if not named:
        return None
    copies = [{"channel": channel, pending.args["part"]: pending.args["text"]} for channel in named]
    return call("change_campaign", campaign=pending.args["campaign"], changes={"copy_texts": copies})


def _text_of(said: str) -> str:
    """What was quoted, else what follows, as it stands."""
    said = said.strip()
    quoted = re.match(
        r"[\"“「](?P<text>.*?)[\"”」](?:\W*(?:please|thanks|谢谢|吧|for\b.*)?\W*)$", said, re.DOTALL | re.I
    )
    return quoted["text"].strip() if quoted else _CLOSING.sub("", said)


def _channels_of(request: Request, reference: str) -> tuple[str, ...]:
    focus = request.focus.campaign
    known = focus.brief.get("channels") if focus is not None and focus.name == reference and focus.brief else None
    return tuple(known or ())


def _ask_message(request: Request, reference: str, part: str, text: str, channels: tuple[str, ...]) -> Ask:
    listed = ", ".join(channels) or "e-mail, SMS, push"
    words = which(
        request,
        f"Which message of {reference} shall say “{text}”: {listed}, or all of them? Nothing was changed yet.",
        f"{reference} 的哪条消息要改成“{text}”：{listed}，还是全部？目前没有做任何改动。",
    )
    args = {"campaign": reference, "part": part, "text": text, "channels": list(channels) or ["email", "sms"]}
    return Ask(("which_message",), words, Pending("copy_order", args, ("channel",)))
