"""Lessons of the knowledge base, each with its state and its source."""

from collections.abc import Mapping, Sequence
from typing import Any

from api.ui import formats
from api.ui.components.card import Local, card
from api.ui.components.state_chips import state_chip
from api.ui.components.tables import facts
from api.ui.theme import block, fold, icon, text


def insight_card(artifact: Mapping[str, Any], _local: Local) -> None:
    hits: Sequence[Mapping[str, Any]] = artifact["hits"]
    with card("lightbulb", "Lessons", str(artifact.get("query", ""))):
        if not hits:
            text(
                "The knowledge base holds no lesson about this yet. Reviews of finished campaigns write them.", "muted"
            )
        for hit in hits:
            lesson_line(hit)
        rules: Mapping[str, Any] = artifact.get("house_rules") or {}
        if rules:
            with fold("Rules of the house"):
                facts([(formats.words(name), _rule(value)) for name, value in rules.items()])


def lesson_line(hit: Mapping[str, Any]) -> None:
    """One lesson: its claim, whether it still holds, and what it rests on."""
    with block("line top"):
        icon("lightbulb").style("color: #c98a14; font-size: 18px; margin-top: 2px")
        with block("stack snug grow"):
            text(str(hit["claim"]), "wrap")
            with block("line tight flow"):
                state_chip(str(hit["state"]))
                text(f"Source: {hit['source']}", "small faint wrap")


def _rule(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{formats.channel(name)} {number}" for name, number in value.items())
    return str(value)
