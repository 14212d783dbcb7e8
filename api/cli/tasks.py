"""`nurture task ...`: what people are to do for members on their way through journeys."""

from typing import Annotated, Literal

import typer

from api.cli.console import say, say_json
from api.cli.opened import AsPerson, Json, opened, person

task = typer.Typer(help="Tasks for customer success managers.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(task, name="task")


@task.command("list")
def list_tasks(
    whose: Annotated[Literal["mine", "unassigned", "all"], typer.Option(help="A CSM sees no other's.")] = "mine",
    as_: AsPerson = "admin",
    as_json: Json = False,
) -> None:
    """Open tasks, the most urgent first."""
    from crm.database import read_only
    from crm.success import service as tasks

    with opened() as nurture:
        actor = person(nurture, as_)
        with read_only(nurture.sessions) as session:
            page = tasks.list_tasks(session, actor=actor, now=nurture.clock.now(), whose=whose, limit=200)
    if as_json:
        say_json([vars(line) for line in page.lines])
        return
    say(f"{page.total:,} open")
    for line in page.lines:
        late = " (overdue)" if line.is_overdue else ""
        say(f"{line.task_id:>5}  {line.due_at:%Y-%m-%d}{late}  {line.member_name}: {line.title}")


@task.command("done")
def done(
    task_id: Annotated[int, typer.Argument(metavar="TASK")],
    outcome: Annotated[str, typer.Option("--outcome", help="What came of it.")],
    as_: AsPerson = "admin",
) -> None:
    """Complete a task with what came of it."""
    from crm.database import unit_of_work
    from crm.success.service import complete_task

    with opened() as nurture:
        actor = person(nurture, as_)
        with unit_of_work(nurture.sessions) as session:
            closed = complete_task(session, task_id, outcome=outcome, actor=actor, now=nurture.clock.now())
            say(f"task {closed.id} is done: {closed.outcome}")
