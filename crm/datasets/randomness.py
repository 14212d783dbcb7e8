"""Random numbers that depend on what they are for, not on when they are drawn.

A number is a hash of (seed, purpose, keys), so that a world that is walked through in one step or
in many, forward in any chunks, comes out the same. The mixer is SplitMix64 (Steele, Lea, Flood 2014).
"""

from zlib import crc32

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.uint64]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)


def word_key(word: str) -> int:
    """A stable number for a word, on every machine and in every process."""
    return crc32(word.encode())


def mix(seed: int, purpose: str, *keys: NDArray[np.integer] | int) -> Keys:
    """One well mixed 64-bit number for each combination of keys (broadcast against each other)."""
    state: Keys = _scramble(np.asarray([(seed << 32) ^ word_key(purpose)], dtype=np.uint64))
    for key in keys:
        state = _scramble(state ^ np.asarray(key).astype(np.uint64))
    return state


def uniform(seed: int, purpose: str, *keys: NDArray[np.integer] | int) -> Floats:
    """Uniform numbers in (0, 1), one for each combination of keys."""
    return ((mix(seed, purpose, *keys) >> np.uint64(11)).astype(np.float64) + 0.5) / 2.0**53


def normal(seed: int, purpose: str, *keys: NDArray[np.integer] | int) -> Floats:
    """Standard normal numbers (Box and Muller), one for each combination of keys."""
    radius = np.sqrt(-2.0 * np.log(uniform(seed, f"{purpose}/radius", *keys)))
    return radius * np.cos(2.0 * np.pi * uniform(seed, f"{purpose}/angle", *keys))


def _scramble(state: Keys) -> Keys:
    with np.errstate(over="ignore"):
        state = state + _GOLDEN
        state = (state ^ (state >> np.uint64(30))) * _FIRST
        state = (state ^ (state >> np.uint64(27))) * _SECOND
    return state ^ (state >> np.uint64(31))
