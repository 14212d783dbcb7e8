"""The pages that members see: plain HTML that needs no script, no login and no file beside it."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from jinja2 import Environment, StrictUndefined, Template

from crm.channels import CHANNELS
from crm.outreach.opt_out import OptOut

_WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "title": "Messages from us",
        "to": "You get messages at {address}.",
        "to_you": "You get messages from us.",
        "question": "What would you like to stop?",
        "channel": "Stop messages by {channel}",
        "all": "Stop all messages",
        "agreed": "You still get messages by {channels}.",
        "nothing": "You get no messages from us any more.",
        "done": "Done. It holds from now on.",
        "unclear": "That was not understood, and nothing was changed. Please choose below.",
    },
    "zh": {
        "title": "消息订阅",
        "to": "我们通过 {address} 向您发送消息。",
        "to_you": "我们正在向您发送消息。",
        "question": "您想停止接收哪些消息？",
        "channel": "停止接收{channel}",
        "all": "停止接收所有消息",
        "agreed": "您仍会收到：{channels}。",
        "nothing": "您不会再收到我们的消息。",
        "done": "已完成，即刻生效。",
        "unclear": "未能识别您的选择，未作任何更改。请在下方重新选择。",
    },
}
_PAGE = """<!doctype html>
<html lang="{{ language }}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{{ title }}</title>
<style>
body { font: 1.05rem/1.6 system-ui, sans-serif; color: #1d2521; background: #f6f7f5; margin: 0; }
main { max-width: 30rem; margin: 12vh auto 0; padding: 0 1.5rem; }
h1 { font-size: 1.5rem; line-height: 1.25; }
button { font: inherit; display: block; width: 100%; margin: .75rem 0; padding: .75rem 1rem; cursor: pointer;
  color: #fff; background: #1f6b4a; border: 1px solid #1f6b4a; border-radius: .5rem; }
button + button { color: #1f6b4a; background: transparent; }
button:focus-visible { outline: 3px solid #8cc7ab; outline-offset: 2px; }
@media (prefers-color-scheme: dark) {
  body { color: #e6ebe8; background: #141816; }
  button + button { color: #8cc7ab; border-color: #8cc7ab; }
}
</style>
</head>
<body>
<main>
<h1>{{ title }}</h1>
{% for sentence in sentences %}<p>{{ sentence }}</p>
{% endfor %}{% if choices %}<form method="post">
{% for value, words in choices %}<button name="stop" value="{{ value }}">{{ words }}</button>
{% endfor %}</form>
{% endif %}</main>
</body>
</html>
"""


@lru_cache(maxsize=1)
def _page() -> Template:
    return Environment(autoescape=True, undefined=StrictUndefined).from_string(_PAGE)


def opt_out_page(state: OptOut, *, first: str | None = None) -> str:
    """What the member may stop now. `first` names the sentence that answers what he has just done."""
    words = _WORDS[state.language]
    channels = {channel: traits.message.in_language(state.language) for channel, traits in CHANNELS.items()}
    sentences = [words[first]] if first else []
    choices = []
    if state.agreed:
        sentences.append(words["to"].format(address=state.address) if state.address else words["to_you"])
        names = [channels[channel] for channel in state.agreed]
        if first == "done":
            sentences[-1] = words["agreed"].format(channels=_listed(names, state.language))
        sentences.append(words["question"])
        if state.channel in state.agreed:
            choices.append(("channel", words["channel"].format(channel=channels[state.channel])))
        choices.append(("all", words["all"]))
    else:
        sentences.append(words["nothing"])
    return _page().render(language=state.language, title=words["title"], sentences=sentences, choices=choices)


def dead_link_page() -> str:
    """For a link that is wrong or too old: says nothing about anybody, in both languages."""
    sentences = ("It may be incomplete or too old.", "链接无效或已过期。")
    return _page().render(language="en", title="This link does not work.", sentences=sentences, choices=())


def preview_page() -> str:
    """For the link in a preview: it looks like a member's, and does nothing."""
    sentences = (
        "In the message that a member gets, this link opens the page to opt out. Here it does nothing.",
        "在会员收到的消息中，此链接会打开退订页面；在预览中不起任何作用。",
    )
    return _page().render(language="en", title="This is a preview. 这是预览。", sentences=sentences, choices=())


def _listed(names: Sequence[str], language: str) -> str:
    if language == "zh":
        return "、".join(names)
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
