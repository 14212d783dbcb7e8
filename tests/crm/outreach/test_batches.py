"""Batches of ids and texts reach both databases as one value."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.members.models import Member
from crm.outreach.batches import among, texts_by_id
from tests.builders import make_member
from tests.conftest import DATABASE_KINDS, OpenDatabase


@pytest.mark.parametrize("kind", DATABASE_KINDS)
def test_a_batch_finds_its_rows_and_what_belongs_to_them(open_database: OpenDatabase, kind: str) -> None:
    with open_database(kind) as engine, Session(engine) as session:
        ann, ben, cem = (make_member(session).id for _ in range(3))
        assert session.scalars(select(Member.id).where(among(Member.id, [cem, ann])).order_by(Member.id)).all() == [
            ann,
            cem,
        ]
        assert session.scalars(select(Member.id).where(among(Member.id, []))).all() == []
        told = texts_by_id(session, {ben: 'it\'s "here", 他说', cem: None})
        rows = session.execute(select(Member.id, told.c.text).join(told, told.c.id == Member.id).order_by(Member.id))
        assert [tuple(row) for row in rows] == [(ben, 'it\'s "here", 他说'), (cem, None)]
