"""The saved segment that a request names, and the name that it gives to a new one."""

import re
from collections.abc import Sequence

from agent.planner.slots.names import find_quoted
from crm.segments.language.kinds import FieldValue
from crm.segments.language.saved_names import find_saved_names
from crm.segments.language.text import read_text

_ABOUT = r"(?:\b(?:in|of|into|out of|about|left|leave|entered|enter|joined|missed|for|show|open)\s+(?:the )?)"
_THEN = r"(?=\s*(?:$|[?.!,]|\b(?:this|last|since|today|yesterday|right now|now)\b))"
_HOW_MANY_ZH = r"(?:里面?|中|当中)?(?:现在|目前)?(?:一?共)?有?(?:多少|几)(?:个|位|名)?(?:人|会员)?\W*$"
_CALLED = re.compile(
    r"(?:\b(?:as|called|named|call (?:it|this|that|them)|name (?:it|this|that|them)|under(?: the name(?: of)?)?)"
    r"|(?:保存|另存|存|收藏)(?:为|成|到|作)(?:一个)?(?:新的?)?(?:分群|分组|人群)?(?:名为|叫做?|命名为)?"
    r"|命名为|取名为?|名字叫|叫做?)\s*[:：]?\s*(?:(?:a|the|a new) segment (?:called |named )?)?"
    r"(?P<name>[^\s,，。.!！?？:：][^,，。!！?？:：\n]*?)\s*(?=$|[,，。.!！?？\n]|\band (?:save|keep)\b|吧|并保存)"
)


def find_saved_segment(words: str, names: Sequence[str]) -> str | None:
    """The saved segment that the words speak of: marked as one, or where they name what they are about."""
    text = read_text(words, lambda word: word)
    for entity in find_saved_names(text, names):
        if isinstance(entity.value, FieldValue):
            return entity.value.values[0]
    for name in sorted(names, key=len, reverse=True):
        said = re.escape(name.lower())
        if re.search(rf"{_ABOUT}{said}{_THEN}", text.working) or re.search(rf"^\W*{said}{_HOW_MANY_ZH}", text.working):
            return name
    return None


def find_name_to_save(words: str) -> str | None:
    """The name that a segment shall be saved under."""
    for quoted in find_quoted(words):
        return quoted.name
    match = _CALLED.search(words)
    return match["name"].strip(" 的") or None if match else None
