"""Columns drawn at random, the same in every run."""

from collections.abc import Sequence
from zlib import crc32

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from crm.datasets.randomness import Ints

SEED = 7


def stream(purpose: str) -> np.random.Generator:
    """Random numbers of their own for each purpose: another column changes no other one."""
    return np.random.default_rng([SEED, crc32(purpose.encode())])


def words(words: Sequence[str], chosen: NDArray[np.integer]) -> pa.Array:
    """The word of each index; None for -1."""
    return pa.DictionaryArray.from_arrays(pa.array(chosen.astype(np.int32), mask=chosen < 0), list(words))


def drawn(random: np.random.Generator, shares: Sequence[float], size: int) -> Ints:
    """An index for each row, in proportion to the shares."""
    bounds = np.cumsum(shares)
    return np.searchsorted(bounds / bounds[-1], random.random(size), side="right").astype(np.int64)


def numbered(prefix: str, numbers: Ints) -> pa.Array:
    """The prefix with each number behind it."""
    return pc.binary_join_element_wise(prefix, pc.cast(pa.array(numbers), pa.string()), "")


def ids(size: int) -> Ints:
    """From 1 on."""
    return np.arange(1, size + 1, dtype=np.int64)
