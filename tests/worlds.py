"""Random small worlds for property tests: members with every kind of trouble, in a database of their own."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.channels import SENDABLE_CHANNELS, Channel
from crm.database import Sessions, open_engine, open_sessions, unit_of_work
from crm.members.models import ContactPoint, Member, Suppression
from crm.workspace import Workspace
from tests.builders import LONG_AGO, make_member

ZONES = (None, "America/New_York", "Asia/Tokyo", "Europe/Berlin")


@dataclass(frozen=True)
class Person:
    """How one member is to be made."""

    consents: tuple[bool | None, bool | None, bool | None] = (True, True, True)
    """For e-mail, SMS and push; None: unknown."""
    reachable: tuple[bool, bool, bool] = (True, True, True)
    preferred: Channel | None = None
    zone_name: str | None = None
    is_suppressed: bool = False
    shares: tuple[int, Channel] | None = None
    """Has the address of the member so many places before."""


_mostly_yes = st.sampled_from([True, True, True, True, False])
PERSONS = st.builds(
    Person,
    consents=st.tuples(*[st.sampled_from([True, True, True, False, None])] * 3),
    reachable=st.tuples(*[_mostly_yes] * 3),
    preferred=st.sampled_from([None, *SENDABLE_CHANNELS]),
    zone_name=st.sampled_from(ZONES),
    is_suppressed=_mostly_yes.map(lambda yes: not yes),
    shares=st.none() | st.tuples(st.integers(1, 3), st.sampled_from(SENDABLE_CHANNELS)),
)


@contextmanager
def world(template: Path) -> Iterator[Sessions]:
    """Sessions on a fresh copy of an empty database."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "nurture.sqlite"
        shutil.copy(template, path)
        engine = open_engine(f"sqlite:///{path}")
        sessions = open_sessions(engine)
        with unit_of_work(sessions) as session:
            session.add(
                Workspace(
                    id=1,
                    name="Test",
                    dataset="demo",
                    zone_name="Asia/Shanghai",
                    currency="CNY",
                    clock_offset_seconds=0,
                )
            )
        yield sessions
        engine.dispose()


def settle(session: Session, persons: list[Person]) -> list[int]:
    """Make the members; their ids."""
    members = [_settle_one(session, person) for person in persons]
    for index, person in enumerate(persons):
        if person.shares is not None and index >= person.shares[0]:
            _share(session, members[index - person.shares[0]], members[index], person.shares[1])
    session.flush()
    return [member.id for member in members]


def _settle_one(session: Session, person: Person) -> Member:
    granted = zip(SENDABLE_CHANNELS, person.consents, strict=True)
    member = make_member(
        session,
        consents={channel: consent for channel, consent in granted if consent is not None},
        reachable_on=[channel for channel, yes in zip(SENDABLE_CHANNELS, person.reachable, strict=True) if yes],
        preferred_channel=person.preferred,
        zone_name=person.zone_name,
    )
    if person.is_suppressed:
        session.add(Suppression(member_id=member.id, reason="asked us to stop", created_at=LONG_AGO))
    return member


def _share(session: Session, one: Member, other: Member, channel: Channel) -> None:
    contacts = select(ContactPoint).where(
        ContactPoint.member_id.in_((one.id, other.id)), ContactPoint.channel == channel
    )
    for contact in session.scalars(contacts):
        contact.normalised = f"shared-{one.id}-{channel}"


class InterruptedSessions:
    """Sessions for a dispatch into which the world breaks: before each new transaction something happens."""

    def __init__(self, sessions: Sessions, happenings: list[Callable[[], None]]) -> None:
        self.sessions = sessions
        self.kw = sessions.kw
        self.happenings = happenings

    def __call__(self) -> Session:
        if self.happenings:
            self.happenings.pop(0)()
        return self.sessions()
