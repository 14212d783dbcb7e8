"""What rooms say of plain columns when they describe their fields."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Select, func, select

from crm.fields import Qualifier, Sql, Viewpoint
from crm.words import Text


def distinct_words(column: Any) -> Select[Any]:
    """The different words of an indexed column, in order: one step in the index for each, however many rows there are.

    `SELECT DISTINCT` would go through the whole index, for a dozen cities among a million members.
    """
    words = select(func.min(column).label("word")).cte("words", recursive=True)
    following = select(func.min(column)).where(column > words.c.word).correlate(words).scalar_subquery()
    words = words.union_all(select(following).where(words.c.word.is_not(None)))
    return select(words.c.word).where(words.c.word.is_not(None))


def stored(column: Sql) -> Callable[[Viewpoint], Sql]:
    """An expression that is the same from every viewpoint: a plain column."""
    return lambda _viewpoint: column


def plain_qualifier(
    name: str, values: tuple[str, ...] | Select[Any], text: Text, values_zh: Mapping[str, str] | None = None
) -> Qualifier:
    """A qualifier whose words stand in the rows themselves."""
    return Qualifier(
        name=name,
        matches=lambda column, words: column.in_(words),
        label=lambda column: column,
        values=values,
        text=text,
        values_zh=values_zh or {},
    )
