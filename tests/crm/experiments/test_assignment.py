from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import BigInteger, column, select, values
from sqlalchemy.orm import Session

from crm.experiments.assignment import PRIME, draw, draw_of, held_out, holdout_size, variant

MEMBERS = range(1, 20_001)


def drawn_out(experiment: str, share: float = 0.1) -> list[bool]:
    return [draw_of(f"{experiment}/holdout", member) < share * PRIME for member in MEMBERS]


def test_sql_draws_the_same_numbers_as_memory(session: Session) -> None:
    ids = values(column("id", BigInteger), name="ids").data([(n,) for n in (1, 2, 999_983, 2**31 - 1, 2**31 + 5)]).cte()
    drawn = dict(session.execute(select(ids.c.id, draw("spring", ids.c.id))).all())
    assert drawn == {member: draw_of("spring", member) for member in drawn}


@given(st.text(max_size=40), st.integers(min_value=1, max_value=2**40))
def test_a_draw_is_always_in_range(experiment: str, member: int) -> None:
    assert 0 <= draw_of(experiment, member) < PRIME


@pytest.mark.parametrize("share", [0.05, 0.1, 0.3, 0.5])
def test_the_share_is_kept_within_chance(share: float) -> None:
    # Four standard deviations of a binomial count: one false alarm in 16,000 experiments.
    spread = 4 * (len(MEMBERS) * share * (1 - share)) ** 0.5
    for number in range(12):
        assert abs(sum(drawn_out(f"campaign {number}", share)) - share * len(MEMBERS)) < spread


@pytest.mark.parametrize(("members", "share", "size"), [(59, 0.1, 6), (10, 0.05, 1), (4, 0.1, 0), (1_000, 0.335, 335)])
def test_the_holdout_has_just_the_size_that_was_asked_for(
    session: Session, members: int, share: float, size: int
) -> None:
    ids = values(column("id", BigInteger), name="ids").data([(n,) for n in range(1, members + 1)]).cte()
    for experiment in ("spring", "summer", "autumn"):
        assert holdout_size(members, share) == size
        chosen = set(session.scalars(held_out(experiment, select(ids.c.id), size)))
        assert chosen == set(sorted(range(1, members + 1), key=lambda n: draw_of(f"{experiment}/holdout", n))[:size])


def test_every_part_of_the_id_range_is_held_out_alike() -> None:
    chosen = drawn_out("spring")
    for start in range(0, len(MEMBERS), 2_000):
        assert abs(sum(chosen[start : start + 2_000]) - 200) < 4 * (2_000 * 0.1 * 0.9) ** 0.5


def test_holdouts_of_different_campaigns_are_independent() -> None:
    draws = {number: set_of(drawn_out(f"campaign {number}")) for number in range(30)}
    for one, other in combinations(draws.values(), 2):
        # Expected overlap 1% of members; 200 with a standard deviation of about 14.
        assert abs(len(one & other) - 200) < 75


def set_of(flags: list[bool]) -> set[int]:
    return {number for number, flag in enumerate(flags) if flag}


def test_a_holdout_is_no_shifted_copy_of_another() -> None:
    one, other = set_of(drawn_out("a")), set_of(drawn_out("b"))
    for shift in range(-200, 201):
        assert len(one & {number + shift for number in other}) < 300


def test_variants_share_evenly_and_independently_of_the_holdout(session: Session) -> None:
    ids = values(column("id", BigInteger), name="ids").data([(n,) for n in range(1, 3_001)]).cte()
    out = ids.c.id.in_(held_out("spring", select(ids.c.id), 1_500))
    rows = session.execute(select(variant("spring", ids.c.id, ("A", "B", "C")), out)).all()
    for name in "ABC":
        mine = [is_out for given, is_out in rows if given == name]
        assert 850 < len(mine) < 1_150
        assert 0.42 < sum(mine) / len(mine) < 0.58
