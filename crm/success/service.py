"""Tasks of people: what asked for them, who has which, and what came of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, and_, func, insert, literal, or_, select, update
from sqlalchemy.orm import Session

from crm.access import audit
from crm.access.actor import Actor, Permission, require
from crm.access.models import Account, Role
from crm.cursors import read_cursor, write_cursor
from crm.errors import Conflict, Forbidden, InvalidRequest, NotFound
from crm.members.models import Member
from crm.success.models import Task, TaskState

SUBJECT_KIND = "task"
Whose = Literal["mine", "unassigned", "all"]


@dataclass(frozen=True)
class Origin:
    """What asks for a task."""

    kind: str
    id: int
    name: str


@dataclass(frozen=True)
class TaskLine:
    """One task with what is needed to do it."""

    task_id: int
    title: str
    note: str
    member_id: int
    member_name: str
    origin_kind: str
    origin_id: int | None
    origin_name: str
    """What asked for it."""
    journey_id: int | None
    journey_name: str | None
    """The same, where it was a journey."""
    owner_id: int | None
    owner_name: str | None
    created_at: datetime
    due_at: datetime
    is_overdue: bool
    state: TaskState
    closed_at: datetime | None
    outcome: str | None


@dataclass(frozen=True)
class TaskPage:
    total: int
    lines: tuple[TaskLine, ...]
    as_of: datetime
    next_cursor: str | None = None
    """Of the page that follows; None at the end."""


def give_tasks(
    session: Session, origin: Origin, *, title: str, note: str = "", to: Select[*tuple[Any, ...]], order: str
) -> None:
    """One task for each row of `to`, with the member's customer success manager as its owner.

    `to` names columns of tasks: `member_id`, `created_at` and `due_at`, and those of a step where a journey asks.
    Written in one statement, in the order of one of them.
    """
    each = to.subquery("given")
    values: dict[str, ColumnElement[Any]] = {
        **{column.name: column for column in each.c},
        "origin_kind": literal(origin.kind),
        "origin_id": literal(origin.id),
        "origin_name": literal(origin.name),
        "owner_id": Member.__table__.c.owner_id,
        "title": literal(title),
        "note": literal(note),
        "state": literal(TaskState.OPEN, Task.__table__.c.state.type),
    }
    rows = select(*values.values()).join_from(each, Member, Member.id == each.c.member_id).order_by(each.c[order])
    session.execute(insert(Task).from_select(list(values), rows))


def cancel_tasks(session: Session, which: ColumnElement[bool], *, now: datetime) -> None:
    """What asked for these takes back those that nobody did."""
    dropped = update(Task).where(which, Task.state == TaskState.OPEN)
    dropped = dropped.values(state=TaskState.CANCELLED, closed_at=now)
    session.execute(dropped.execution_options(synchronize_session=False))


def list_tasks(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    whose: Whose = "mine",
    state: TaskState | None = TaskState.OPEN,
    offset: int = 0,
    after: str | None = None,
    limit: int = 20,
) -> TaskPage:
    """Tasks, the most urgent first, behind the place `after` or else after so many rows.

    A customer success manager sees their own, and those that wait for anybody.
    """
    require(actor, Permission.READ_MEMBERS)
    shown = _shown(actor, whose, state)
    query: Select[Task, Member, str] = (
        select(Task, Member, Account.display_name)
        .join(Member, Member.id == Task.member_id)
        .outerjoin(Account, Account.id == Task.owner_id)
        .where(*shown)
        .order_by(Task.due_at, Task.id)
    )
    query = query.offset(offset) if after is None else query.where(_behind(after))
    rows = session.execute(query.limit(limit + 1)).all()
    total = session.scalar(select(func.count()).select_from(Task).where(*shown)) or 0
    lines = tuple(_line(task, member, owner, now) for task, member, owner in rows[:limit])
    last = lines[-1] if len(rows) > limit else None
    return TaskPage(total, lines, now, write_cursor(int(last.due_at.timestamp()), last.task_id) if last else None)


def _behind(cursor: str) -> ColumnElement[bool]:
    seconds, task_id = read_cursor(cursor, int, int)
    due_at = datetime.fromtimestamp(int(seconds), UTC)
    return or_(Task.due_at > due_at, and_(Task.due_at == due_at, Task.id > task_id))


def complete_task(session: Session, task_id: int, *, outcome: str, actor: Actor, now: datetime) -> Task:
    """Say what came of an open task. Its owner may, and whoever operates campaigns.

    Raises InvalidRequest without an outcome, Conflict when it is closed already.
    """
    if not outcome.strip():
        raise InvalidRequest("say in a few words what came of it, e.g. 'will order next week'", path="outcome")
    task = _open_task(session, task_id)
    _require_owner(task, actor)
    task.state, task.closed_at, task.closed_by = TaskState.DONE, now, actor.account_id
    task.outcome = outcome.strip()
    session.flush()
    audit.record(session, now=now, actor=actor, action="task.completed", subject=f"{SUBJECT_KIND}:{task.id}")
    return task


def reopen_task(session: Session, task_id: int, *, actor: Actor, now: datetime) -> Task:
    """Undo its completion. Raises Conflict when it is not done: what a journey took back stays so."""
    task = _task(session, task_id)
    _require_owner(task, actor)
    if task.state is not TaskState.DONE:
        raise Conflict(f"task {task_id} is {task.state}; only one that is done can be opened again")
    task.state, task.closed_at, task.closed_by, task.outcome = TaskState.OPEN, None, None, None
    session.flush()
    audit.record(session, now=now, actor=actor, action="task.reopened", subject=f"{SUBJECT_KIND}:{task.id}")
    return task


def take_task(session: Session, task_id: int, *, actor: Actor, now: datetime) -> Task:
    """Make an open task that nobody has one's own; a second time changes nothing.

    Raises Forbidden for who is no customer success manager, Conflict when somebody else has it.
    """
    if actor.role is not Role.CSM:
        raise Forbidden("a customer success manager takes tasks; give it to one instead")
    task = _open_task(session, task_id)
    if task.owner_id == actor.account_id:
        return task
    if task.owner_id is not None:
        raise Conflict(f"task {task_id} is somebody else's already")
    task.owner_id = actor.account_id
    session.flush()
    audit.record(session, now=now, actor=actor, action="task.taken", subject=f"{SUBJECT_KIND}:{task.id}")
    return task


def assign_task(session: Session, task_id: int, *, owner_id: int, actor: Actor, now: datetime) -> Task:
    """Give an open task to a customer success manager. Raises InvalidRequest for somebody who is none."""
    require(actor, Permission.OPERATE_CAMPAIGN)
    owner = session.get(Account, owner_id)
    if owner is None or owner.role is not Role.CSM or not owner.is_active:
        raise InvalidRequest(f"account {owner_id} is no active customer success manager", path="owner_id")
    task = _open_task(session, task_id)
    task.owner_id = owner_id
    session.flush()
    subject = f"{SUBJECT_KIND}:{task.id}"
    audit.record(session, now=now, actor=actor, action="task.assigned", subject=subject, owner_id=owner_id)
    return task


def _shown(actor: Actor, whose: Whose, state: TaskState | None) -> Sequence[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [] if state is None else [Task.state == state]
    mine, unassigned = Task.owner_id == actor.account_id, Task.owner_id.is_(None)
    if whose == "unassigned":
        return [*conditions, unassigned]
    if whose == "mine":
        return [*conditions, mine]
    return conditions if actor.row_owner_id is None else [*conditions, mine | unassigned]


def _task(session: Session, task_id: int) -> Task:
    task = session.get(Task, task_id, with_for_update=True)
    if task is None:
        raise NotFound(f"there is no task {task_id}")
    return task


def _require_owner(task: Task, actor: Actor) -> None:
    if task.owner_id != actor.account_id and not actor.may(Permission.OPERATE_CAMPAIGN):
        raise Forbidden(f"task {task.id} is not {actor.display_name}'s; its owner or operations can close it")


def _open_task(session: Session, task_id: int) -> Task:
    task = _task(session, task_id)
    if task.state is not TaskState.OPEN:
        raise Conflict(f"task {task_id} is {task.state} already")
    return task


def _line(task: Task, member: Member, owner_name: str | None, now: datetime) -> TaskLine:
    origin_id = task.journey_id if task.origin_id is None else task.origin_id
    origin_name = task.origin_name or f"{task.origin_kind} {origin_id}"
    return TaskLine(
        task_id=task.id,
        title=task.title,
        note=task.note,
        member_id=member.id,
        member_name=f"{member.name} · {member.name_local}" if member.name_local else member.name,
        origin_kind=task.origin_kind,
        origin_id=origin_id,
        origin_name=origin_name,
        journey_id=task.journey_id,
        journey_name=None if task.journey_id is None else origin_name,
        owner_id=task.owner_id,
        owner_name=owner_name,
        created_at=task.created_at,
        due_at=task.due_at,
        is_overdue=task.state is TaskState.OPEN and task.due_at < now,
        state=task.state,
        closed_at=task.closed_at,
        outcome=task.outcome,
    )
