"""Whether a message plainly answers yes or no, in English or Chinese. Anything more than that is a new request."""

import re
from dataclasses import dataclass

_YES = (
    r"y|yes|yep|yeah|yup|sure|ok|okay|k|confirm|confirmed|approve|approved|agreed|correct|right|do it|go ahead|proceed"
    r"|go for it|sounds good|looks good|please do|absolutely|of course|that s right|make it so"
    r"|是|是的|对|对的|好|好的|好呀|好吧|行|可以|可以的|没问题|确认|确定|同意|批准|执行|继续|去做吧|就这样|嗯|嗯嗯|发吧"
)
_NO = (
    r"n|no|nope|nah|no way|cancel|cancel it|stop|stop it|don t|do not|don t do it|do not do it|reject|rejected|decline"
    r"|abort|never mind|nevermind|forget it|not now|hold on|wait|leave it"
    r"|不|不要|不用|不用了|不行|不可以|不是|不同意|否|别|先别|算了|取消|取消吧|停|停止|拒绝|等等|等一下"
)
_HESITANT = r"ok|okay|oh|well|actually|hmm|嗯|那|好的|还是"
_POLITE = r"please|thanks|thank you|thx|now|then|it|that|this|with it|请|谢谢|吧|了|一下"

_PUNCTUATION = re.compile(r"[\s,.!;:'’\"，。！；：、~～👍🙏]+")


def _pattern(words: str, before: str) -> re.Pattern[str]:
    one = f"(?:{words})"
    filler = f"(?:\\s?(?:{_POLITE}))*"
    return re.compile(f"^(?:(?:{before})\\s?)*{one}(?:\\s?{one}){{0,3}}{filler}$", re.IGNORECASE)


_PLAIN_YES, _PLAIN_NO = _pattern(_YES, _POLITE), _pattern(_NO, f"{_POLITE}|{_HESITANT}")


def plain_answer(text: str) -> bool | None:
    """True for a plain yes, False for a plain no, None for anything else, a question included."""
    words = _PUNCTUATION.sub(" ", text).strip().lower()
    if not words or "?" in words or "？" in words:
        return None
    if _PLAIN_NO.match(words):
        return False
    return True if _PLAIN_YES.match(words) else None


@dataclass(frozen=True)
class Answer:
    """A yes or no to open questions."""

    is_yes: bool
    meant: tuple[int, ...]
    """Which of them, counted from 0; empty when it does not say."""


_ALL = re.compile(r"\b(?:all(?: of (?:them|it))?|both(?: of them)?|everything|each)\b|全部|都|两个都")
_NUMBER = re.compile(
    r"\b(?:number |no |question |the )?(?P<number>\d{1,2})(?:st|nd|rd|th)?\b|第?\s?(?P<zh>[一二三四五六七八九\d])\s?个"
    r"|\b(?:the )?(?P<word>first|second|third|fourth)(?: one)?\b"
)
_ORDINALS = {word: number for number, word in enumerate(("first", "second", "third", "fourth"), start=1)}
_ORDINALS |= {word: number for number, word in enumerate("一二三四五六七八九", start=1)}


def answer_to(text: str, questions: int) -> Answer | None:
    """The answer to so many open questions; None when the message is something else.

    One yes answers one question: with several open, a bare yes means none of them. A bare no means all.
    """
    words = _PUNCTUATION.sub(" ", text).strip().lower()
    every = tuple(range(questions))
    verdict = plain_answer(text)
    if verdict is not None:
        return Answer(verdict, every if questions == 1 or not verdict else ())
    if questions == 1:
        return None
    if (match := _ALL.search(words)) and (rest := _without(words, match)) is not None:
        return Answer(rest, every)
    match = _NUMBER.search(words)
    if match is None or (rest := _without(words, match)) is None:
        return None
    said = match["number"] or match["zh"] or match["word"]
    number = int(said) if said.isdecimal() else _ORDINALS[said]
    return Answer(rest, (number - 1,)) if 1 <= number <= questions else None


def _without(words: str, match: re.Match[str]) -> bool | None:
    """Whether the rest of the words is a yes, as nothing at all is, or a no; None when it is more than that."""
    rest = re.sub(rf"\b(?:to|only|just|for|{_POLITE})\b", " ", words[: match.start()] + " " + words[match.end() :])
    return plain_answer(rest) if rest.strip() else True
