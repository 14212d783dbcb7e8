"""What came of the kills."""

from dataclasses import asdict, dataclass
from typing import Any

from evals.benchmarks.kills.tally import Tally


@dataclass(frozen=True)
class Phase:
    """One provider and what was done to those who sent through it."""

    manners: str
    honours_keys: bool
    kills: int
    campaigns: int
    crashes: int
    """Workers that ended without being killed."""
    tally: Tally

    @property
    def holds(self) -> bool:
        found = self.tally
        faults = (found.repeats, found.losses, found.unlisted, found.books_wrong, self.crashes)
        return found.sent_on > 0 and not any(faults) and not (self.honours_keys and found.unknown)

    def to_text(self) -> str:
        found = self.tally
        return (
            f"{self.manners}: {self.kills} kills, {found.sent_on:,} messages ({found.handed_over:,} handed over), "
            f"{found.repeats} repeats, {found.losses} losses, {found.unknown} unknown, "
            f"{found.unlisted} not in the books, {found.books_wrong} wrong sums, {self.crashes} crashes"
            f"{'' if self.holds else '  <-- fails'}"
        )


@dataclass(frozen=True)
class KillsReport:
    database: str
    workers: int
    phases: tuple[Phase, ...]

    @property
    def holds(self) -> bool:
        return all(phase.holds for phase in self.phases)

    def to_json(self) -> dict[str, Any]:
        phases = [asdict(phase) | {"holds": phase.holds} for phase in self.phases]
        return {"database": self.database, "workers": self.workers, "phases": phases, "holds": self.holds}

    def to_text(self) -> str:
        kills, sent_on = (
            sum(phase.kills for phase in self.phases),
            sum(phase.tally.sent_on for phase in self.phases),
        )
        repeats = sum(phase.tally.repeats for phase in self.phases)
        losses = sum(phase.tally.losses for phase in self.phases)
        verdict = "every bar holds" if self.holds else "a bar does not hold"
        return "\n".join(
            [
                *(phase.to_text() for phase in self.phases),
                f"kills: {kills} of {self.workers} worker(s) on {self.database}, {sent_on:,} messages sent on, "
                f"{repeats} repeats, {losses} losses: {verdict}",
            ]
        )
