"""Databases for random worlds: each example writes one, looks at it and rolls it back."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import pytest
from sqlalchemy.orm import Session

from crm.database import Sessions, open_sessions
from crm.segments.records import member_records
from crm.segments.scope import SegmentScope
from tests.conftest import DATABASE_KINDS, OpenDatabase
from tests.crm.segments.drawing import ZONES, random_world
from tests.crm.segments.worlds import build_settled

CROWD_SIZE = 80
"""Members of the fixed world: enough for each edge and each missing value to meet each other."""


@pytest.fixture(scope="session")
def both_databases(open_database: OpenDatabase) -> Iterator[Mapping[str, Sessions]]:
    """Sessions on an empty SQLite database and on an empty PostgreSQL one, by the name of the kind."""
    with ExitStack() as stack:
        yield {kind: open_sessions(stack.enter_context(open_database(kind))) for kind in DATABASE_KINDS}


@dataclass(frozen=True)
class Crowd:
    """A fixed world of many members, open in one database, with the facts of its members."""

    session: Session
    scope: SegmentScope
    records: list[dict[str, Any]]


@pytest.fixture(scope="session", params=DATABASE_KINDS)
def crowd(request: pytest.FixtureRequest, open_database: OpenDatabase) -> Iterator[Crowd]:
    world = replace(random_world(Random(7), CROWD_SIZE), zone=ZONES[0], sees_all=True)
    with open_database(request.param) as engine, Session(engine) as session:
        scope = build_settled(session, world)
        yield Crowd(session, scope, list(member_records(session, scope)))
        session.rollback()
