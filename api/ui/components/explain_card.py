"""Why a member is, or is not, in a segment: condition by condition."""

from collections.abc import Mapping
from typing import Any

from api.ui import formats
from api.ui.components.card import Local, card
from api.ui.components.segment_card import definition_fold
from api.ui.theme import block, chip, icon, text

_VERDICTS = {
    True: ("check_circle", "var(--brand)", "holds"),
    False: ("cancel", "var(--bad)", "does not hold"),
    None: ("help", "var(--warn)", "unknown"),
}


def explain_card(artifact: Mapping[str, Any], _local: Local) -> None:
    with card("rule", "Membership", artifact["member"]["name"]) as corner:
        with corner:
            if artifact["is_member"]:
                chip("In the segment", "good", "check")
            else:
                chip("Not in the segment", "bad", "close")
        text(formats.capitalised(artifact["read_back"]), "wrap muted")
        for condition in artifact["conditions"]:
            symbol, colour, words = _VERDICTS[condition["verdict"]]
            with block("line top"):
                icon(symbol).style(f"color: {colour}; font-size: 20px")
                with block("stack snug grow").style("gap: 0"):
                    text(condition["words"], "wrap")
                    value = formats.MISSING if condition["value"] is None else condition["value"]
                    text(f"{words}; the value is {value}", "small faint wrap")
        text(f"As of {formats.day(artifact['as_of'])}", "small faint")
        definition_fold(artifact["definition"])
