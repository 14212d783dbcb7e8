"""How stretches of time are written. Each pattern is a list of ways to say it; the group that matched tells which."""

import re

from crm.segments.language.dates import MONTH, ZH_NUMBER
from crm.segments.language.numbers import ANY_NUMBER, UNIT


def any_of(*ways: str) -> re.Pattern[str]:
    return re.compile("|".join(ways))


LOOSE_COUNTS = {"couple of": 2, "a couple of": 2, "few": 3, "a few": 3, "several": 3}
_COUNT = rf"(?:{ANY_NUMBER}|\b(?:{'|'.join(LOOSE_COUNTS)})\b)"
_IN = r"(?:\b(?:in|within|over|during|for|across|throughout|of|from|on|at any time in|anytime in) )?"
_PAST = "last|past|previous|prior|preceding|trailing|most recent|recent|latest"
_ORDINAL_END = "(?:st|nd|rd|th)?"
_TO = "(?:-|to|until|till|through|~)"

ROLLING = any_of(
    rf"(?P<back>{_IN}\b(?:the |these |this |my |our )?(?:{_PAST})|(?:最近|过去|近|之前|前|这|上)的?)"
    rf"\s*(?:full |calendar |rolling )?(?P<count>{_COUNT})\s*-?\s*(?P<unit>{UNIT})",
    r"(?P<ahead>\b(?:in |within |over |during )?(?:the |these )?(?:next|coming|upcoming|following)"
    rf"|(?:未来|接下来|今后|(?<!名)下)的?)\s*(?P<ahead_count>{_COUNT})\s*-?\s*(?P<ahead_unit>{UNIT})",
    rf"(?P<one>{_IN}\b(?:the past|past|the last|the previous|the trailing|the preceding)"
    r"\s+(?P<one_unit>week|month|year|day)\b)",
    r"(?P<zh_half>(?:最近|过去|近)(?:的)?半年)",
    r"(?P<zh_half_month>(?:最近|过去|近)半个?月)",
    rf"(?P<half>{_IN}\b(?:the )?(?:last|past) (?:half(?: a)? year|half-year|six months)\b)",
    r"(?P<short>\b(?:l|p)(?P<short_count>\d{1,3})(?P<short_unit>d|w|m|days?)\b)",
    rf"(?P<ltm>{_IN}\b(?:ltm|ttm|the last twelve months|trailing twelve months|trailing year)\b)",
    rf"(?P<fortnight>{_IN}\b(?:the )?(?:last|past) fortnight\b)",
    r"(?P<ahead_one>\b(?:in |within |over |during )?(?:the )?(?:next|coming|upcoming|following) fortnight\b"
    r"|(?:未来|接下来|今后)半个?月)",
)
"""last 30 days, the past month, next 7 days, L30D, LTM, 近90天: counted from today."""

LEADING_UP = re.compile(
    rf"(?:\b(?:in |within |over |during )?(?:the |these )?)?(?P<count>{_COUNT})\s*-?\s*(?P<unit>{UNIT})"
    r"\s+(?:before|prior to|leading up to|up to|ahead of)\s+(?:the )?$"
)
"""Before a day: the 30 days before 1 March."""
ZH_LEADING_UP = re.compile(rf"(?:之?前|以前)的?(?:近|最近)?(?P<count>{_COUNT})个?(?P<unit>{UNIT})(?:内|里|之内|中|间)?")
"""Behind a day: 3月1日前30天."""

THIS_THAT = any_of(
    r"\b(?P<which>this|the current|current|last|previous|next|the coming|coming|this coming|the following)"
    r"\s+(?:calendar )?(?P<unit>week|month|quarter|year|weekend)(?!-|\s+of)\b",
    r"(?P<zh_which>本|这个|这一|这|上个|上一个|上一|上|下个|下一个|下一|下|当前|当)"
    r"(?P<zh_unit>周末|周|星期|礼拜|月|季度|季|年)(?![一二三四五六日天个])",
    r"(?P<zh_year>今年|去年|明年|前年)(?![上下]半年|第?[一二三四]季度|q)",
)
"""this week, last month, 上个月, 今年: by the calendar."""

TO_DATE = any_of(
    r"\b(?P<unit>week|month|quarter|year)[- ]to[- ]date\b",
    r"\b(?P<short>[wmqy]td)\b",
    r"\bso far this (?P<so_far>week|month|quarter|year)\b",
    r"\bsince the (?:start|beginning) of (?:the |this )?(?P<start_of>week|month|quarter|year)\b",
    r"(?P<zh_start>[年月])初(?:以来|至今|到现在)",
)

