"""The people who sign in to a demo workspace."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from crm.access.models import Account, Role
from crm.access.passwords import DEMO_PASSWORD
from crm.access.service import create_account


@dataclass(frozen=True)
class Person:
    username: str
    display_name: str
    role: Role


DEMO_PEOPLE = (
    Person("mia", "Mia Chen", Role.OPERATIONS),
    Person("kevin", "Kevin Zhao", Role.CSM),
    Person("helen", "Helen Sun", Role.CSM),
    Person("amy", "Amy Xu", Role.CSM),
    Person("grace", "Grace Lin", Role.MANAGER),
    Person("leo", "Leo Wu", Role.ANALYST),
    Person("admin", "Admin", Role.ADMIN),
)

CSM_USERNAMES = tuple(person.username for person in DEMO_PEOPLE if person.role is Role.CSM)


def create_people(session: Session) -> dict[str, Account]:
    """The demo accounts, by username."""
    return {
        person.username: create_account(
            session,
            username=person.username,
            display_name=person.display_name,
            role=person.role,
            password=DEMO_PASSWORD,
            is_demo=True,
        )
        for person in DEMO_PEOPLE
    }
