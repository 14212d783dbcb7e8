"""What the load benchmark says of the answers that a crowd got."""

import pytest

from evals.benchmarks.load.report import Answer, Figure, LoadReport, figures_of_crowd

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


def test_one_missed_target_fails_the_run_and_is_named() -> None:
    good, bad = Figure("a", "1", "0.5", True), Figure("b", "1", "2", False)
    assert LoadReport("sqlite", 1_000, (good,)).holds
    report = LoadReport("sqlite", 1_000, (good, bad))
    assert not report.holds
    assert "b" in next(line for line in report.to_text().splitlines() if line.endswith("<-- fails"))