QUARTER = any_of(
    r"\b(?:q(?P<q_n>[1-4])|h(?P<h_n>[12])|(?:the )?(?P<word>first|second|third|fourth) (?P<what>quarter|half))"
    r"(?:\s*(?:of\s+)?(?P<year>20\d\d|this year|last year))?\b",
    r"(?P<zh_y>\d{4}年|今年|去年)?(?:第?(?P<zh_q>[一二三四1-4])季度|(?P<zh_h>上|下)半年)",
)
"""Q1, the first quarter of 2025, H1, 上半年."""

_YEAR_PREPOSITIONS = ("in", "since", "during", "before", "after", "from", "of", "until", "through")
_BEFORE_YEAR = "|".join(
    f"(?<={word} )" for word in ["in", "since", "during", "before", "after", "from", "of", "until", "through"]
)
YEAR = any_of(
    rf"(?:{_BEFORE_YEAR})(?P<year>20\d\d)\b(?![-/.])",
    r"(?P<zh_year>20\d\d)年(?!\d|[一二三四五六七八九十]+月)",
)

SHORT_RANGE = any_of(
    rf"\b(?P<a>\d{{1,2}}){_ORDINAL_END}\s*(?:{_TO}|and|&)\s*(?P<b>\d{{1,2}}){_ORDINAL_END}(?: of)? (?P<m>{MONTH})"
    r"(?:,? ?(?P<y>20\d\d))?",
    rf"\b(?P<m2>{MONTH}) ?(?P<a2>\d{{1,2}}){_ORDINAL_END}\s*{_TO}\s*(?P<b2>\d{{1,2}}){_ORDINAL_END}(?![\d:])",
    rf"(?P<m3>{ZH_NUMBER})月(?P<a3>{ZH_NUMBER})(?:日|号)?(?:-|~|至|到)(?P<b3>{ZH_NUMBER})(?:日|号)",
    rf"(?P<m4>{ZH_NUMBER})(?:月)?(?:-|~|至|到)(?P<n4>{ZH_NUMBER})月(?:份)?(?!\d)",
)
"""Ranges that name the month once: 8-14 June, June 8 to 14, 6月8日到14日, 3-5月."""

JOIN = re.compile(r"\s*(?:-|to|and|until|till|through|thru|up to|~|至|到|和)\s*(?:the end of\s+)?")
AND_WORDS = ("and", "和")
RANGE_OPENERS = ("between", "from", "介于", "在", "从")

_START_OF = "(?:the )?(?:start of |beginning of |early )?"
_END_OF = "(?:the )?(?:end of )?"
BEFORE = re.compile(
    "(?:"
    + "|".join(
        (
            r"\b(?P<week>(?:in |during |for )?the week (?:of|starting|beginning|from))\s+",
            rf"\b(?P<since>on or after|since|starting|as of|beginning)\s+{_START_OF}",
            rf"\b(?P<from>from)\s+{_START_OF}",
            rf"\b(?P<before>before|prior to|earlier than|older than|up to but not including|pre)\s+{_START_OF}",
            rf"\b(?P<after>after|later than|past|post)\s+{_END_OF}",
            rf"\b(?P<until>on or before|until|till|up to|through|by)\s+{_END_OF}",
            r"\b(?P<between>between)\s+",
            r"\b(?P<in>in|during|on|over|for|of|within|throughout|at|the month of|all of)"
            r"\s+(?:the )?(?:month of |whole of )?",
            r"(?P<zh_since>自从?|从)",
            r"(?P<zh_in>在)",
        )
    )
    + ")$"
)
"""The words right before a day or a month that say how it bounds the period."""

AFTERWARDS = re.compile(
    r"\s*(?:(?P<since>以来|至今|到现在|到今天|起|开始|onwards?"
    r"|(?:on|to date|until now|till now|until today|to today|to now|or later)\b)"
    r"|(?P<after>之后|以后|后)|(?P<before>之前|以前|前|or earlier\b))"
)
"""The words right after it."""

ALSO_OTHER_WORDS = frozenset({"may", "mar", "march", "sun", "sat", "sep", "dec", "jan", "mon", "wed", "fri", "second"})
"""Names of times that are also other words: they count only after a preposition, before a year or in a range."""
