"""Batches of messages in SQL: hundreds of ids, and what belongs to them, each as one value.

A list in the statement would make a mark for each id, and both SQLAlchemy and PostgreSQL would read all of them
anew in each of the statements that a batch takes.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Dialect, FromClause, Integer, String, TypeDecorator, cast, func, literal, select
from sqlalchemy.dialects.postgresql import JSON
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.expression import ColumnElement
from sqlalchemy.sql.functions import FunctionElement


class _Ids(TypeDecorator[Sequence[int]]):
    """Whole numbers as the text that each database reads as a list."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Sequence[int] | None, dialect: Dialect) -> str:
        numbers = ",".join(map(str, value or ()))
        return f"{{{numbers}}}" if dialect.name == "postgresql" else f"[{numbers}]"


class _Listed(FunctionElement[int]):
    """The numbers as rows."""

    type = Integer()
    inherit_cache = True


@compiles(_Listed, "sqlite")
def _from_json(element: _Listed, compiler: Any, **options: Any) -> str:
    numbers = compiler.process(element.clauses, **options)
    return f"(SELECT value FROM json_each({numbers}))"  # noqa: S608 - a bound value


@compiles(_Listed, "postgresql")
def _from_array(element: _Listed, compiler: Any, **options: Any) -> str:
    return f"(SELECT unnest(CAST({compiler.process(element.clauses, **options)} AS INTEGER[])))"


def among(column: Any, ids: Sequence[int]) -> ColumnElement[bool]:
    """Whether a column holds one of the ids of a batch."""
    expression: ColumnElement[bool] = column.op("IN", is_comparison=True)(_Listed(literal(ids, _Ids())))
    return expression


def texts_by_id(session: Session, texts: Mapping[int, str | None]) -> FromClause:
    """A table of two columns, `id` and `text`."""
    written = json.dumps(texts)
    if session.get_bind().dialect.name == "postgresql":
        pairs = func.json_each_text(cast(literal(written, String), JSON)).table_valued("key", "value")
    else:
        pairs = func.json_each(literal(written, String)).table_valued("key", "value")
    return select(cast(pairs.c.key, Integer).label("id"), pairs.c.value.label("text")).subquery("texts")
