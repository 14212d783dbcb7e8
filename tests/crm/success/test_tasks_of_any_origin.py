"""A task is the same thing whatever asked for it: a journey, or something that is no journey."""

from datetime import datetime, timedelta

from alembic import command
from sqlalchemy import Engine, literal, select, text
from sqlalchemy.orm import Session

from crm.access.models import Role
from crm.database import Sessions, UtcDateTime, read_only, unit_of_work
from crm.members.models import Member
from crm.migrations import alembic_config
from crm.success.models import Task, TaskState
from crm.success.service import Origin, cancel_tasks, complete_task, give_tasks, list_tasks
from tests.builders import make_account, make_member
from tests.walks import Walker, journey, make_actor, task

DAY = timedelta(days=1)
CASE = Origin("case", 17, "Case 17: a broken zip")


def give(session: Session, origin: Origin, members: list[int], now: datetime) -> None:
    moments = (literal(now, UtcDateTime).label("created_at"), literal(now + DAY, UtcDateTime).label("due_at"))
    to = select(Member.id.label("member_id"), *moments).where(Member.id.in_(members))
    give_tasks(session, origin, title="Call back", note="Has the receipt", to=to, order="member_id")


def test_a_case_gives_tasks_as_a_journey_does(sessions: Sessions, now: datetime) -> None:
    with unit_of_work(sessions) as session:
        csm, other = make_actor(session, Role.CSM), make_account(session, role=Role.CSM)
        mine = make_member(session, owner_id=csm.account_id, name="Mine").id
        theirs, nobodys = make_member(session, owner_id=other.id).id, make_member(session, name="Free").id
    walker = Walker(sessions, now)
    walker.enter(walker.start(journey(task("call", title="Say hello", due_in_days=3))), mine)
    walker.advance_clock(now)
    with unit_of_work(sessions) as session:
        give(session, CASE, [mine, theirs, nobodys], now)
    with unit_of_work(sessions) as session:
        page = list_tasks(session, actor=csm, now=now, whose="all")
        lines = [(line.title, line.member_name, line.origin_kind, line.origin_name) for line in page.lines]
        assert lines == [
            ("Call back", "Mine", "case", "Case 17: a broken zip"),
            ("Call back", "Free", "case", "Case 17: a broken zip"),
            ("Say hello", "Mine", "journey", "Test journey"),
        ]
        assert [(line.journey_id, line.journey_name) for line in page.lines[1:]] == [
            (None, None),
            (page.lines[2].origin_id, "Test journey"),
        ]
        complete_task(session, page.lines[0].task_id, outcome="gets a new one", actor=csm, now=now)
        cancel_tasks(session, (Task.origin_kind == CASE.kind) & (Task.origin_id == CASE.id), now=now)
    with read_only(sessions) as session:
        states = session.execute(select(Task.origin_kind, Task.state).order_by(Task.id)).all()
    assert [tuple(state) for state in states] == [
        ("journey", TaskState.OPEN),
        ("case", TaskState.DONE),
        ("case", TaskState.CANCELLED),
        ("case", TaskState.CANCELLED),
    ]


def test_tasks_of_the_version_before_know_their_journey_afterwards(
    engine: Engine, sessions: Sessions, now: datetime
) -> None:
    with unit_of_work(sessions) as session:
        member_id = make_member(session).id
    walker = Walker(sessions, now)
    running = walker.start(journey(task("call"), name="Spring"))
    walker.enter(running, member_id)
    walker.advance_clock(now)
    config = alembic_config()
    for step, revision in ((command.downgrade, "0016"), (command.upgrade, "head")):
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            step(config, revision)
    # A worker of that version, which is still there, names no origin.
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO tasks (journey_id, enrolment_id, step_key, member_id, title, note, created_at, due_at,"
                " state) SELECT journey_id, enrolment_id, 'later', member_id, title, note, created_at, due_at + 1,"
                " state FROM tasks"
            )
        )
    with read_only(sessions) as session:
        lines = list_tasks(session, actor=walker.author, now=now, whose="all").lines
    assert [(line.origin_kind, line.origin_id, line.origin_name) for line in lines] == [
        ("journey", running, "Spring"),
        ("journey", running, f"journey {running}"),
    ]
    assert [line.journey_id for line in lines] == [running, running]
