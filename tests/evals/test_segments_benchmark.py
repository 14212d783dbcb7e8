"""The benchmark of segments runs on a small world, and all ways to answer agree there."""

from pathlib import Path

import pytest

from crm.bulk import no_progress
from evals.benchmarks.segments.questions import MORE_QUESTIONS
from evals.benchmarks.segments.report import SegmentsReport
from evals.benchmarks.segments.run import measure_segments


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> SegmentsReport:
    # Raises when the yardstick, the facts after an ingest, or the facts of the next day disagree with the rows.
    work = tmp_path_factory.mktemp("bench")
    return measure_segments(work, 1_000, database_url=None, progress=no_progress, note=lambda _line: None)


def test_every_question_is_answered_from_facts_as_from_the_rows(report: SegmentsReport) -> None:
    assert len(report.more) == MORE_QUESTIONS
    assert [asked.definition for asked in report.more if not asked.is_same_from_rows] == []


def test_every_question_has_members(report: SegmentsReport) -> None:
    assert [timing.letter for timing in report.six if timing.members] == list("abcdef")


def test_the_report_ends_with_one_line_that_sums_it_up(report: SegmentsReport) -> None:
    assert report.to_text().splitlines()[-1].startswith("segments: 1,000 members on sqlite")
    assert report.to_json()["holds"] is report.holds


def test_the_query_plans_are_kept(report: SegmentsReport) -> None:
    assert "a count" in Path(report.plans_file).read_text(encoding="utf-8")
