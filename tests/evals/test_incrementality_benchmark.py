"""The benchmark of the review's intervals, on a made-up pool: it can pass, and it can fail."""

from dataclasses import replace

import numpy as np

from evals.benchmarks.incrementality import Pool, measure_incrementality


def test_cells_report_target_and_measured_and_a_miss_is_seen() -> None:
    rng = np.random.default_rng(1)
    before = rng.gamma(0.9, 400, 2_000)
    report = measure_incrementality(Pool(before * 0.3 * rng.gamma(20, 1 / 20, 2_000), before), repetitions=100)
    assert (len(report.spend), len(report.rates)) == (12, 24)
    assert all(0.85 <= cell.coverage <= 1.0 for cell in report.spend)
    broken = replace(report, spend=(replace(report.spend[0], coverage=0.8), *report.spend[1:]))
    assert not broken.holds
    assert "<-- misses" in broken.to_text()
    assert broken.to_text().splitlines()[-1].startswith("incrementality: 36 cells")
