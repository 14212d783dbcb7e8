"""What the load benchmark says of the answers that a crowd got."""

import pytest

from evals.benchmarks.load.report import (
    Answer,
    Figure,
    LoadReport,
    figures_of_crowd,
    figures_of_flood,
    kept_connection_figure,
)

GOOD = [Answer(200, 1.0)] * 190


@pytest.mark.parametrize(
    ("answers", "holds"),
    [
        ([*GOOD, *[Answer(200, 9.9)] * 10], [True, True, True]),
        ([*GOOD, *[Answer(503, 0.9)] * 10], [True, True, True]),
        ([*GOOD, *[Answer(503, 8.0)] * 10], [True, False, True]),
        ([*GOOD, *[Answer(500, 0.1)] * 10], [True, True, False]),
        ([*GOOD, *[Answer(0, 60.0)] * 10], [True, True, False]),
        ([*GOOD[1:], *[Answer(200, 10.1)] * 11], [False, True, True]),
        ([Answer(503, 0.1)] * 200, [False, True, True]),
    ],
)
def test_each_fault_fails_its_target(answers: list[Answer], holds: list[bool]) -> None:
    assert [figure.holds for figure in figures_of_crowd("list", answers)] == holds


@pytest.mark.parametrize(
    ("answers", "holds"),
    [
        ([*GOOD, *[Answer(503, 0.4)] * 300], [True, True, True]),
        ([*GOOD, *[Answer(503, 1.2)] * 300], [True, False, True]),
        ([*GOOD, *[Answer(503, 0.4)] * 300, Answer(0, 9.0)], [True, True, False]),
        (GOOD, [False, True, True]),
    ],
)
def test_a_flood_turns_some_away_at_once_and_breaks_nothing(answers: list[Answer], holds: list[bool]) -> None:
    assert [figure.holds for figure in figures_of_flood("list", answers)] == holds


def test_a_delayed_acknowledgement_misses_the_target_of_kept_connections() -> None:
    assert kept_connection_figure([1.0, 1.2, 44.0]).holds
    assert not kept_connection_figure([1.0, 43.0, 44.0]).holds


def test_one_missed_target_fails_the_run_and_is_named() -> None:
    good, bad = Figure("a", "1", "0.5", True), Figure("b", "1", "2", False)
    assert LoadReport("sqlite", 1_000, (good,), "0.1 s").holds
    report = LoadReport("sqlite", 1_000, (good, bad), "0.1 s")
    assert not report.holds
    assert "b" in next(line for line in report.to_text().splitlines() if line.endswith("<-- fails"))
