"""A database for random worlds: each example writes one, looks at it and rolls it back."""

from collections.abc import Iterator

import pytest

from crm.database import Sessions, open_sessions
from tests.conftest import DATABASE_KINDS, OpenDatabase


@pytest.fixture(scope="module", params=DATABASE_KINDS)
def world_sessions(request: pytest.FixtureRequest, open_database: OpenDatabase) -> Iterator[Sessions]:
    """Sessions on SQLite, and again on PostgreSQL."""
    with open_database(request.param) as engine:
        yield open_sessions(engine)
