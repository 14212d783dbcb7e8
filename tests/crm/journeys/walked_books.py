"""What always holds of the books of a walked journey."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from crm.journeys.models import THROUGH, StepTaken
from crm.outreach.models import PENDING_STATES, WAITING, Arm, Enrolment, EnrolmentState, Message
from crm.outreach.models import MessageState as State
from crm.outreach.spec import JourneySpec, SendStep
from crm.success.models import Task
from tests.walks import Walker


@dataclass(frozen=True)
class Books:
    """Rows of each enrolment, by its id."""

    enrolments: list[Enrolment]
    taken: dict[int, list[StepTaken]]
    messages: dict[int, list[Message]]
    tasks: dict[int, list[Task]]

    @classmethod
    def read(cls, walker: Walker) -> "Books":
        enrolments = list(walker.enrolments())
        rows: dict[Any, dict[int, list[Any]]] = {
            model: {each.id: [] for each in enrolments} for model in _OF_ENROLMENTS
        }
        for model, found in rows.items():
            for row in walker.rows(model):
                found[row.enrolment_id].append(row)
        return cls(enrolments, *(rows[model] for model in _OF_ENROLMENTS))


_OF_ENROLMENTS = (StepTaken, Message, Task)


def check_place(enrolment: Enrolment) -> None:
    """Somewhere, or nowhere any more."""
    is_under_way = enrolment.state is EnrolmentState.ACTIVE
    assert (enrolment.step_key is not None) is is_under_way
    assert (enrolment.wake_at is not None) is is_under_way
    assert (enrolment.ended_at is None) is is_under_way
    assert (enrolment.end_reason is not None) is (enrolment.state in (EnrolmentState.EXITED, EnrolmentState.STOPPED))


def check_way(enrolment: Enrolment, taken: list[StepTaken], spec: JourneySpec) -> None:
    """Each step once, each the one to which the one before led, from the first on, forward in time."""
    assert len({step.step_key for step in taken}) == len(taken)
    ways = [spec.steps[0].key, *(step.went_to for step in taken)]
    assert [step.step_key for step in taken] == ways[:-1]
    moments = [enrolment.enrolled_at, *(step.taken_at for step in taken)]
    assert moments == sorted(moments)
    if enrolment.state is EnrolmentState.ACTIVE:
        assert enrolment.step_key == ways[-1]
    assert (ways[-1] == THROUGH) is (enrolment.state is EnrolmentState.COMPLETED) or enrolment.state in (
        EnrolmentState.EXITED,
        EnrolmentState.STOPPED,
    )


def check_books(enrolment: Enrolment, books: Books, spec: JourneySpec) -> None:
    """A step that sends has a message for each of its channels once it is taken, and a task one task."""
    expected: Counter[str] = Counter()
    tasks: Counter[str] = Counter()
    by_key = {step.key: step for step in spec.steps}
    for taken in books.taken[enrolment.id]:
        step = by_key[taken.step_key]
        if isinstance(step, SendStep):
            expected[step.key] = len(step.channels)
        if step.kind == "task" and enrolment.arm is Arm.TREATMENT:
            tasks[step.key] = 1
    messages = books.messages[enrolment.id]
    assert Counter(message.step_key for message in messages) == expected
    assert Counter(task.step_key for task in books.tasks[enrolment.id]) == tasks
    if enrolment.state in (EnrolmentState.EXITED, EnrolmentState.STOPPED):
        assert not [message for message in messages if message.state in WAITING and message.attempts == 0]
    for message in messages:
        assert message.state in (*PENDING_STATES, State.DELIVERED, State.FAILED, State.UNKNOWN, State.EXCLUDED)
        has_reason = message.state in (State.EXCLUDED, State.UNKNOWN, State.FAILED, State.DEFERRED)
        assert (message.reason is not None) is has_reason
        if enrolment.arm is Arm.HOLDOUT:
            assert message.state is State.EXCLUDED


def check_occurrences(books: Books) -> None:
    seen = Counter((each.member_id, each.occurrence) for each in books.enrolments)
    assert all(times == 1 for times in seen.values())
