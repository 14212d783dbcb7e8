"""Numbers that depend on what they are for."""

import numpy as np

from crm.datasets.randomness import mix, normal, uniform

KEYS = np.arange(20_000)


def test_the_same_question_has_the_same_answer() -> None:
    assert np.array_equal(uniform(7, "coin", KEYS), uniform(7, "coin", KEYS))
    assert uniform(7, "coin", 41)[0] == uniform(7, "coin", KEYS)[41]


def test_seed_purpose_and_each_key_matter() -> None:
    base = mix(7, "coin", KEYS, 1)
    for other in (mix(8, "coin", KEYS, 1), mix(7, "die", KEYS, 1), mix(7, "coin", KEYS, 2)):
        assert not (base == other).any()


def test_numbers_are_spread_evenly_and_not_related_to_their_neighbours() -> None:
    shares = uniform(7, "coin", KEYS)
    assert shares.min() > 0
    assert shares.max() < 1
    counts = np.histogram(shares, bins=20, range=(0, 1))[0]
    assert ((counts - 1_000) ** 2 / 1_000).sum() < 43.8  # chi-square, 19 degrees of freedom, p = 0.001
    assert abs(np.corrcoef(shares[1:], shares[:-1])[0, 1]) < 0.03


def test_normal_numbers_have_mean_0_and_deviation_1() -> None:
    drawn = normal(7, "height", KEYS)
    assert abs(drawn.mean()) < 0.03
    assert abs(drawn.std() - 1) < 0.03
