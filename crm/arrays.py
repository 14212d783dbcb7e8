"""Large results of whole numbers, without an object for each row on the way."""

import json
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Select, Text, cast, func, select
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


def int_list(session: Session, statement: Select[int]) -> list[int]:
    """The one column of a statement, whole numbers that are never missing, in no order.

    The database writes them as one JSON list: reading that takes a third of the time of fetching rows.
    """
    (number,) = statement.subquery().c
    if session.get_bind().dialect.name == "sqlite":
        listed: Any = func.json_group_array(number)
    else:
        listed = cast(func.array_to_json(func.array_agg(number)), Text)
    numbers: list[int] = json.loads(session.scalar(select(listed)) or "[]")
    return numbers
