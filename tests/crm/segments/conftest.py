"""Databases for random worlds: each example writes one, looks at it and rolls it back."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack

import pytest

from crm.database import Sessions, open_sessions
from tests.conftest import DATABASE_KINDS, OpenDatabase


@pytest.fixture(scope="session")
def both_databases(open_database: OpenDatabase) -> Iterator[Mapping[str, Sessions]]:
    """Sessions on an empty SQLite database and on an empty PostgreSQL one, by the name of the kind."""
    with ExitStack() as stack:
        yield {kind: open_sessions(stack.enter_context(open_database(kind))) for kind in DATABASE_KINDS}
