"""Persons with several records, and an obvious reading of which records are one person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hypothesis import strategies as st
from sqlalchemy.orm import Session

from crm.channels import Channel
from crm.members.models import ContactPoint, Member
from tests.builders import make_member

Addresses = Mapping[Channel, str]


def records(session: Session, *each: Addresses) -> list[int]:
    """One record for each set of addresses; their ids."""
    return [_record(session, addresses).id for addresses in each]


def _record(session: Session, addresses: Addresses) -> Member:
    member = make_member(session, reachable_on=[])
    for channel, address in addresses.items():
        move_to(session, member.id, channel, address)
    session.flush()
    return member


def move_to(session: Session, member_id: int, channel: Channel, address: str) -> None:
    session.add(ContactPoint(member_id=member_id, channel=channel, address=address, normalised=address))


def email(name: str) -> Addresses:
    return {Channel.EMAIL: f"{name}@example.com"}


def phone(number: str) -> Addresses:
    return {Channel.SMS: f"+86138{number}"}


PERSONS: Mapping[str, Sequence[Addresses]] = {
    "two records with one mailbox": [email("{n}"), email("{n}")],
    "two records with one phone and nothing else": [phone("{n}"), phone("{n}")],
    "three records with one mailbox": [email("{n}"), email("{n}"), email("{n}")],
    "a chain by mailbox, then by phone": [email("{n}"), email("{n}") | phone("{n}"), phone("{n}")],
    "a chain whose middle comes last": [email("{n}"), phone("{n}"), email("{n}") | phone("{n}")],
    "four in a ring": [
        email("{n}a") | phone("{n}1"),
        email("{n}a") | phone("{n}2"),
        email("{n}b") | phone("{n}2"),
        email("{n}b") | phone("{n}1"),
    ],
    "two who share both": [email("{n}") | phone("{n}"), email("{n}") | phone("{n}")],
}


def people(session: Session, kind: str, number: int) -> list[list[int]]:
    """The ids of each of so many persons of a kind."""
    made = []
    for n in range(number):
        own = [{channel: a.replace("{n}", str(n)) for channel, a in each.items()} for each in PERSONS[kind]]
        made.append(records(session, *own))
    return made


@dataclass(frozen=True)
class Reading:
    """Which records belong together, found by walking from one to the next."""

    addresses: Sequence[Addresses]

    def person_of(self, index: int, among: Sequence[int]) -> int:
        """The first of its person among some records."""
        found, todo = {index}, [index]
        while todo:
            here = set(self.addresses[todo.pop()].items())
            near = [each for each in among if each not in found and here & set(self.addresses[each].items())]
            found |= set(near)
            todo += near
        return min(found, key=among.index)


NAMES = st.sampled_from("abcdefgh")
GRAPHS = st.lists(
    st.fixed_dictionaries({}, optional={Channel.EMAIL: NAMES, Channel.SMS: NAMES, Channel.PUSH: st.just("one token")}),
    min_size=1,
    max_size=14,
)


def without_push(graph: Sequence[Addresses]) -> list[Addresses]:
    return [{channel: a for channel, a in each.items() if channel is not Channel.PUSH} for each in graph]
