"""Whether a message plainly answers yes or no, in English or Chinese. Anything more than that is a new request."""

import re

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
