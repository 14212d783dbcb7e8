"""Large results as arrays of numpy."""

from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Select
from sqlalchemy.orm import Session

PORTION_ROWS = 50_000
"""Rows that stand in memory as Python objects at a time."""


def int_rows(session: Session, statement: Select[*tuple[Any, ...]]) -> NDArray[np.int64]:
    """The rows of a statement whose columns are all integers and never missing, as (rows, columns)."""
    width = len(statement.selected_columns)
    result = session.execute(statement, execution_options={"yield_per": PORTION_ROWS})
    portions = [
        np.fromiter(chain.from_iterable(rows), dtype=np.int64, count=width * len(rows)) for rows in result.partitions()
    ]
    return np.concatenate([np.empty(0, dtype=np.int64), *portions]).reshape(-1, width)
