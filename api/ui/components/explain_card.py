"""Why a member is, or is not, in a segment: condition by condition."""

from collections.abc import Mapping
from typing import Any

from api.ui import formats
from api.ui.components.card import Local, card
from api.ui.components.segment_card import definition_fold
from api.ui.theme import block, chip, icon, text
from crm.segments.reference import Verdict

_VERDICTS = {
    True: ("check_circle", "var(--brand)", "holds"),
    False: ("cancel", "var(--bad)", "does not hold"),
    None: ("help", "var(--warn)", "unknown"),
}


def verdict_mark(verdict: Verdict) -> None:
    """A mark for holds, does not hold and unknown; its meaning is read aloud, too."""
    symbol, colour, words = _VERDICTS[verdict]
    with block("verdict-mark", "span").props(f'role=img aria-label="{words}" title="{words}"'):
        icon(symbol).style(f"color: {colour}; font-size: 20px")


def explain_card(artifact: Mapping[str, Any], _local: Local) -> None:
    with card("rule", "Membership", artifact["member"]["name"]) as corner:
        with corner:
            if artifact["is_member"]:
                chip("In the segment", "good", "check")
            else:
                chip("Not in the segment", "bad", "close")
        text(formats.capitalised(artifact["read_back"]), "wrap muted")
        for condition in artifact["conditions"]:
            with block("line top"):
                verdict_mark(condition["verdict"])
                with block("stack snug grow").style("gap: 0"):
                    text(condition["words"], "wrap")
                    value = formats.MISSING if condition["value"] is None else condition["value"]
                    text(f"The value is {value}", "small faint wrap")
        text(f"As of {formats.day(artifact['as_of'])}", "small faint")
        definition_fold(artifact["definition"])
