"""What a conversation says of a turn that was cut off: a process was killed, or the machine lost power."""

from collections.abc import Sequence

from tools.base import Language

_NOTE: dict[Language, str] = {
    "en": "This turn was interrupted before it was answered: the server stopped in the middle. {done} "
    "Please say it again if you still want it.",
    "zh": "本轮在回答之前被中断：服务器中途停止了。{done}如仍需要，请重新提出。",
}
_NOTHING: dict[Language, str] = {"en": "Nothing was changed.", "zh": "没有做任何更改。"}
_DONE: dict[Language, str] = {"en": "This had been done by then: {calls}.", "zh": "在此之前已完成：{calls}。"}


def interrupted_note(done: Sequence[str], language: Language) -> str:
    """The note; `done` are the names of the tools that had changed something."""
    calls = ", ".join(name.replace("_", " ") for name in done)
    what = _DONE[language].format(calls=calls) if done else _NOTHING[language]
    return _NOTE[language].format(done=what)
