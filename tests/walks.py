"""Journeys that are walked, in their JSON form, and a world to walk them in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.access.actor import Actor
from crm.access.models import Role
from crm.catalog import CATALOG
from crm.database import Sessions, read_only, unit_of_work
from crm.fields import Catalog
from crm.journeys import service
from crm.journeys.engine import advance, next_moment
from crm.journeys.models import StepTaken
from crm.outreach.models import Enrolment, Journey, Message
from crm.success.models import Task
from tests.builders import make_account
from tests.providers import FakeProvider

Json = dict[str, Any]


def send(key: str, *channels: str, **changes: Any) -> Json:
    words = [{"channel": channel, "body": f"{key}: hello {{{{ name }}}}"} for channel in ("email", "sms", "push")]
    return {"kind": "send", "key": key, "channels": list(channels or ("email",)), "wordings": words} | changes


def wait(key: str, **changes: Any) -> Json:
    return {"kind": "wait", "key": key} | changes


def task(key: str, **changes: Any) -> Json:
    return {"kind": "task", "key": key, "title": "Call the member"} | changes


def journey(*steps: Json, trigger: Mapping[str, Any] | None = None, **changes: Any) -> Json:
    """A journey of these steps that members enter by hand, without a holdout, unless told otherwise."""
    return {
        "name": "Test journey",
        "trigger": dict(trigger or {"kind": "by_hand"}),
        "holdout_share": 0.0,
        "steps": list(steps),
    } | changes


def make_actor(session: Session, role: Role) -> Actor:
    account = make_account(session, role=role)
    return Actor(account.id, account.username, account.display_name, role)


@dataclass
class Walker:
    """Somebody who writes journeys, somebody who approves them, and an engine with a provider that takes everything."""

    sessions: Sessions
    now: datetime
    provider: FakeProvider = field(default_factory=FakeProvider)
    requests: int = 0
    catalog: Catalog = CATALOG

    def __post_init__(self) -> None:
        with unit_of_work(self.sessions) as session:
            self.author = make_actor(session, Role.OPERATIONS)
            self.approver = make_actor(session, Role.MANAGER)

    def start(self, data: Json, *, author: Actor | None = None) -> int:
        """The journey written, submitted, approved by somebody else and started; its id."""
        self.requests += 1
        with unit_of_work(self.sessions) as session:
            written = service.save_draft(
                session,
                data=data,
                actor=author or self.author,
                request_id=f"request-{self.requests}",
                now=self.now,
                catalog=self.catalog,
            )
            asked = service.submit(session, written.id, actor=self.author, now=self.now, catalog=self.catalog)
            service.approve(session, written.id, fingerprint=asked.fingerprint, actor=self.approver, now=self.now)
            return service.activate(session, written.id, actor=self.author, now=self.now, catalog=self.catalog).id

    def enter(self, journey_id: int, *member_ids: int) -> int:
        """Let in by hand; how many entered."""
        self.requests += 1
        with unit_of_work(self.sessions) as session:
            entered = service.enrol_by_hand(
                session,
                journey_id,
                member_ids=member_ids,
                actor=self.author,
                request_id=f"request-{self.requests}",
                now=self.now,
                catalog=self.catalog,
            )
        return entered.entered

    def advance(self) -> None:
        advance(self.sessions, self.now, self.provider.on_all_channels(), catalog=self.catalog)

    def advance_clock(self, moment: datetime) -> None:
        """From one moment at which something is due to the next, up to and at a moment."""
        self.advance()
        while (upcoming := self.next_moment()) is not None and upcoming <= moment:
            self.now = upcoming
            self.advance()
        self.now = moment
        self.advance()

    def next_moment(self) -> datetime | None:
        with read_only(self.sessions) as session:
            return next_moment(session, self.now, catalog=self.catalog)

    def heard(self, member_id: int) -> list[tuple[str, datetime]]:
        """What a member got: the first word of each text, and when the provider took it."""
        return [
            (message.body.split(":")[0], self.provider.taken_at[message.idempotency_key])
            for message in self.provider.taken
            if message.member_id == member_id
        ]

    def rows(self, model: type[Any], *conditions: Any) -> Sequence[Any]:
        with read_only(self.sessions) as session:
            return session.scalars(select(model).where(*conditions).order_by(model.id)).all()

    def enrolments(self, *conditions: Any) -> Sequence[Enrolment]:
        return self.rows(Enrolment, *conditions)

    def messages(self, *conditions: Any) -> Sequence[Message]:
        return self.rows(Message, *conditions)

    def tasks(self) -> Sequence[Task]:
        return self.rows(Task)

    def steps_of(self, enrolment_id: int) -> list[tuple[str, str]]:
        taken = self.rows(StepTaken, StepTaken.enrolment_id == enrolment_id)
        return [(step.step_key, step.went_to) for step in taken]

    def journey(self, journey_id: int) -> Journey:
        with read_only(self.sessions) as session:
            return session.get_one(Journey, journey_id)
