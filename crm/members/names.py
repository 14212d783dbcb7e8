"""Keeps the names of members in the form in which they are found, whoever writes them and however.

A name that was written anew has no folded form: the database takes it away (a trigger), and here it is made. Until
then `crm.members.service` folds it when it looks for somebody.
"""

from collections.abc import Iterable
from typing import cast

from sqlalchemy import Table, bindparam, select, update
from sqlalchemy.orm import Session

from crm.database import Sessions, let_others_write, read_only, unit_of_work
from crm.members.models import Member
from crm.reading.names import fold_name

SET_SIZE = 5_000
"""Names folded in one transaction: other writers wait less than a second."""


def fold_names(names: Iterable[str | None]) -> list[str | None]:
    """A column of names as its folded column."""
    return [None if name is None else fold_name(name) for name in names]


def refresh_names(sessions: Sessions) -> int:
    """Fold every name that was written since the last time; how many. After a large import this is worth a call."""
    done = 0
    while True:
        with read_only(sessions) as session:
            if session.scalar(select(Member.id).where(Member.name_folded.is_(None)).limit(1)) is None:
                return done
        with unit_of_work(sessions) as session:
            done += _fold_some(session)
        let_others_write(sessions)


def _fold_some(session: Session) -> int:
    members = cast(Table, Member.__table__)
    waiting = select(members.c.id, members.c.name, members.c.name_local).where(members.c.name_folded.is_(None))
    rows = session.execute(waiting.order_by(members.c.id).limit(SET_SIZE).with_for_update()).all()
    if rows:
        change = update(members).where(members.c.id == bindparam("member"))
        change = change.values(name_folded=bindparam("folded"), name_local_folded=bindparam("local_folded"))
        folded = zip(fold_names(row.name for row in rows), fold_names(row.name_local for row in rows), strict=True)
        session.execute(
            change,
            [
                {"member": row.id, "folded": name, "local_folded": local}
                for row, (name, local) in zip(rows, folded, strict=True)
            ],
        )
    return len(rows)
