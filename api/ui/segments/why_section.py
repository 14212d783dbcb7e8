"""Why one member is in the segment or not: every condition with his value."""

from typing import Any

from nicegui import ui
from sqlalchemy.orm import Session

from api.ui import formats
from api.ui.components.card import Local
from api.ui.components.explain_card import verdict_mark
from api.ui.components.field_words import field_named, value_words
from api.ui.latest_read import LatestRead
from api.ui.segments.asking import reader_scope
from api.ui.segments.sections import working
from api.ui.theme import block, chip, notice, primary, text
from api.ui.viewer import SignedOut, Viewer
from crm.errors import Ambiguous, CrmError
from crm.members.service import find_member
from crm.segments.definition import Definition
from crm.segments.explain import Explanation, LeafVerdict, definition_behind, explain_member
from crm.segments.ranking import Rank
from crm.segments.scope import SegmentScope

MAX_NAME = 80


class WhySection:
    def __init__(self, viewer: Viewer, local: Local) -> None:
        self._reads = LatestRead(viewer)
        self._local = local
        self._definition: Definition | None = None
        with block("line flow"):
            self._member = ui.input(label="Member").props(f'maxlength={MAX_NAME} hint="Name or number, e.g. Zhang Min"')
            self._member.classes("value wide grow").on("keydown.enter", self._ask)
            primary("Why in or out?", self._ask)
        self._box = block("stack").props("role=status")

    async def show(self, definition: Definition) -> None:
        self._definition = definition
        await self._ask()

    def cancel(self) -> None:
        self._reads.cancel()

    async def _ask(self) -> None:
        words, definition = (self._member.value or "").strip(), self._definition
        self._box.clear()
        if not words or definition is None:
            return
        with self._box:
            working("Looking at every condition")
        try:
            found = await self._reads.run(
                lambda session, actor, now: _explain(session, definition, reader_scope(session, actor, now), words)
            )
        except Ambiguous as error:
            self._box.clear()
            with self._box:
                self._choose(error)
            return
        except SignedOut:
            ui.navigate.to("/login")
            return
        except CrmError as error:
            self._box.clear()
            with self._box:
                notice(formats.sentence(error.message), "warn").props("role=alert")
                self._offer(error.candidates)
            return
        if found is None:
            return
        self._box.clear()
        with self._box:
            self._draw(found)

    def _choose(self, error: Ambiguous) -> None:
        text(formats.sentence(error.message), "muted")
        self._offer(error.candidates)

    def _offer(self, candidates: tuple[str, ...]) -> None:
        with block("line flow tight"):
            for candidate in candidates:
                button = text(candidate, "choice", "button").props("type=button")
                button.on("click", lambda _event, candidate=candidate: self._take(candidate))

    async def _take(self, candidate: str) -> None:
        # A candidate reads `Zhang Min (M000012, Shanghai)`; the number names one member.
        self._member.value = candidate.rpartition("(")[2].partition(",")[0]
        await self._ask()

    def _draw(self, found: Explanation) -> None:
        with block("line flow"):
            text(found.member_name, "section-title wrap", "h3")
            if found.is_member:
                chip("In the segment", "good", "check")
            else:
                chip("Not in the segment", "bad", "close")
        if found.rank is not None:
            notice(f"Place {self._rank(found.rank)}.", "info" if found.is_member else "warn", "leaderboard")
        if found.missed:
            text(f"Missing: {'; '.join(words for _, words in found.missed)}", "wrap")
        with block("verdicts", "ul"):
            for leaf in found.conditions:
                self._leaf(leaf)

    def _leaf(self, leaf: LeafVerdict) -> None:
        with block("line top verdict", "li"):
            verdict_mark(leaf.verdict)
            with block("stack snug grow").style("gap: 0"):
                text(leaf.words, "wrap")
                text(self._value(leaf), "small muted wrap")

    def _value(self, leaf: LeafVerdict) -> str:
        if leaf.missing is not None:
            return f"The {leaf.missing} is not known, so this is neither true nor false."
        rank = "" if leaf.rank is None else f" · place {self._rank(leaf.rank)}"
        return f"The value is {self._shown(leaf.value, leaf.field)}{rank}"

    def _shown(self, value: Any, field: str) -> str:
        if isinstance(value, list | tuple | set | frozenset):
            return ", ".join(str(each) for each in value) or "none"
        return value_words(value, field_named(field), self._local)

    def _rank(self, rank: Rank) -> str:
        place = formats.MISSING if rank.place is None else formats.count(rank.place)
        return f"{place} of {formats.count(rank.ranked)}; the first {formats.count(rank.places)} are in"


def _explain(session: Session, definition: Definition, scope: SegmentScope, member: str) -> Explanation:
    """Of a definition that only names a saved segment, that segment's conditions are explained."""
    behind = definition_behind(session, definition, scope)
    return explain_member(session, behind, scope, find_member(session, member, owner_id=scope.row_owner_id).id)
