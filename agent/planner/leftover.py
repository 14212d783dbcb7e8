"""Words of an order that were not read. An order that was read in part is not carried out: the rest may have been what
mattered."""

import re
from collections.abc import Mapping
from typing import Any

from agent.planner.acts import Ask, Calls
from agent.planner.brief_words import text_beside_slots
from agent.planner.intents.base import which
from agent.planner.orders import PLAIN_WORDS, TOPIC_WORDS
from agent.planner.request import Request
from agent.planner.slots.span import Span, mask
from agent.planner.speech import sentences_of

_WORD = re.compile(r"[a-zA-Z][a-zA-Z'’-]+")
_MOVES = frozenset(
    _WORD.findall(
        """
    add added also too plus well include including exclude excluding remove drop skip leave lose cut without
    keep rather than switch swap replace over through via send sent sending sends out off extend shift push
    postpone delay rename call called name named new title start starts starting begin begins beginning launch
    go live channel channels offer offers discount coupon voucher audience members customers people text message
    copy percent morning afternoon evening noon midnight today tomorrow next week month day date time clock
    actually sorry wait oh hey think better should prefer good great fine right sure what about how let
    everything else rest unchanged stays stay thanks again still really maybe want wants wanted needs only just
    both all them they their those these everyone everybody who are was were has have had not dont don't i i'm
    we're mine ours your our my his her draft drafts campaign campaigns promo one ones same together another
    later earlier ahead a days hour hours till until after before between
    """
    )
)


_CONDITION = re.compile(r"\W*(?:only )?(?:if|unless|provided|as long as|except)\b", re.IGNORECASE)
_KNOWN = PLAIN_WORDS | TOPIC_WORDS | _MOVES


def refuse_half_read(request: Request, act: Calls) -> Ask | None:
    """A question when the words of a change hold something that nobody read."""
    changed = [use.args.get("changes") for use in act.uses if use.name == "change_campaign"]
    changes = next((each for each in changed if isinstance(each, Mapping)), None)
    if changes is None or "copy_texts" in changes or "goal" in changes:
        return None  # texts are read by rules of their own
    left = _unread_conditions(request) if "audience" in changes else unread_words(request, changes)
    if not left:
        return None
    said = ", ".join(f"“{word}”" for word in left)
    return Ask(
        ("request",),
        which(
            request,
            f"I did not read {said}, so nothing was changed. Say it without that, or say what you mean by it.",
            f"没有理解{said}，没有做任何改动。请去掉这部分再说一次，或说明它的意思。",
        ),
    )


def _unread_conditions(request: Request) -> tuple[str, ...]:
    """English words beside the slots that are no condition on members either."""
    left = request.read(text_beside_slots(request)).unread
    words = (word for each in left for word in _WORD.findall(each))
    return tuple(dict.fromkeys(word for word in words if not _is_known(word)))


def _is_known(word: str) -> bool:
    return word.lower().replace("’", "'") in _KNOWN


def _remarks(request: Request) -> list[Span]:
    """Sentences beside the order that are none and put no condition on it: nothing in them has to be read."""
    beside = [each.span for each in sentences_of(request.unhinted) if each.kind not in ("order", "fragment")]
    return [span for span in beside if not _CONDITION.match(request.unhinted[span.start : span.end])]


def unread_words(request: Request, changes: Mapping[str, Any]) -> tuple[str, ...]:
    """English words of the request that say neither what is changed nor to what, each once."""
    names = [str(changes["name"])] if "name" in changes else []
    spans = [*request.moment.spans, *(each.span for each in request.quoted), *(each.span for each in request.campaigns)]
    text = mask(text_beside_slots(request), [*spans, *_remarks(request)])
    for name in names:
        text = re.sub(re.escape(name), lambda match: " " * len(match.group()), text, flags=re.IGNORECASE)
    found = (match.group() for match in _WORD.finditer(text))
    return tuple(dict.fromkeys(word for word in found if not _is_known(word)))
