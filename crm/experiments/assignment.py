"""Random but repeatable: who is held out, and who gets which variant. Whoever draws passes the person, not the record.

The draw is a polynomial of degree 3 over the prime field of 2^31 - 1, evaluated at the person's id,
with coefficients from SHA-256 of the experiment's key. Such functions are a 4-wise independent family
(Wegman and Carter, 1981): shares vary as fair coins do, and two experiments draw independently, which
shifted copies of one linear hash do not. No product reaches 2^63, so the same integers come out of
Python, SQLite and PostgreSQL.
"""

from collections.abc import Sequence
from hashlib import sha256
from itertools import accumulate

from sqlalchemy import BigInteger, ColumnElement, Integer, Select, String, case, cast, literal, select

PRIME = 2**31 - 1
_COEFFICIENTS = 4
_SHARE_PARTS = 10_000
"""Shares count in hundredths of a percent, so that the comparison is one of integers."""


def draw(experiment: str, member_id: ColumnElement[int]) -> ColumnElement[int]:
    """A number of 0 to PRIME - 1 for each member, as SQL."""
    point = cast(member_id, BigInteger) % literal(PRIME, BigInteger)
    first, *rest = _coefficients(experiment)
    drawn: ColumnElement[int] = literal(first, BigInteger)
    for coefficient in rest:
        drawn = (drawn * point + literal(coefficient, BigInteger)) % literal(PRIME, BigInteger)
    return drawn


def draw_of(experiment: str, member_id: int) -> int:
    """The same number for one member, in memory."""
    drawn = 0
    for coefficient in _coefficients(experiment):
        drawn = (drawn * (member_id % PRIME) + coefficient) % PRIME
    return drawn


def holdout_size(people: int, share: float) -> int:
    """How many of some people the `share` (0 to 1) comes to, rounded: a tenth of 59 is 6."""
    return (people * round(share * _SHARE_PARTS) + _SHARE_PARTS // 2) // _SHARE_PARTS


def held_out(experiment: str, people: Select[int], size: int) -> Select[int]:
    """The `size` people who are left alone: those with the lowest draws (complete randomisation).

    One coin for each could well make 11 out of a tenth of 59. `people` gives one column of ids.
    """
    (person_id,) = people.subquery("people").c
    return select(person_id).order_by(draw(f"{experiment}/holdout", person_id), person_id).limit(size)


def is_drawn(experiment: str, member_id: ColumnElement[int], share: float) -> ColumnElement[bool]:
    """Whether a member is held out where members come one by one: an independent coin for each, the same each time."""
    below = PRIME * round(share * _SHARE_PARTS) // _SHARE_PARTS
    return draw(f"{experiment}/holdout", member_id) < literal(below, BigInteger)


def way(experiment: str, member_id: ColumnElement[int], weights: Sequence[tuple[str, int]]) -> ColumnElement[str]:
    """One of some names for each member, by weight; the same each time."""
    drawn, total = draw(experiment, member_id), sum(weight for _, weight in weights)
    ends = [PRIME * end // total for end in accumulate(weight for _, weight in weights)]
    bounds = [(name, end) for (name, _), end in zip(weights, ends, strict=True)]
    return case(*[(drawn < literal(end, BigInteger), literal(name)) for name, end in bounds[:-1]], else_=bounds[-1][0])


def variant(experiment: str, member_id: ColumnElement[int], names: tuple[str, ...]) -> ColumnElement[str]:
    """One of `names` for each member, in equal shares, independent of the holdout."""
    if len(names) == 1:
        return literal(names[0], String)
    drawn = draw(f"{experiment}/variant", member_id)
    bounds = [(name, PRIME * (index + 1) // len(names)) for index, name in enumerate(names[:-1])]
    return case(*[(drawn < literal(bound, Integer), literal(name)) for name, bound in bounds], else_=names[-1])


def _coefficients(experiment: str) -> tuple[int, ...]:
    """From the highest power down; the highest is never 0, so the function never degrades to a lower degree."""
    digest = sha256(experiment.encode()).digest()
    words = [int.from_bytes(digest[8 * index : 8 * index + 8], "big") for index in range(_COEFFICIENTS)]
    return (words[0] % (PRIME - 1) + 1, *(word % PRIME for word in words[1:]))
