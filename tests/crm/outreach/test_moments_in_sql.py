"""Arithmetic with moments inside the database."""

from datetime import datetime, timedelta

from sqlalchemy import literal, select
from sqlalchemy.orm import Session

from crm.database import UtcDateTime
from crm.members.models import Member
from crm.outreach.moments import earlier
from tests.builders import make_member


def test_a_bound_moment_and_a_stored_one_go_back_by_the_same_time(session: Session, now: datetime) -> None:
    make_member(session, joined_at=now)
    week = timedelta(days=7)
    bound, stored = literal(now, UtcDateTime), Member.__table__.c.joined_at
    assert session.execute(select(earlier(bound, week), earlier(stored, week))).one() == (now - week,) * 2
