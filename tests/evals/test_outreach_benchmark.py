"""The benchmark of outreach runs on a small world, and its yardstick finds the same people."""

import pytest

from crm.bulk import no_progress
from evals.benchmarks.outreach.report import OutreachReport
from evals.benchmarks.outreach.run import measure_outreach

SIZES = [300, 900]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> OutreachReport:
    # Raises when the yardstick finds other people than the gate.
    work = tmp_path_factory.mktemp("bench")
    return measure_outreach(work, 1_000, SIZES, database_url=None, progress=no_progress, note=lambda _line: None)


def test_every_message_of_a_campaign_is_accounted_for(report: OutreachReport) -> None:
    assert report.planning.ledger_rows == 1_000 * 3 * 3
    assert 0 < report.planning.ledger_messages < report.planning.ledger_rows


def test_every_ledger_is_sent_to_its_end(report: OutreachReport) -> None:
    for dispatch, size in zip(report.alone, SIZES, strict=True):
        assert dispatch.messages == pytest.approx(size, rel=0.15)
        assert dispatch.peak_bytes > 0


def test_the_report_ends_with_one_line_that_sums_it_up(report: OutreachReport) -> None:
    assert report.to_text().splitlines()[-1].startswith("outreach: 1,000 members on sqlite")
    assert report.to_json()["holds"] is report.holds
