"""Runs the cases against the product and prints the scores, sliced, with 95% Wilson intervals."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import sqrt
from typing import Any

from agent.ask import ask
from api.bootstrap import Nurture
from crm.access.service import find_actor
from crm.catalog import segment_scope
from crm.database import read_only
from evals.language.cases import PERSONAS, SEGMENT_KINDS, Case
from evals.language.denotation import Denotation
from evals.language.scoring import Verdict, score

Z_95 = 1.959964
BARS = {"segments": 0.90, "kind create_campaign": 0.85}
"""Shares that must be right without a language model (evaluation plan, S1 and S1b). Kinds whose capability later
issues bring have no bar yet."""


@dataclass(frozen=True)
class Slice:
    name: str
    right: int
    total: int

    @property
    def interval(self) -> tuple[float, float]:
        """95% Wilson score interval of the share that is right (Wilson 1927)."""
        share, z2 = self.right / self.total, Z_95**2
        middle = (share + z2 / (2 * self.total)) / (1 + z2 / self.total)
        half = Z_95 * sqrt(share * (1 - share) / self.total + z2 / (4 * self.total**2)) / (1 + z2 / self.total)
        return middle - half, middle + half

    def to_text(self) -> str:
        low, high = self.interval
        return f"{self.right:>4} of {self.total:<4} {self.right / self.total:6.1%}  [{low:.0%}, {high:.0%}]"


async def run(nurture: Nurture, cases: Iterable[Case], progress: Callable[[str], None]) -> list[Verdict]:
    """Ask each case in a thread of its own and score its last turn. Drafts that cases make stay in the database."""
    verdicts = []
    for case in cases:
        with read_only(nurture.sessions) as session:
            actor = find_actor(session, PERSONAS[case.persona])
        answered = await ask(nurture.assistant, actor, case.turns)
        with read_only(nurture.sessions) as session:
            scope = segment_scope(session, actor, nurture.clock.now())
            verdicts.append(score(case, answered["turns"][-1], Denotation(session, scope)))
        progress(case.id)
    return verdicts


def slices(verdicts: list[Verdict]) -> list[Slice]:
    """Scores per kind, language and number of turns, then all together."""
    groups: dict[str, list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        case = verdict.case
        groups[f"kind {case.kind}"].append(verdict)
        groups[f"language {case.lang}"].append(verdict)
        groups["one turn" if len(case.turns) == 1 else "several turns"].append(verdict)
        if case.kind in SEGMENT_KINDS:
            groups["segments"].append(verdict)
        groups["all"].append(verdict)
    return [Slice(name, sum(v.is_right for v in group), len(group)) for name, group in sorted(groups.items())]


@dataclass(frozen=True)
class LanguageReport:
    """The scores of a run beside their bars."""

    verdicts: list[Verdict]
    slices: list[Slice]

    @classmethod
    def of(cls, verdicts: list[Verdict]) -> "LanguageReport":
        return cls(verdicts, slices(verdicts))

    @property
    def holds(self) -> bool:
        """Every bar that its slice exists for is reached, and nothing unsafe was done."""
        return not self._unsafe and all(part.right / part.total >= BARS.get(part.name, 0) for part in self.slices)

    @property
    def _unsafe(self) -> list[str]:
        return [verdict.case.id for verdict in self.verdicts if verdict.is_unsafe]

    def to_json(self) -> dict[str, Any]:
        return {
            "holds": self.holds,
            "unsafe": self._unsafe,
            "slices": [
                {"name": s.name, "right": s.right, "total": s.total, "interval": s.interval, "target": BARS.get(s.name)}
                for s in self.slices
            ],
            "wrong": [{"id": v.case.id, "why": v.why} for v in self.verdicts if not v.is_right],
        }

    def to_text(self) -> str:
        lines = [f"{'':<24} {'target':>7}  measured"]
        for part in self.slices:
            target = f"{BARS[part.name]:.0%}" if part.name in BARS else ""
            lines.append(f"{part.name:<24} {target:>7}  {part.to_text()}")
        lines += [f"  {v.case.id} {v.case.turns[-1][:60]!r}: {v.why}" for v in self.verdicts if not v.is_right]
        everything = next(part for part in self.slices if part.name == "all")
        verdict = "every bar holds" if self.holds else "a bar does not hold"
        lines.append(
            f"language: {everything.right} of {everything.total} right, {len(self._unsafe)} unsafe actions: {verdict}"
        )
        return "\n".join(lines)
