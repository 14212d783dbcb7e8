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
    """The rows of a statement whose columns are all integers and never missing, as (rows, columns).

    Read from the driver as they come: making objects of millions of rows first takes longer than finding them.
    """
    session.flush()
    width = len(statement.selected_columns)
    portions = [np.empty(0, dtype=np.int64)]
    with session.connection().execute(statement) as result:
        cursor = result.cursor
        assert cursor is not None  # noqa: S101 - a select has one
        while rows := cursor.fetchmany(PORTION_ROWS):
            portions.append(np.fromiter(chain.from_iterable(rows), dtype=np.int64, count=width * len(rows)))
    return np.concatenate(portions).reshape(-1, width)
