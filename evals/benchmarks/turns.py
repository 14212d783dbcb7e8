"""How long a turn of the assistant takes, from the person's words to the finished answer, tools included."""

import time
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Any

from sqlalchemy import func, select

from agent.ask import say_in
from api.bootstrap import Nurture
from crm.access.service import find_actor
from crm.database import read_only
from crm.members.models import Member

TARGET_P95_MS = 150.0
"""Bar of the evaluation plan for the planner at 10,000 members (family S13)."""

CONVERSATIONS = (
    (
        "how many platinum members have not bought anything in the last 30 days?",
        "split them by city",
        "only those in Shanghai",
    ),
    ("list gold members in Beijing with more than 3 orders in the past 60 days", "same for Shanghai"),
    ("近90天消费满5000元的金卡会员有多少人",),
    ("what did we learn about SMS win-backs?",),
    ("which campaigns are running?",),
)
"""Reads only, so that a benchmark leaves the database as it was."""


@dataclass(frozen=True)
class TurnsReport:
    members: int
    turns: int
    p50_ms: float
    p95_ms: float
    slowest: str

    @property
    def holds(self) -> bool:
        return self.p95_ms <= TARGET_P95_MS

    def to_json(self) -> dict[str, Any]:
        return {
            "members": self.members,
            "turns": self.turns,
            "p50_ms": round(self.p50_ms, 1),
            "p95_ms": round(self.p95_ms, 1),
            "target_p95_ms": TARGET_P95_MS,
            "slowest": self.slowest,
            "holds": self.holds,
        }

    def to_text(self) -> str:
        verdict = "holds" if self.holds else "does not hold"
        return (
            f"{'':<28}{'target':>10}{'measured':>10}\n"
            f"{'turn p50, ms':<28}{'':>10}{self.p50_ms:>10.1f}\n"
            f"{'turn p95, ms':<28}{TARGET_P95_MS:>10.0f}{self.p95_ms:>10.1f}\n"
            f"slowest turn: {self.slowest}\n"
            f"turns: {self.turns} turns at {self.members:,} members, p50 {self.p50_ms:.0f} ms, "
            f"p95 {self.p95_ms:.0f} ms: {verdict}"
        )


async def measure_turns(nurture: Nurture, *, rounds: int) -> TurnsReport:
    """Hold each conversation `rounds` times, after one that warms up, and time every turn."""
    with read_only(nurture.sessions) as session:
        actor = find_actor(session, "ops")
        members = session.scalar(select(func.count(Member.id))) or 0
    timings: list[tuple[float, str]] = []
    for number in range(rounds + 1):
        for conversation in CONVERSATIONS:
            thread_id = await nurture.assistant.open_thread(actor)
            for words in conversation:
                started = time.perf_counter()
                await say_in(nurture.assistant, actor, thread_id, words)
                if number:
                    timings.append(((time.perf_counter() - started) * 1000, words))
    spent = [milliseconds for milliseconds, _ in timings]
    return TurnsReport(
        members=members,
        turns=len(spent),
        p50_ms=median(spent),
        p95_ms=quantiles(spent, n=20, method="inclusive")[-1],
        slowest="{1!r} ({0:.0f} ms)".format(*max(timings)),
    )
