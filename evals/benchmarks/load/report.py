"""What a crowd saw, beside what it should see."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

LEAST_ANSWERED_SHARE = 0.95
"""Of a crowd within LONGEST_ANSWER_SECONDS: 190 of 200."""
LONGEST_ANSWER_SECONDS = 10.0
LONGEST_REFUSAL_SECONDS = 1.0
LONGEST_HEALTH_MS = 100.0
LONGEST_WRITE_SECONDS = 1.0
MOST_KEPT_REQUEST_MS = 10.0
"""A delayed acknowledgement costs 40: the sign of a socket without TCP_NODELAY."""


@dataclass(frozen=True)
class Answer:
    status: int
    """0 when there was none."""
    seconds: float


@dataclass(frozen=True)
class Figure:
    name: str
    target: str
    measured: str
    holds: bool


@dataclass(frozen=True)
class LoadReport:
    database: str
    members: int
    figures: tuple[Figure, ...]
    calibration: str
    """What the machine was worth while this was measured."""

    @property
    def holds(self) -> bool:
        return all(figure.holds for figure in self.figures)

    def to_json(self) -> dict[str, Any]:
        figures = [
            {"name": one.name, "target": one.target, "measured": one.measured, "holds": one.holds}
            for one in self.figures
        ]
        return {"database": self.database, "members": self.members, "figures": figures, "holds": self.holds} | {
            "calibration": self.calibration
        }

    def to_text(self) -> str:
        failing = sum(not figure.holds for figure in self.figures)
        verdict = f"{failing} of {len(self.figures)} targets missed" if failing else "every target holds"
        lines = [f"{'':<52}{'target':>10}  measured"]
        lines += [
            f"{one.name:<52}{one.target:>10}  {one.measured}{'' if one.holds else '  <-- fails'}"
            for one in self.figures
        ]
        return "\n".join(
            [*lines, f"calibration: {self.calibration}", f"load: {self.database}, {self.members:,} members: {verdict}"]
        )


def figures_of_crowd(kind: str, answers: Sequence[Answer]) -> tuple[Figure, ...]:
    """Statuses, how many were answered in time, how soon the others heard that they were not, and crashes."""
    served = [answer.seconds for answer in answers if answer.status == HTTPStatus.OK]
    in_time = sum(seconds <= LONGEST_ANSWER_SECONDS for seconds in served)
    least = round(len(answers) * LEAST_ANSWERED_SHARE)
    slowest = f", slowest {max(served):.2f} s" if served else ""
    answered = Figure(
        f"{kind}: answered within {LONGEST_ANSWER_SECONDS:.0f} s",
        f">= {least}",
        f"{in_time} ({_statuses(answers)}{slowest})",
        in_time >= least,
    )
    return answered, *_refused(kind, answers)


def figures_of_flood(kind: str, answers: Sequence[Answer]) -> tuple[Figure, ...]:
    """Of more than the server takes: some are turned away, at once, and nobody meets an error."""
    turned_away = sum(answer.status == HTTPStatus.SERVICE_UNAVAILABLE for answer in answers)
    name = f"{kind}: turned away of {len(answers)}"
    refusals = Figure(name, ">= 1", f"{turned_away} ({_statuses(answers)})", turned_away > 0)
    return refusals, *_refused(f"{kind}, {len(answers)}", answers)


def _statuses(answers: Sequence[Answer]) -> str:
    statuses = Counter(answer.status for answer in answers)
    return ", ".join(f"{count} x {status or 'no answer'}" for status, count in sorted(statuses.items()))


def _refused(kind: str, answers: Sequence[Answer]) -> tuple[Figure, Figure]:
    refused = [answer.seconds for answer in answers if answer.status == HTTPStatus.SERVICE_UNAVAILABLE]
    others = sum(answer.status not in (HTTPStatus.OK, HTTPStatus.SERVICE_UNAVAILABLE) for answer in answers)
    return (
        Figure(
            f"{kind}: slowest 503, s",
            f"{LONGEST_REFUSAL_SECONDS:.0f}",
            f"{max(refused):.2f}" if refused else "none was needed",
            max(refused, default=0.0) <= LONGEST_REFUSAL_SECONDS,
        ),
        Figure(f"{kind}: neither 200 nor 503", "0", str(others), others == 0),
    )


def kept_connection_figure(milliseconds: Sequence[float]) -> Figure:
    middle = sorted(milliseconds)[len(milliseconds) // 2]
    return Figure(
        "a request on a kept connection, ms",
        f"{MOST_KEPT_REQUEST_MS:.0f}",
        f"{middle:.1f} median of {len(milliseconds)}",
        middle <= MOST_KEPT_REQUEST_MS,
    )


def health_figure(milliseconds: Sequence[float]) -> Figure:
    slowest = max(milliseconds)
    middle = sorted(milliseconds)[len(milliseconds) // 2]
    return Figure(
        "/healthz while long messages are answered, ms",
        f"{LONGEST_HEALTH_MS:.0f}",
        f"{slowest:.0f} slowest of {len(milliseconds)}, median {middle:.0f}",
        slowest <= LONGEST_HEALTH_MS,
    )


def write_figure(seconds: Sequence[float]) -> Figure:
    slowest = max(seconds)
    return Figure(
        "a write while wrong sign-ins are refused, s",
        f"{LONGEST_WRITE_SECONDS:.0f}",
        f"{slowest:.2f} slowest of {len(seconds)}",
        slowest <= LONGEST_WRITE_SECONDS,
    )
