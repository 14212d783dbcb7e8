"""Pages of lists that others mend meanwhile: whoever reads on by cursor misses nobody and reads nobody twice."""

from datetime import datetime

import pytest
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from crm.access.actor import Actor
from crm.access.models import Role
from crm.access.service import actor_for
from crm.channels import Channel
from crm.cursors import read_cursor, write_cursor
from crm.errors import InvalidRequest
from crm.members.contacts import set_contact, unreadable_addresses
from crm.members.models import ContactPoint
from tests.builders import make_account, make_member


@pytest.fixture
def operator(session: Session) -> Actor:
    return actor_for(make_account(session, role=Role.OPERATIONS))


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_whoever_mends_each_page_before_the_next_sees_everybody(
    session: Session, operator: Actor, now: datetime, size: int
) -> None:
    for number in range(8):
        member = make_member(session, external_ref=f"M{number}")
        session.execute(delete(ContactPoint).where(ContactPoint.member_id == member.id))
        for channel in (Channel.EMAIL, Channel.SMS):
            set_contact(session, member.id, channel, "call me", actor=operator, now=now)
    seen: list[tuple[int, Channel]] = []
    cursor, is_over = None, False
    while not is_over:
        page = unreadable_addresses(session, actor=operator, after=cursor, limit=size)
        seen.extend((item.member_id, item.channel) for item in page.items)
        for item in page.items:
            point = session.scalars(
                select(ContactPoint).where(
                    ContactPoint.member_id == item.member_id, ContactPoint.channel == item.channel
                )
            ).one()
            point.normalised = "mended"
        session.flush()
        cursor = page.next_cursor
        is_over = cursor is None
    assert len(seen) == len(set(seen)) == 16


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "9" * 200,
        "é",
        write_cursor(1),
        write_cursor("1", "email"),
        write_cursor(1, "pigeon"),
        write_cursor(-1, "email"),
        write_cursor(2**63, "email"),
        write_cursor(1, "email") * 2,
        write_cursor(*range(60)),
    ],
)
def test_a_cursor_that_nobody_gave_is_refused(session: Session, operator: Actor, cursor: str) -> None:
    with pytest.raises(InvalidRequest, match="none of ours"):
        unreadable_addresses(session, actor=operator, after=cursor)


def test_a_cursor_gives_back_what_it_was_made_of() -> None:
    assert list(read_cursor(write_cursor(7, "email"), int, str)) == [7, "email"]
